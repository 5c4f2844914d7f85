/** Raw records of any version as records of PFIF 1.4, or what is wrong with them. */
import type { Problem, ReadItem, ReadRecord } from '../types.ts';
import type { RawRecord } from './raw.ts';
import { faultsOf } from './rules.ts';
import { NOTE_FIELDS, PERSON_FIELDS } from './versions.ts';

export interface ReadOptions {
  /** Put before ids that are bare numbers or words, as Person Finder's forms have them. */
  readonly domain?: string | undefined;
  /** For records of a list that do not say when they were made. */
  readonly sourceDate?: string | undefined;
}

/** Names that versions before 1.4 had for the same thing. */
const RENAMED: Readonly<Record<string, string>> = {
  first_name: 'given_name',
  last_name: 'family_name',
  home_zip: 'home_postal_code',
  found: 'author_made_contact',
};

const KNOWN = {
  person: new Set<string>(PERSON_FIELDS),
  note: new Set<string>(NOTE_FIELDS),
};

interface Current {
  /** Its own id, which is no field of it. */
  readonly id: string | undefined;
  readonly fields: Record<string, string>;
}

const OWN_ID = { person: 'person_record_id', note: 'note_record_id' } as const;

/** A person and the notes in it, in that order; each a record or its problem. */
export function currentOf(raw: RawRecord, options: ReadOptions = {}): ReadItem[] {
  const current = currentFieldsOf(raw, options);
  const items: ReadItem[] = [itemOf(raw, current)];
  if (raw.kind === 'note') return items;
  const { id } = current;
  const spoken = statusNote(raw, current);
  if (spoken !== undefined) items.push(spoken);
  for (const note of raw.notes) {
    const said = currentFieldsOf(note, options);
    // Before 1.2 a note did not say whose it is; since then it may be left out within a person.
    if (said.fields['person_record_id'] === undefined && id !== undefined)
      said.fields['person_record_id'] = id;
    items.push(itemOf(note, said));
  }
  return items;
}

function itemOf(
  raw: Pick<RawRecord, 'kind' | 'line' | 'fault'>,
  { id, fields }: Current,
): ReadRecord | Problem {
  const fault = raw.fault ?? faultsOf(raw.kind, id, fields, raw.line);
  if (fault === undefined && id !== undefined)
    return { type: 'record', kind: raw.kind, line: raw.line, id, fields };
  const { line, code, message } = fault ?? { line: raw.line, code: 'missing-field', message: 'it has no id' };
  return { type: 'problem', line, code, message: `Line ${String(line)}: ${message}.`, weight: 'record' };
}

function currentFieldsOf(raw: RawRecord, options: ReadOptions): Current {
  const known = KNOWN[raw.kind];
  const own = OWN_ID[raw.kind];
  const fields: Record<string, string> = {};
  for (const name in raw.fields) {
    const value = raw.fields[name] ?? '';
    const now = RENAMED[name] ?? name;
    if (value !== '' && now !== own && known.has(now)) fields[now] ??= value;
  }
  if (raw.kind === 'person') {
    nameWhole(fields);
    describe(fields, raw.fields['other']);
  }
  tidy(fields);
  return { id: complete(fields, raw.fields[own], options.domain), fields };
}

/** 1.1 and 1.2 have no `full_name`: given name, then family name. */
function nameWhole(fields: Record<string, string>): void {
  if (fields['full_name'] !== undefined) return;
  const whole = [fields['given_name'], fields['family_name']].filter((name) => name !== undefined).join(' ');
  if (whole !== '') fields['full_name'] = whole;
}

/**
 * `other` of 1.1 to 1.3 is free text, by custom in pieces `name:` with the text below it. The piece `description` is
 * what 1.4 calls so; everything else stays as it was written, below it.
 */
function describe(fields: Record<string, string>, other: string | undefined): void {
  if (other === undefined || fields['description'] !== undefined) return;
  const found = /^description:[ \t]*\n?([\s\S]*?)(?=\n[a-z_]+:|$(?![\s\S]))/.exec(other);
  if (found === null) {
    fields['description'] = other;
    return;
  }
  const rest = other.slice(found[0].length).trim();
  const said = (found[1] ?? '').replace(/^[ \t]+/gm, '').trim();
  fields['description'] = [said, rest].filter((part) => part !== '').join('\n');
}

const LOWER = ['sex', 'status', 'author_made_contact'];

/** Values that say what PFIF wants in other letters: `FALSE` of a spreadsheet, `Male`. */
function tidy(fields: Record<string, string>): void {
  for (const name of LOWER) {
    const value = fields[name];
    if (value !== undefined) fields[name] = value.toLowerCase();
  }
  const country = fields['home_country'];
  if (country?.length === 2) fields['home_country'] = country.toUpperCase();
}

const OTHER_IDS = ['person_record_id', 'linked_person_record_id'];

/** @returns the record's own id, whole. */
function complete(
  fields: Record<string, string>,
  own: string | undefined,
  domain: string | undefined,
): string | undefined {
  const whole = (id: string): string => (domain === undefined || id.includes('/') ? id : `${domain}/${id}`);
  for (const name of OTHER_IDS) {
    const value = fields[name];
    if (value !== undefined) fields[name] = whole(value);
  }
  return own === undefined || own === '' ? undefined : whole(own);
}

const SHARED = ['source_date', 'entry_date', 'author_name', 'author_email', 'author_phone'] as const;

/**
 * The dialect that calls itself 1.5 says `status` and `last_known_location` of a person. 1.4 says them in a note, so a
 * note is made of them, whose id is derived from the person's: read again, it is the same note.
 */
function statusNote(raw: RawRecord, person: Current): ReadRecord | Problem | undefined {
  const status = raw.fields['status']?.toLowerCase();
  const place = raw.fields['last_known_location'];
  if (person.id === undefined || (status === undefined && place === undefined)) return undefined;
  const fields: Record<string, string> = { person_record_id: person.id };
  for (const name of SHARED) {
    const value = person.fields[name];
    if (value !== undefined) fields[name] = value;
  }
  if (status !== undefined) fields['status'] = status;
  if (place !== undefined) fields['last_known_location'] = place;
  return itemOf({ kind: 'note', line: raw.line, fault: undefined }, { id: `${person.id}.status`, fields });
}
