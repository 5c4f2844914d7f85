/**
 * CAP 1.2 documents (XML) as values. Read by `saxes`, which processes no DTD; one that has a DTD is refused before it
 * is read at all. CAP 1.1 has the same elements and is read likewise.
 */
import { SaxesParser } from 'saxes';
import type { Bytes } from '../base/bytes.ts';
import { KithError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { isCapName, isCapTime, isCircle, isDecimal, isPolygon } from './cap-values.ts';
import {
  CAP_VALUES,
  type Area,
  type CapDocument,
  type CapReference,
  type Info,
  type Named,
  type Resource,
} from './types.ts';
import { decodeXml, refuseDtd } from './xml-text.ts';

const NAMESPACES = ['urn:oasis:names:tc:emergency:cap:1.2', 'urn:oasis:names:tc:emergency:cap:1.1'];
const MOST_ELEMENTS = 5000;
const DEEPEST = 6;

interface XmlElement {
  readonly name: string;
  readonly line: number;
  text: string;
  readonly children: XmlElement[];
}

/** @throws KithError `dtd-refused` | `bad-cap` (with line and reason) | `too-large` */
export function readCap(bytes: Bytes): CapDocument {
  if (bytes.byteLength > LIMITS.capBytes) {
    throw new KithError('too-large', `A CAP file has at most ${String(LIMITS.capBytes)} bytes.`, {
      next: 'Leave out embedded resources, or send them as files.',
    });
  }
  const text = decodeXml(bytes);
  refuseDtd(text);
  return readAlert(parse(text));
}

export function badCap(line: number, what: string): KithError {
  return new KithError('bad-cap', `Line ${String(line)}: ${what}.`, {
    next: 'It has to be a CAP 1.2 alert, as its standard describes it.',
  });
}

// ---- XML to elements

function parse(text: string): XmlElement {
  const parser = new SaxesParser({ xmlns: true, position: true });
  const open: XmlElement[] = [];
  let root: XmlElement | undefined;
  let elements = 0;
  /** Depth within something of another namespace, such as a signature. */
  let foreign = 0;
  let startLine = 1;
  parser.on('error', (error) => {
    throw badCap(parser.line, `this is not well-formed XML (${error.message.replace(/^\d+:\d+: /, '')})`);
  });
  parser.on('doctype', () => refuseDtd('<!DOCTYPE'));
  parser.on('opentagstart', () => {
    startLine = parser.line;
  });
  parser.on('opentag', (tag) => {
    elements += 1;
    if (elements > MOST_ELEMENTS) throw badCap(startLine, 'there are too many elements');
    const isCap = NAMESPACES.includes(tag.uri);
    if (open.length === 0 && !(isCap && tag.local === 'alert')) {
      throw badCap(startLine, `this is no CAP alert, but “${tag.name.slice(0, 60)}”`);
    }
    if (foreign > 0 || !isCap) {
      foreign += 1;
      return;
    }
    const element: XmlElement = { name: tag.local, line: startLine, text: '', children: [] };
    open.at(-1)?.children.push(element);
    root ??= element;
    open.push(element);
    if (open.length > DEEPEST) throw badCap(startLine, `“${tag.local}” is nested too deep`);
  });
  parser.on('closetag', () => {
    if (foreign > 0) foreign -= 1;
    else open.pop();
  });
  const gather = (part: string): void => {
    const element = open.at(-1);
    if (element === undefined || foreign > 0) return;
    element.text += part;
    // Embedded content of a resource is the one thing that may be long; it is not kept.
    if (element.name !== 'derefUri' && element.text.length > LIMITS.alertTextChars)
      throw badCap(
        element.line,
        `“${element.name}” is longer than ${String(LIMITS.alertTextChars)} characters`,
      );
  };
  parser.on('text', gather);
  parser.on('cdata', gather);
  parser.write(text).close();
  if (root === undefined) throw badCap(1, 'there is no alert in it');
  return root;
}

// ---- elements to values

/** The children of one element, each asked for once; what is left over is unknown. */
class Fields {
  readonly #element: XmlElement;
  readonly #left: Set<XmlElement>;

  constructor(element: XmlElement) {
    this.#element = element;
    this.#left = new Set(element.children);
    if (element.text.trim() !== '')
      throw badCap(element.line, `there is text between the elements of “${element.name}”`);
  }

  all(name: string): readonly XmlElement[] {
    const found = this.#element.children.filter((child) => child.name === name);
    for (const child of found) this.#left.delete(child);
    if (found.length > LIMITS.alertItems)
      throw badCap(this.#element.line, `there are more than ${String(LIMITS.alertItems)} of “${name}”`);
    return found;
  }

  one(name: string): XmlElement | undefined {
    const [first, second] = this.all(name);
    if (second !== undefined) throw badCap(second.line, `“${name}” stands here a second time`);
    return first;
  }

  texts(name: string): readonly string[] {
    return this.all(name).map(textOf);
  }

  text(name: string): string {
    const element = this.one(name);
    return element === undefined ? '' : textOf(element);
  }

  need(name: string): string {
    const found = this.text(name);
    if (found === '') throw badCap(this.#element.line, `“${this.#element.name}” has no “${name}”`);
    return found;
  }

  /** Empty where it is left out. */
  such(name: string, rule: (text: string) => boolean, what: string): string {
    const element = this.one(name);
    return element === undefined ? '' : mustBe(element, rule, what);
  }

  value<Value extends string>(name: string, values: readonly Value[]): Value {
    const element = this.one(name);
    if (element === undefined) throw badCap(this.#element.line, `“${this.#element.name}” has no “${name}”`);
    return valueOf(element, values);
  }

  values<Value extends string>(name: string, values: readonly Value[]): readonly Value[] {
    return this.all(name).map((element) => valueOf(element, values));
  }

  /** Everything was asked for. */
  end(): void {
    const [unknown] = this.#left;
    if (unknown !== undefined)
      throw badCap(unknown.line, `CAP knows no “${unknown.name}” in “${this.#element.name}”`);
  }

  get line(): number {
    return this.#element.line;
  }
}

function textOf(element: XmlElement): string {
  const [child] = element.children;
  if (child !== undefined) throw badCap(child.line, `“${element.name}” holds text, and no “${child.name}”`);
  return element.text.trim();
}

function mustBe(element: XmlElement, rule: (text: string) => boolean, what: string): string {
  const found = textOf(element);
  if (!rule(found))
    throw badCap(element.line, `“${element.name}” is “${found.slice(0, 60)}”, which is not ${what}`);
  return found;
}

function valueOf<Value extends string>(element: XmlElement, values: readonly Value[]): Value {
  const found = textOf(element);
  const value = values.find((known) => known === found);
  if (value === undefined)
    throw badCap(
      element.line,
      `“${element.name}” is “${found.slice(0, 60)}”, and has to be one of ${values.join(', ')}`,
    );
  return value;
}

const A_NAME = 'a name without blanks, commas, < and &';
const A_TIME = 'a time like 2026-11-28T10:05:00+06:30';

function readAlert(element: XmlElement): CapDocument {
  const fields = new Fields(element);
  const document: CapDocument = {
    identifier: needSuch(fields, 'identifier', isCapName, A_NAME),
    sender: needSuch(fields, 'sender', isCapName, A_NAME),
    sent: needSuch(fields, 'sent', isCapTime, A_TIME),
    status: fields.value('status', CAP_VALUES.status),
    msgType: fields.value('msgType', CAP_VALUES.msgType),
    source: fields.text('source'),
    scope: fields.value('scope', CAP_VALUES.scope),
    restriction: fields.text('restriction'),
    addresses: fields.text('addresses'),
    codes: fields.texts('code'),
    note: fields.text('note'),
    references: readReferences(fields),
    incidents: fields.text('incidents'),
    infos: fields.all('info').map(readInfo),
  };
  fields.end();
  mustFit(document, fields.line);
  return document;
}

function needSuch(fields: Fields, name: string, rule: (text: string) => boolean, what: string): string {
  const found = fields.such(name, rule, what);
  if (found === '') throw badCap(fields.line, `“alert” has no “${name}”`);
  return found;
}

/** What one element demands of another (CAP 1.2 §3.2.1). */
function mustFit(document: CapDocument, line: number): void {
  const { scope, restriction, addresses, msgType, references } = document;
  if (scope === 'Restricted' && restriction === '')
    throw badCap(line, 'the scope “Restricted” needs a “restriction”');
  if (scope === 'Private' && addresses === '') throw badCap(line, 'the scope “Private” needs “addresses”');
  if (msgType !== 'Alert' && references.length === 0)
    throw badCap(line, `a message of type “${msgType}” needs “references” to what it is about`);
}

function readReferences(fields: Fields): CapReference[] {
  const element = fields.one('references');
  if (element === undefined) return [];
  const found = textOf(element)
    .split(/\s+/)
    .filter((part) => part !== '');
  if (found.length > LIMITS.alertItems) throw badCap(element.line, 'there are too many references');
  if (found.length === 0) throw badCap(element.line, '“references” is there and names nothing');
  return found.map((triple) => {
    const [sender = '', identifier = '', sent = '', ...rest] = triple.split(',');
    if (rest.length > 0 || !isCapName(sender) || !isCapName(identifier) || !isCapTime(sent))
      throw badCap(element.line, `“${triple.slice(0, 60)}” is not sender,identifier,sent`);
    return { sender, identifier, sent };
  });
}

function readInfo(element: XmlElement): Info {
  const fields = new Fields(element);
  const info: Info = {
    language: fields.text('language'),
    categories: fields.values('category', CAP_VALUES.category),
    event: fields.need('event'),
    responseTypes: fields.values('responseType', CAP_VALUES.responseType),
    urgency: fields.value('urgency', CAP_VALUES.urgency),
    severity: fields.value('severity', CAP_VALUES.severity),
    certainty: fields.value('certainty', CAP_VALUES.certainty),
    audience: fields.text('audience'),
    eventCodes: fields.all('eventCode').map(readNamed),
    effective: fields.such('effective', isCapTime, A_TIME),
    onset: fields.such('onset', isCapTime, A_TIME),
    expires: fields.such('expires', isCapTime, A_TIME),
    senderName: fields.text('senderName'),
    headline: fields.text('headline'),
    description: fields.text('description'),
    instruction: fields.text('instruction'),
    web: fields.text('web'),
    contact: fields.text('contact'),
    parameters: fields.all('parameter').map(readNamed),
    resources: fields.all('resource').map(readResource),
    areas: fields.all('area').map(readArea),
  };
  if (info.categories.length === 0) throw badCap(fields.line, '“info” has no “category”');
  fields.end();
  return info;
}

function readNamed(element: XmlElement): Named {
  const fields = new Fields(element);
  const named = { valueName: fields.need('valueName'), value: fields.text('value') };
  fields.end();
  return named;
}

function readResource(element: XmlElement): Resource {
  const fields = new Fields(element);
  const resource = {
    resourceDesc: fields.need('resourceDesc'),
    mimeType: fields.text('mimeType'),
    size: fields.text('size'),
    uri: fields.text('uri'),
    digest: fields.text('digest'),
  };
  // Content within the message is dropped: an alert has to cross every link before all else.
  fields.one('derefUri');
  fields.end();
  return resource;
}

function readArea(element: XmlElement): Area {
  const fields = new Fields(element);
  const shapes = (name: string, rule: (text: string) => boolean, what: string): string[] =>
    fields.all(name).map((shape) => mustBe(shape, rule, what));
  const area = {
    areaDesc: fields.need('areaDesc'),
    polygons: shapes('polygon', isPolygon, 'four or more points, the last one the first again'),
    circles: shapes('circle', isCircle, 'a point and a radius in kilometres'),
    geocodes: fields.all('geocode').map(readNamed),
    altitude: fields.such('altitude', isDecimal, 'a number of feet'),
    ceiling: fields.such('ceiling', isDecimal, 'a number of feet'),
  };
  fields.end();
  return area;
}
