/**
 * CSV as records of PFIF 1.4: PFIF's own columns with the preamble of Person Finder's forms, or a list with headings as
 * people write them. What the columns are is known by the first row that names them.
 */
import { createHash } from 'node:crypto';
import { KithError } from '../../../base/errors.ts';
import { EXCHANGE_LIMITS as LIMITS } from '../limits.ts';
import { currentOf, type ReadOptions } from '../pfif/current.ts';
import type { RawRecord } from '../pfif/raw.ts';
import { NOTE_FIELDS, PERSON_FIELDS, type PfifKind } from '../pfif/versions.ts';
import type { Problem, ReadItem, Reader } from '../types.ts';
import { isTagRow } from '../hxl/tags.ts';
import { fieldOfHeading, plain, utcOf, valueOf } from './columns.ts';
import { CsvRows, type Row } from './rows.ts';

export interface CsvOptions extends ReadOptions {
  /** Headings of this file → fields; they go before what kith knows. */
  readonly columns?: ReadonlyMap<string, string> | undefined;
}

interface Header {
  /** Field of each column; undefined where it is not taken. */
  readonly fields: readonly (string | undefined)[];
  readonly pfif: boolean;
  readonly offsetHours: number;
}

const PERSON = new Set<string>([...PERSON_FIELDS, 'first_name', 'last_name', 'home_zip', 'other']);
const NOTE = new Set<string>([...NOTE_FIELDS, 'found']);
/** Said of a person in a list, and kept in a note. */
const OF_PERSON = new Set<string>([...PERSON, 'status', 'last_known_location']);
const IDS = ['person_record_id', 'note_record_id'];

export function csvReader(options: CsvOptions = {}): Reader {
  const rows = new CsvRows();
  const columns = new Map(
    [...(options.columns ?? [])].map(([heading, field]) => [plain(heading), mustBeField(field)]),
  );
  const table = new Table({ ...options, columns });
  return {
    push: (text) => rows.push(text.replaceAll('\ufeff', '')).flatMap((row) => table.take(row)),
    end: () => [...rows.end().flatMap((row) => table.take(row)), ...table.end()],
  };
}

/** @throws KithError `unknown-field` */
function mustBeField(field: string): string {
  if (OF_PERSON.has(field) || NOTE.has(field)) return field;
  throw new KithError('unknown-field', `There is no field “${field}” that a column could mean.`, {
    next: `Use one of ${PERSON_FIELDS.join(', ')}, status, last_known_location.`,
  });
}

class Table {
  readonly #options: CsvOptions;
  #header: Header | undefined;
  /** Rows before it is known which of them is the header. */
  #waiting: Row[] = [];

  constructor(options: CsvOptions) {
    this.#options = options;
  }

