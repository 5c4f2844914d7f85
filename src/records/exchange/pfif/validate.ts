/**
 * Whether a PFIF file is what its version says, as strictly as its schema: what `kith record import --check` tells before
 * anything is taken in. Reading is more lenient than this. Each check holds ids at most, never records.
 */
import { copyOf } from '../limits.ts';
import { hasFormat } from './formats.ts';
import type { RawRecord } from './raw.ts';
import { isTombstoneField } from './rules.ts';
import { allowsTopLevelNotes, SHAPES, type PfifKind } from './versions.ts';
import { PfifXmlReader } from './xml-read.ts';

export const CHECKS = [
  'root_has_child',
  'root_has_mandatory_children',
  'note_has_mandatory_children',
  'person_has_mandatory_children',
  'fields_have_correct_format',
  'person_ids_are_unique',
  'note_ids_are_unique',
  'notes_belong_to_persons',
  'person_field_order',
  'note_field_order',
  'expired_records_removed',
  'linked_records_matched',
  'extraneous_fields',
  'markup',
] as const;
export type Check = (typeof CHECKS)[number];

export interface Finding {
  readonly check: Check;
  readonly line: number;
  readonly message: string;
}

const DAY_MS = 24 * 60 * 60 * 1000;
/** Ids that are kept to compare; beyond them the checks between records say that they stopped. */
const MOST_IDS = 2_000_000;

export class PfifValidator {
  readonly #nowMs: number;
  readonly #reader: PfifXmlReader;
  #found: Finding[] = [];
  readonly #personIds = new Map<string, number>();
  readonly #noteIds = new Map<string, number>();
  /** Top-level notes whose person has not come yet, by its id: the lines. */
  readonly #waiting = new Map<string, number[]>();
  readonly #links = new Map<string, number>();
  /** Expired persons by id, and notes with data by their person: whichever comes first waits for the other. */
  readonly #expired = new Set<string>();
  readonly #withNotes = new Map<string, number>();
  #records = 0;
  #nested = 0;

