/** CAP 1.2 documents as XML, in the order of elements that its schema demands. */
import type { CapDocument, CapReference, Info, Named } from './types.ts';

type Node = readonly [name: string, content: string | readonly Node[]];

export function writeCap(document: CapDocument): string {
  const nodes: Node[] = [
    ['identifier', document.identifier],
    ['sender', document.sender],
    ['sent', document.sent],
    ['status', document.status],
    ['msgType', document.msgType],
    ...optional('source', document.source),
    ['scope', document.scope],
    ...optional('restriction', document.restriction),
    ...optional('addresses', document.addresses),
    ...document.codes.map((code): Node => ['code', code]),
    ...optional('note', document.note),
    ...optional('references', document.references.map(referenceText).join(' ')),
    ...optional('incidents', document.incidents),
    ...document.infos.map((info): Node => ['info', infoNodes(info)]),
  ];
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">',
    ...lines(nodes, '  '),
    '</alert>',
    '',
  ].join('\n');
}

function referenceText({ sender, identifier, sent }: CapReference): string {
  return [sender, identifier, sent].join(',');
}

function infoNodes(info: Info): Node[] {
  return [
    ...optional('language', info.language),
    ...info.categories.map((category): Node => ['category', category]),
    ['event', info.event],
    ...info.responseTypes.map((type): Node => ['responseType', type]),
    ['urgency', info.urgency],
    ['severity', info.severity],
    ['certainty', info.certainty],
    ...optional('audience', info.audience),
    ...info.eventCodes.map((code): Node => ['eventCode', namedNodes(code)]),
    ...optional('effective', info.effective),
    ...optional('onset', info.onset),
    ...optional('expires', info.expires),
    ...optional('senderName', info.senderName),
    ...optional('headline', info.headline),
    ...optional('description', info.description),
    ...optional('instruction', info.instruction),
    ...optional('web', info.web),
    ...optional('contact', info.contact),
    ...info.parameters.map((parameter): Node => ['parameter', namedNodes(parameter)]),
    ...info.resources.map((resource): Node => [
      'resource',
      [
        ['resourceDesc', resource.resourceDesc],
        ['mimeType', resource.mimeType === '' ? 'application/octet-stream' : resource.mimeType],
        ...optional('size', resource.size),
        ...optional('uri', resource.uri),
        ...optional('digest', resource.digest),
      ],
    ]),
    ...info.areas.map((area): Node => [
      'area',
      [
        ['areaDesc', area.areaDesc],
        ...area.polygons.map((polygon): Node => ['polygon', polygon]),
        ...area.circles.map((circle): Node => ['circle', circle]),
        ...area.geocodes.map((geocode): Node => ['geocode', namedNodes(geocode)]),
        ...optional('altitude', area.altitude),
        ...optional('ceiling', area.ceiling),
      ],
    ]),
  ];
}

function namedNodes({ valueName, value }: Named): Node[] {
  return [
    ['valueName', valueName],
    ['value', value],
  ];
}

function optional(name: string, content: string): Node[] {
  return content === '' ? [] : [[name, content]];
}

function lines(nodes: readonly Node[], indent: string): string[] {
  return nodes.flatMap(([name, content]) =>
    typeof content === 'string'
      ? [`${indent}<${name}>${escapeXml(content)}</${name}>`]
      : [`${indent}<${name}>`, ...lines(content, `${indent}  `), `${indent}</${name}>`],
  );
}

/** Characters that XML 1.0 cannot hold (§2.2) are left out: a terminal's bell in somebody's text must not spoil the file. */
function escapeXml(text: string): string {
  return text
    .toWellFormed()
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('\r', '&#13;');
}