  take(row: Row): readonly ReadItem[] {
    if (this.#header !== undefined) return this.#items(row, this.#header);
    this.#waiting.push(row);
    if (!isPfif(row) && this.#waiting.length <= LIMITS.preambleRows) return [];
    return this.#start();
  }

  end(): readonly ReadItem[] {
    return this.#header === undefined ? this.#start() : [];
  }

  /** @throws KithError `no-header` | `bad-csv` */
  #start(): readonly ReadItem[] {
    const rows = this.#waiting;
    const index = headerOf(rows, this.#options);
    const row = rows[index];
    if (row === undefined) throw noHeader();
    if (row.cells.some((cell) => cell.includes('\0'))) throw brokenHeader(row.line);
    const header = readHeader(row, rows.slice(0, index), this.#options);
    this.#header = header;
    this.#waiting = [];
    return [
      ...unknownColumns(row, header),
      ...rows.slice(index + 1).flatMap((next) => this.#items(next, header)),
    ];
  }

  #items(row: Row, header: Header): readonly ReadItem[] {
    const fault = row.fault ?? faultOf(row);
    if (fault !== undefined) return [problem(row.line, fault.code, fault.message)];
    // The row of tags below the headings of an HXL file.
    if (isTagRow(row.cells)) return [];
    const fields = fieldsOf(row, header);
    const items = header.pfif
      ? pfifItems(row, fields, header, this.#options)
      : listItems(row, fields, this.#options);
    return hasMore(row, header) ? [...items, moreCells(row)] : items;
  }
}

function isPfif(row: Row): boolean {
  return row.cells.some((cell) => IDS.includes(cell.toLowerCase().trim()));
}

function headerOf(rows: readonly Row[], options: CsvOptions): number {
  const pfif = rows.findIndex(isPfif);
  if (pfif !== -1) return pfif;
  const known = (cell: string): boolean => columnOf(cell, options) !== undefined;
  const named = (row: Row): boolean =>
    row.cells.some((cell) => columnOf(cell, options)?.endsWith('_name') === true);
  return rows.findIndex(
    (row) => named(row) && row.cells.filter(known).length >= Math.min(2, row.cells.length),
  );
}

function columnOf(heading: string, options: CsvOptions): string | undefined {
  return options.columns?.get(plain(heading)) ?? fieldOfHeading(heading);
}

function readHeader(row: Row, preamble: readonly Row[], options: CsvOptions): Header {
  const pfif = isPfif(row);
  const fields = row.cells.map((cell) => {
    const name = cell.toLowerCase().trim();
    if (!pfif) return columnOf(cell, options);
    return options.columns?.get(plain(cell)) ?? (PERSON.has(name) || NOTE.has(name) ? name : undefined);
  });
  return { fields, pfif, offsetHours: offsetOf(preamble) };
}

/** In the preamble `time_zone_offset` stands above the hours that local times are ahead of UTC. */
function offsetOf(preamble: readonly Row[]): number {
  for (const [index, row] of preamble.entries()) {
    const column = row.cells.findIndex((cell) => cell.toLowerCase().trim() === 'time_zone_offset');
    if (column === -1) continue;
    const below = preamble[index + 1]?.cells[column]?.trim() ?? '';
    const hours = Number(below);
    if (below === '' || !Number.isFinite(hours) || Math.abs(hours) > 15)
      throw new KithError(
        'bad-csv',
        `Line ${String(row.line)}: “time_zone_offset” has no number of hours below it.`,
        {
          next: 'Write the hours that the times are ahead of UTC, like 6.5.',
        },
      );
    return hours;
  }
  return 0;
}

function unknownColumns(row: Row, header: Header): ReadItem[] {
  const unknown = row.cells.filter((cell, index) => cell.trim() !== '' && header.fields[index] === undefined);
  if (unknown.length === 0) return [];
  const named = unknown
    .slice(0, 20)
    .map((cell) => `“${cell.trim().slice(0, 40)}”`)
    .join(', ');
  return [problem(row.line, 'unknown-column', `what stands below ${named} is not taken`, 'notice')];
}

function faultOf(row: Row): { code: string; message: string } | undefined {
  if (!row.cells.some((cell) => cell.includes('\0'))) return undefined;
  return { code: 'bad-csv', message: 'there is a NUL in this row' };
}

function hasMore(row: Row, header: Header): boolean {
  return row.cells.slice(header.fields.length).some((cell) => cell.trim() !== '');
}

function moreCells(row: Row): ReadItem {
  const message = 'this row has more cells than the header has columns; what is too much is not taken';
  return problem(row.line, 'more-cells', message, 'notice');
}

function fieldsOf(row: Row, header: Header): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const [index, name] of header.fields.entries()) {
    const cell = row.cells[index]?.trim() ?? '';
    if (name === undefined || cell === '') continue;
    const value = name.endsWith('_date') ? utcOf(cell, header.offsetHours) : valueOf(name, cell);
    fields[name] ??= value;
  }
  return fields;
}

/** A row may hold a person, a note, or both; what either of them has is said of both. */
function pfifItems(
  row: Row,
  fields: Record<string, string>,
  header: Header,
  options: CsvOptions,
): ReadItem[] {
  const isNote = fields['note_record_id'] !== undefined;
  const named = ['full_name', 'given_name', 'family_name', 'first_name', 'last_name'].some(
    (name) => name in fields,
  );
  const isPerson = named || (!isNote && fields['person_record_id'] !== undefined);
  if (!isPerson && !isNote)
    return [problem(row.line, 'missing-field', 'there is neither a person nor a note in it')];
  const items: ReadItem[] = [];
  if (isPerson) {
    // Where there are columns of notes, a status without a note's id is of no note.
    const told = header.fields.includes('note_record_id') ? PERSON : OF_PERSON;
    items.push(
      ...currentOf(
        rawOf(
          'person',
          row,
          pick(fields, (name) => told.has(name)),
        ),
        options,
      ),
    );
  }
  if (isNote) {
    const said = pick(fields, (name) => NOTE.has(name) && !(isPerson && name === 'photo_url'));
    items.push(...currentOf(rawOf('note', row, said), options));
  }
  return items;
}

/** A row of a list is a person. Without an id it gets one from what it says, so that it is the same when it comes again. */
function listItems(row: Row, fields: Record<string, string>, options: CsvOptions): ReadItem[] {
  const said = pick(fields, (name) => OF_PERSON.has(name));
  said['person_record_id'] ??= `row.${digestOf(row.cells)}`;
  if (options.sourceDate !== undefined) said['source_date'] ??= options.sourceDate;
  return currentOf(rawOf('person', row, said), options);
}

function digestOf(cells: readonly string[]): string {
  const said = JSON.stringify(cells.map((cell) => cell.trim()));
  return createHash('sha256').update(said).digest('hex').slice(0, 24);
}

function pick(fields: Record<string, string>, wanted: (name: string) => boolean): Record<string, string> {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => wanted(name)));
}

function rawOf(kind: PfifKind, row: Row, fields: Record<string, string>): RawRecord {
  return { kind, version: '1.5', line: row.line, fields, children: [], notes: [], fault: undefined };
}

function problem(
  line: number,
  code: string,
  message: string,
  weight: Problem['weight'] = 'record',
): ReadItem {
  return { type: 'problem', line, code, message: `Line ${String(line)}: ${message}.`, weight };
}

function noHeader(): KithError {
  return new KithError('no-header', 'No row of this file names its columns in a way that kith knows.', {
    next: 'Give it a first row with headings such as name, sex, age, village; or say what they mean: --map "HEADING=full_name".',
  });
}

function brokenHeader(line: number): KithError {
  return new KithError('bad-csv', `Line ${String(line)}: the CSV file is formatted incorrectly.`, {
    next: 'Save it again as CSV in UTF-8.',
  });
}
