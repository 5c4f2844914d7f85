/** What a record of PFIF 1.4 must say, and how (its schema), as far as kith insists on it when it reads. */
import type { Fields } from '../types.ts';
import type { Fault } from './raw.ts';
import type { PfifKind } from './versions.ts';

/** A domain, a slash, and what its owner chose. */
const RECORD_ID = /^[A-Za-z0-9][A-Za-z0-9.-]*\/\S(?:.*\S)?$/;
const TIME = /^\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?Z$/;
const DATE = /^\d{4}(?:-(\d\d)(?:-(\d\d))?)?$/;
const AGE = /^(\d{1,3})(?:-(\d{1,3}))?$/;

export function isRecordId(text: string): boolean {
  return text.length <= 512 && RECORD_ID.test(text);
}

/** `2026-11-28T10:05:00Z`, a moment that there was or will be. */
export function isTime(text: string): boolean {
  if (text.length > 40 || !TIME.test(text)) return false;
  return isDay(Number(text.slice(0, 4)), Number(text.slice(5, 7)), Number(text.slice(8, 10)));
}

const DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

function isDay(year: number, month: number, day: number): boolean {
  if (day < 1 || day > (DAYS[month - 1] ?? 0)) return false;
  return month !== 2 || day < 29 || (year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0));
}

function isDate(text: string): boolean {
  const found = DATE.exec(text);
  if (found === null) return false;
  return isDay(Number(text.slice(0, 4)), Number(found[1] ?? 1), Number(found[2] ?? 1));
}

function isAge(text: string): boolean {
  const found = AGE.exec(text);
  return found !== null && (found[2] === undefined || Number(found[1]) <= Number(found[2]));
}

const oneOf =
  (...values: readonly string[]) =>
  (text: string): boolean =>
    values.includes(text);

interface Rule {
  readonly holds: (text: string) => boolean;
  readonly code: string;
  readonly what: string;
}

const ID: Rule = { holds: isRecordId, code: 'bad-id', what: 'an id like example.org/person.1' };
const MOMENT: Rule = { holds: isTime, code: 'bad-time', what: 'a time like 2026-11-28T10:05:00Z' };
const STATUSES = [
  'information_sought',
  'is_note_author',
  'believed_alive',
  'believed_missing',
  'believed_dead',
];

/** Addresses, numbers and links are not held to a form: whoever wrote them knew why, and a person is found by them all the same. */
const RULES: Readonly<Record<string, Rule>> = {
  person_record_id: ID,
  linked_person_record_id: ID,
  entry_date: MOMENT,
  expiry_date: MOMENT,
  source_date: MOMENT,
  sex: { holds: oneOf('female', 'male', 'other'), code: 'bad-value', what: 'female, male or other' },
  status: { holds: oneOf(...STATUSES), code: 'bad-value', what: `one of ${STATUSES.join(', ')}` },
  author_made_contact: { holds: oneOf('true', 'false'), code: 'bad-value', what: 'true or false' },
  date_of_birth: { holds: isDate, code: 'bad-date', what: 'a date like 1990-02-28, 1990-02 or 1990' },
  age: { holds: isAge, code: 'bad-value', what: 'an age like 35 or 30-40' },
  home_country: {
    holds: (text) => /^[A-Z]{2}$/.test(text),
    code: 'bad-value',
    what: 'a country of two letters, like MM',
  },
};

/** The first thing that is wrong with a record of 1.4. */
export function faultsOf(
  kind: PfifKind,
  id: string | undefined,
  fields: Fields,
  line: number,
): Fault | undefined {
  if (id === undefined)
    return { line, code: 'missing-field', message: `this ${kind} has no “${kind}_record_id”` };
  if (!isRecordId(id)) return wrong(`${kind}_record_id`, id, ID, line);
  for (const name in fields) {
    const rule = RULES[name];
    const value = fields[name] ?? '';
    if (rule !== undefined && !rule.holds(value)) return wrong(name, value, rule, line);
  }
  const missing = NEEDS[kind].find((name) => fields[name] === undefined);
  if (missing === undefined || (kind === 'person' && isTombstone(fields))) return undefined;
  return { line, code: 'missing-field', message: `this ${kind} has no “${missing}”` };
}

const NEEDS = { person: ['source_date', 'full_name'], note: ['person_record_id', 'source_date'] } as const;

function wrong(name: string, value: string, { code, what }: Rule, line: number): Fault {
  return { line, code, message: `“${name}” is “${value.slice(0, 60)}”, which is not ${what}` };
}

const TOMBSTONE = new Set<string>(['person_record_id', 'entry_date', 'expiry_date', 'source_date']);

/** What remains of an expired person (PFIF 1.4, "Data expiry"): the four fields that say that it is gone. */
export function isTombstone(fields: Fields): boolean {
  return fields['expiry_date'] !== undefined && Object.keys(fields).every(isTombstoneField);
}

export function isTombstoneField(name: string): boolean {
  return TOMBSTONE.has(name);
}