  constructor(nowMs: number) {
    this.#nowMs = nowMs;
    this.#reader = new PfifXmlReader({
      record: (raw) => {
        if (raw.kind === 'person') this.#person(raw);
        else this.#topNote(raw);
      },
      problem: ({ line, message }) => {
        this.#add('markup', line, message);
      },
    });
  }

  /** Persons and notes, wherever they stand. */
  get count(): number {
    return this.#records + this.#nested;
  }

  push(text: string): readonly Finding[] {
    this.#reader.push(text);
    return this.#taken();
  }

  end(): readonly Finding[] {
    this.#reader.end();
    if (this.#reader.rootChildren === 0) this.#add('root_has_child', 1, 'the file has no record');
    if (this.#records === 0)
      this.#add('root_has_mandatory_children', 1, 'the file has neither a person nor a note');
    for (const [person, lines] of this.#waiting)
      for (const line of lines)
        this.#add('notes_belong_to_persons', line, `the file has no person “${person}” for this note`);
    for (const [link, line] of this.#links)
      if (!this.#links.has(backwards(link)))
        this.#add('linked_records_matched', line, 'the linked person is not linked back');
    return this.#taken();
  }

  #taken(): readonly Finding[] {
    const found = this.#found;
    this.#found = [];
    return found;
  }

  #add(check: Check, line: number, message: string): void {
    this.#found.push({ check, line, message });
  }

  // ---- one record

  #person(raw: RawRecord): void {
    this.#records += 1;
    if (raw.fault !== undefined) this.#add('markup', raw.fault.line, raw.fault.message);
    const id = raw.fields['person_record_id'];
    this.#shape(raw, []);
    this.#order(raw);
    if (id !== undefined) {
      this.#unique(this.#personIds, id, raw.line, 'person_ids_are_unique');
      this.#waiting.delete(id);
    }
    const expired = this.#expiry(raw);
    if (expired && id !== undefined) this.#expiredNotes(id);
    for (const note of raw.notes) this.#inPerson(note, id);
  }

  #inPerson(note: RawRecord, person: string | undefined): void {
    this.#nested += 1;
    const said = note.fields['person_record_id'];
    if (said !== undefined && said !== person)
      this.#add(
        'notes_belong_to_persons',
        note.line,
        `this note is of “${said}”, and stands in another person`,
      );
    this.#note(note, said ?? person, []);
  }

  #topNote(note: RawRecord): void {
    const person = note.fields['person_record_id'];
    if (allowsTopLevelNotes(note.version)) this.#records += 1;
    else this.#add('extraneous_fields', note.line, 'PFIF 1.1 has notes in persons only');
    if (person === undefined)
      this.#add('notes_belong_to_persons', note.line, 'this note does not say whose it is');
    else if (!this.#personIds.has(person))
      if (this.#waiting.size < MOST_IDS) {
        const lines = this.#waiting.get(person) ?? [];
        lines.push(note.line);
        this.#waiting.set(copyOf(person), lines);
      }
    if (person !== undefined && hasData(note)) {
      if (this.#expired.has(person)) this.#noteOfExpired(note.line, person);
      else if (this.#withNotes.size < MOST_IDS) this.#withNotes.set(copyOf(person), note.line);
    }
    this.#note(note, person, ['person_record_id']);
  }

  #note(note: RawRecord, person: string | undefined, more: readonly string[]): void {
    if (note.fault !== undefined) this.#add('markup', note.fault.line, note.fault.message);
    this.#shape(note, more);
    this.#order(note);
    const id = note.fields['note_record_id'];
    if (id !== undefined) this.#unique(this.#noteIds, id, note.line, 'note_ids_are_unique');
    const linked = note.fields['linked_person_record_id'];
    if (person !== undefined && linked !== undefined && this.#links.size < MOST_IDS)
      this.#links.set(JSON.stringify([person, linked]), note.line);
  }

  /** Reports an id once, however often it comes again. */
  #unique(seen: Map<string, number>, id: string, line: number, check: Check): void {
    const times = (seen.get(id) ?? 0) + 1;
    if (times === 2) this.#add(check, line, `“${id}” is the id of another record, too`);
    if (seen.size < MOST_IDS || times > 1) seen.set(copyOf(id), times);
  }

  #shape(raw: RawRecord, more: readonly string[]): void {
    const { kind, version, line, children } = raw;
    const { fields, mandatory } = SHAPES[version][kind];
    const there = new Set(children);
    for (const name of [...mandatory, ...more])
      if (!there.has(name))
        this.#add(`${kind}_has_mandatory_children`, line, `this ${kind} has no “${name}”`);
    for (const name of Object.keys(raw.fields))
      if (!hasFormat(version, name, raw.fields[name] ?? ''))
        this.#add('fields_have_correct_format', line, `“${name}” is not written as PFIF ${version} wants it`);
    const allowed = new Set([...fields, ...(kind === 'person' ? ['note'] : [])]);
    const counted = new Set<string>();
    for (const name of children) {
      if (!allowed.has(name))
        this.#add('extraneous_fields', line, `PFIF ${version} has no “${name}” in a ${kind}`);
      else if (name !== 'note' && counted.has(name))
        this.#add('extraneous_fields', line, `“${name}” stands here more than once`);
      counted.add(name);
    }
  }

  #order(raw: RawRecord): void {
    const wrong =
      raw.version === '1.1' ? outOfOrder(raw) : raw.version === '1.2' ? outOfPlace(raw) : undefined;
    if (wrong !== undefined)
      this.#add(`${raw.kind}_field_order`, raw.line, `“${wrong}” stands too late or too early`);
  }

  // ---- expiry (PFIF 1.3 and later)

  /** Whether it has been expired for a day, by which time nothing but its four dates and id may be left. */
  #expiry(raw: RawRecord): boolean {
    const expiry = Date.parse(raw.fields['expiry_date'] ?? '');
    if (raw.version === '1.1' || raw.version === '1.2' || Number.isNaN(expiry)) return false;
    if (this.#nowMs < expiry + DAY_MS) return false;
    const left = Object.keys(raw.fields).some((name) => !isTombstoneField(name)) || raw.notes.some(hasData);
    if (left)
      this.#add('expired_records_removed', raw.line, 'this person has expired, and its data is still here');
    const [source, entry] = [raw.fields['source_date'], raw.fields['entry_date']].map((text) =>
      Date.parse(text ?? ''),
    );
    if (source === undefined || source !== entry || source < expiry || source > expiry + DAY_MS)
      this.#add(
        'expired_records_removed',
        raw.line,
        'source_date and entry_date of an expired person are the time at which its data was removed',
      );
    return true;
  }

  #expiredNotes(id: string): void {
    if (this.#expired.size < MOST_IDS) this.#expired.add(copyOf(id));
    const line = this.#withNotes.get(id);
    if (line !== undefined) this.#noteOfExpired(line, id);
  }

  #noteOfExpired(line: number, person: string): void {
    this.#add('expired_records_removed', line, `“${person}” has expired, and this note of it is still here`);
  }
}

function hasData(note: RawRecord): boolean {
  return Object.keys(note.fields).some((name) => name !== 'person_record_id');
}

function backwards(link: string): string {
  const [one, other] = JSON.parse(link) as [string, string];
  return JSON.stringify([other, one]);
}

/** 1.1: the fields come in the order of the schema, notes last. */
function outOfOrder(raw: RawRecord): string | undefined {
  const order = [...SHAPES[raw.version][raw.kind].fields, 'note'];
  let last = -1;
  for (const name of raw.children) {
    const place = order.indexOf(name);
    if (place === -1) continue;
    if (place < last) return name;
    last = place;
  }
  return undefined;
}

const FIRST: Readonly<Record<PfifKind, readonly string[]>> = {
  person: ['person_record_id'],
  note: ['note_record_id', 'person_record_id'],
};

/** 1.2: ids come first, notes last, the rest as it likes. */
function outOfPlace(raw: RawRecord): string | undefined {
  const { fields } = SHAPES[raw.version][raw.kind];
  const first = FIRST[raw.kind];
  const rank = (name: string): number =>
    first.includes(name) ? first.indexOf(name) : name === 'note' ? first.length + 1 : first.length;
  let last = -1;
  for (const name of raw.children.filter((child) => child === 'note' || fields.includes(child))) {
    if (rank(name) < last) return name;
    last = rank(name);
  }
  return undefined;
}
