/** PFIF 1.4, in XML and in Atom feeds. Pieces of text, a person or note each. */
import type { ExportPerson, ExportRecord } from '../types.ts';
import { NOTE_FIELDS, PERSON_FIELDS, SHAPES } from './versions.ts';

export const PFIF_NAMESPACE = 'http://zesty.ca/pfif/1.4';

/** A person with its notes, or a note whose person is not here. */
export type PfifItem = ExportPerson | ExportRecord;

export function* pfifXml(items: Iterable<PfifItem>): Generator<string> {
  yield `<?xml version="1.0" encoding="UTF-8"?>\n<pfif:pfif xmlns:pfif="${PFIF_NAMESPACE}">\n`;
  for (const item of items) yield element(item, '  ');
  yield '</pfif:pfif>\n';
}

export interface Feed {
  /** Names the feed, whenever it is written. */
  readonly id: string;
  readonly title: string;
  /** `2026-11-28T10:05:00Z`. */
  readonly updated: string;
}

/** PFIF 1.4, "Atom feeds": an entry for each person and for each note that stands alone. */
export function* pfifAtom(items: Iterable<PfifItem>, feed: Feed): Generator<string> {
  yield [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<feed xmlns="http://www.w3.org/2005/Atom" xmlns:pfif="${PFIF_NAMESPACE}">`,
    `  <id>${escaped(feed.id)}</id>`,
    `  <title>${escaped(feed.title)}</title>`,
    `  <updated>${escaped(feed.updated)}</updated>`,
    '',
  ].join('\n');
  for (const item of items) yield entry(item, feed);
  yield '</feed>\n';
}

function entry(item: PfifItem, feed: Feed): string {
  const { id, kind, fields } = item;
  const title = kind === 'person' ? (fields['full_name'] ?? id) : (fields['text'] ?? id).slice(0, 140);
  return [
    '  <entry>',
    `    <id>pfif:${escaped(id)}</id>`,
    `    <title>${escaped(title)}</title>`,
    `    <updated>${escaped(fields['source_date'] ?? feed.updated)}</updated>`,
    // Atom wants an author of each entry; where nobody may be named, it is the feed.
    `    <author><name>${escaped(fields['author_name'] ?? feed.title)}</name></author>`,
    `${element(item, '    ')}  </entry>`,
    '',
  ].join('\n');
}

function element(item: PfifItem, indent: string): string {
  const { kind, id, fields } = item;
  const lines = [`${indent}<pfif:${kind}>`];
  for (const name of kind === 'person' ? PERSON_FIELDS : NOTE_FIELDS) {
    const value = name === `${kind}_record_id` ? id : (fields[name] ?? '');
    if (value !== '' || isMandatory(kind, name))
      lines.push(`${indent}  <pfif:${name}>${escaped(value)}</pfif:${name}>`);
  }
  for (const note of 'notes' in item ? item.notes : []) lines.push(element(note, `${indent}  `).trimEnd());
  lines.push(`${indent}</pfif:${kind}>`, '');
  return lines.join('\n');
}

/** The schema wants them, empty where there is nothing to say: in what is left of an expired person there is no name. */
function isMandatory(kind: ExportRecord['kind'], name: string): boolean {
  return SHAPES['1.4'][kind === 'person' ? 'person' : 'note'].mandatory.includes(name);
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '\r': '&#13;' };
/** XML 1.0 has no place for these, escaped or not. */
// eslint-disable-next-line no-control-regex
const NO_XML = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;

function escaped(text: string): string {
  return text
    .toWellFormed()
    .replace(NO_XML, '')
    .replace(/[&<>\r]/g, (found) => ESCAPES[found] ?? found);
}
