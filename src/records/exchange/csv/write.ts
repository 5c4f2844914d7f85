/** Persons and notes as CSV with PFIF's columns, the way Person Finder takes them: a row for each person and each note. */
import type { ExportRecord } from '../types.ts';
import type { PfifItem } from '../pfif/write.ts';
import { NOTE_FIELDS, PERSON_FIELDS } from '../pfif/versions.ts';

const COLUMNS = [
  ...PERSON_FIELDS,
  ...NOTE_FIELDS.filter((name) => !(PERSON_FIELDS as readonly string[]).includes(name)),
];

export function* pfifCsv(items: Iterable<PfifItem>): Generator<string> {
  yield csvRow(COLUMNS);
  for (const item of items) {
    yield row(item);
    for (const note of 'notes' in item ? item.notes : []) yield row(note);
  }
}

function row({ kind, id, fields }: ExportRecord): string {
  return csvRow(COLUMNS.map((name) => (name === `${kind}_record_id` ? id : (fields[name] ?? ''))));
}

/** RFC 4180. A cell that a spreadsheet would take for a formula stays what it is: whoever reads it back must get what was said. */
export function csvRow(cells: readonly string[]): string {
  return `${cells.map((cell) => (/[",\r\n]|^\s|\s$/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join(',')}\r\n`;
}
