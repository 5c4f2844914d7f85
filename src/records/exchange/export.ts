/**
 * What goes out, and in which format. For whom decides what: every value is looked up in the table of kinds, and what is
 * not for them is not written.
 */
import { classOf, isRestricted, KINDS, readerView, restrictedOf, withheldBecause } from '../kinds/index.ts';
import { pfifCsv } from './csv/write.ts';
import { fhirBundle } from './fhir/write.ts';
import { hxlCensus, hxlPersons } from './hxl/write.ts';
import type { ExportDoor, Exported, GivenOut } from './ports.ts';
import { pfifAtom, pfifXml, type Feed, type PfifItem } from './pfif/write.ts';
import type { ExportRecord, Fields, KindName } from './types.ts';

export const WRITE_FORMATS = ['pfif', 'atom', 'csv', 'fhir', 'hxl'] as const;
export type WriteFormat = (typeof WRITE_FORMATS)[number];

/**
 * - `readers`: what the public may see: ages as bands, nobody who is withheld.
 * - `members`: what every member may see.
 * - `all`: all that this node holds. That this was given out is written down.
 */
export const EXPORT_AUDIENCES = ['readers', 'members', 'all'] as const;
export type ExportAudience = (typeof EXPORT_AUDIENCES)[number];

export interface ExportQuestion {
  readonly format: WriteFormat;
  readonly audience: ExportAudience;
  /** What is counted for HXL. */
  readonly counted: 'census' | 'person';
}

interface ExportRequest extends ExportQuestion {
  readonly feed: Feed;
  readonly atMs: number;
}

export interface ExportTally {
  written: number;
  /** People and records of which nothing went out. */
  withheld: number;
  /** Fields that few may see, and that go out with what is to be written next. */
  givenOut: GivenOut[];
}

/** Pieces of text of one file. */
export function exportRecords(
  door: ExportDoor,
  request: ExportRequest,
  tally: ExportTally,
): Iterable<string> {
  const { format, feed } = request;
  const selection = new Selection(door, request, tally);
  if (format === 'pfif') return pfifXml(selection.people());
  if (format === 'atom') return pfifAtom(selection.people(), feed);
  if (format === 'csv') return pfifCsv(selection.people());
  if (format === 'fhir') return fhirBundle(selection.ofKinds(['patient', 'immunisation']));
  return request.counted === 'census'
    ? hxlCensus(selection.toCount('census'))
    : hxlPersons(selection.toCount('person'));
}

class Selection {
  readonly #door: ExportDoor;
  readonly #request: ExportRequest;
  readonly #tally: ExportTally;

  constructor(door: ExportDoor, request: ExportRequest, tally: ExportTally) {
    this.#door = door;
    this.#request = request;
    this.#tally = tally;
  }

  /** Persons, each with its notes; then notes of people who are not here. */
  *people(): Generator<PfifItem> {
    for (const person of this.#door.read('person')) {
      const shown = this.#shown(person, isPfif);
      if (shown === undefined) continue;
      const notes = person.gone ? [] : [...this.#notesOf(person.id)];
      yield { ...shown, notes };
    }
    // Of whom nothing is known here it is not known either whether the public may hear of them.
    if (this.#request.audience === 'readers') return;
    for (const note of this.#door.read('note')) {
      if (this.#door.has(note.fields['person_record_id'] ?? '')) continue;
      const shown = this.#shown(note, isPfif);
      if (shown !== undefined) yield shown;
    }
  }

  *#notesOf(id: string): Generator<ExportRecord> {
    for (const note of this.#door.notesOf(id)) {
      if (note.gone) continue;
      const shown = this.#shown(note, isPfif);
      if (shown !== undefined) yield shown;
    }
  }

  *ofKinds(kinds: readonly KindName[]): Generator<ExportRecord> {
    for (const kind of kinds)
      for (const record of this.#door.read(kind)) {
        const shown = record.gone ? undefined : this.#shown(record, () => true);
        if (shown !== undefined) yield shown;
      }
  }

  /** Counted with all that this node knows, since single values do not go out; of those alone who may be counted. */
  *toCount(kind: 'census' | 'person'): Generator<ExportRecord> {
    for (const { id, fields, gone, status } of this.#door.read(kind)) {
      const isWithheld = kind === 'person' && withheldBecause(kind, fields, this.#request.atMs) !== undefined;
      if (gone || isWithheld) {
        this.#tally.withheld += 1;
        continue;
      }
      this.#tally.written += 1;
      yield { kind, id, fields: status === undefined ? fields : { ...fields, status: publicStatus(status) } };
    }
  }

  #shown(record: Exported, isWanted: (kind: KindName, field: string) => boolean): ExportRecord | undefined {
    const { kind, id, gone } = record;
    const seen = gone ? record.fields : fieldsFor(record, this.#request);
    if (seen === undefined) {
      this.#tally.withheld += 1;
      return undefined;
    }
    const fields: Record<string, string> = {};
    for (const [name, value] of Object.entries(seen))
      if (value !== '' && isWanted(kind, name)) fields[name] = value;
    this.#tally.written += 1;
    const restricted = restrictedOf(kind, fields);
    if (restricted.length > 0) this.#tally.givenOut.push({ id, fields: restricted });
    return { kind, id, fields };
  }
}

function isPfif(kind: KindName, field: string): boolean {
  return KINDS[kind].fields[field]?.pfif === true;
}

/** Who said no, and who agreed no longer, is not handed on to other systems: PFIF has no word for it that would go with them. */
const REFUSED = new Set(['opted-out', 'no-consent']);

/** Undefined where nothing of it is for them. */
function fieldsFor({ kind, fields }: Exported, { audience, atMs }: ExportRequest): Fields | undefined {
  if (audience === 'readers') return readerView(kind, fields, atMs);
  if (audience === 'all') return fields;
  if (REFUSED.has(withheldBecause(kind, fields, atMs) ?? '')) return undefined;
  const seen = Object.entries(fields).filter(([name, value]) => {
    const found = classOf(kind, name, value);
    return found !== undefined && !isRestricted(found);
  });
  return missesRequired(kind, fields, seen) ? undefined : Object.fromEntries(seen);
}

/** A record of which what makes it one is restricted, such as a vaccination, does not go out as a shell. */
function missesRequired(
  kind: KindName,
  fields: Fields,
  seen: readonly (readonly [name: string, value: string])[],
): boolean {
  const names = new Set(seen.map(([name]) => name));
  return Object.entries(KINDS[kind].fields).some(
    ([name, spec]) => spec.required && fields[name] !== undefined && !names.has(name),
  );
}

/** That somebody is believed dead is not for everybody, not even as a count of five. */
function publicStatus(status: string): string {
  return KINDS.note.fields['status']?.narrower[status] === undefined ? status : '';
}
