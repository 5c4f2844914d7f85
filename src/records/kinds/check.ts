/** Texts that somebody typed or a file holds → values of a record, once, with the limits of the table. */
import { fieldByNumber, KINDS } from './table.ts';
import type { Fields, FieldSpec, FieldType, KindName, Problem } from './types.ts';

const RECORD_ID = /^[^/\s]+\/\S+$/;
const TIME = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?Z$/;
const DATE = /^\d{4}(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01]))?)?$/;
const AGE = /^\d{1,3}(?:-\d{1,3})?$/;
const EMAIL = /^[^@\s]+@[^@\s]+$/;
const PHONE = /^[-+()\d ]+$/;
const COUNTRY = /^[A-Z]{2}$/;
const COUNT = /^\d{1,9}$/;
// What a terminal or a browser could take for something else than text; a line feed and a tab may stand in texts.
// eslint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F-\u009F]/;

const PATTERNS: Readonly<Record<string, RegExp>> = {
  'record-id': RECORD_ID,
  time: TIME,
  date: DATE,
  age: AGE,
  email: EMAIL,
  phone: PHONE,
  country: COUNTRY,
  boolean: /^(?:true|false)$/,
  count: COUNT,
};

const EXPECTED: Readonly<Record<string, string>> = {
  'record-id': 'a domain, a slash and the rest, as example.org/1234',
  time: 'a time in UTC, as 2026-05-31T14:00:00Z',
  date: 'a date, as 1990-05-17, 1990-05 or 1990',
  age: 'an age or two, as 34 or 30-40',
  email: 'an address of e-mail',
  phone: 'digits, spaces and + - ( )',
  country: 'two capital letters, as MM',
  boolean: 'true or false',
  count: 'a whole number',
  line: 'one line of text',
};

export interface Checked {
  /** What is right of it; values trimmed, empty ones left out. */
  readonly fields: Fields;
  readonly problems: readonly Problem[];
}

/**
 * @param raw by the names of fields; numbers and true or false are taken as their texts, lists as lines.
 * @param whole false for an edit: what it does not name stays, and an empty value takes a field back.
 */
export function checkFields(kind: KindName, raw: Readonly<Record<string, unknown>>, whole: boolean): Checked {
  const specs = KINDS[kind].fields;
  const fields: Record<string, string> = {};
  const problems: Problem[] = [];
  for (const [name, given] of Object.entries(raw)) {
    const spec = Object.hasOwn(specs, name) ? specs[name] : undefined;
    const text = textOf(given);
    if (spec === undefined) problems.push(unknownField(kind, name));
    else if (text === undefined) problems.push(badValue(name, spec.type));
    else if (text === '') {
      if (!whole) fields[name] = '';
    } else {
      const problem = problemWith(name, spec, text);
      if (problem === undefined) fields[name] = text;
      else problems.push(problem);
    }
  }
  for (const [name, spec] of Object.entries(specs))
    if (spec.required && isMissing(name, fields, raw, whole)) problems.push(missing(name));
  return { fields, problems };
}

/** A wrong value is said once, as what it is. */
function isMissing(
  name: string,
  fields: Fields,
  raw: Readonly<Record<string, unknown>>,
  whole: boolean,
): boolean {
  if (whole) return fields[name] === undefined && (raw[name] === undefined || textOf(raw[name]) === '');
  return fields[name] === '';
}

/** For values that come in an entry: as strict as on the way in, and without words. */
export function isValue(kind: KindName, no: number, value: string): boolean {
  const name = fieldByNumber(kind, no);
  const spec = name === undefined ? undefined : KINDS[kind].fields[name];
  return (
    spec !== undefined && name !== undefined && (value === '' || problemWith(name, spec, value) === undefined)
  );
}

function textOf(given: unknown): string | undefined {
  if (typeof given === 'string') return given.normalize('NFC').trim().toWellFormed();
  if (typeof given === 'number' || typeof given === 'boolean') return String(given);
  if (given === null) return '';
  if (Array.isArray(given) && given.every((item) => typeof item === 'string'))
    return textOf(given.join('\n'));
  return undefined;
}

function problemWith(field: string, { type, maxChars }: FieldSpec, text: string): Problem | undefined {
  if (text.length > maxChars) {
    const message = `${field} has ${String(text.length)} characters, and ${String(maxChars)} fit.`;
    return { field, code: 'too-long', message };
  }
  return isOfType(type, text) ? undefined : badValue(field, type);
}

function isOfType(type: FieldType, text: string): boolean {
  if (typeof type !== 'string') return type.includes(text);
  if (CONTROL.test(text)) return false;
  if (type === 'text' || type === 'list') return true;
  if (/[\r\n]/.test(text)) return false;
  return (PATTERNS[type]?.test(text) ?? true) && (type !== 'time' || !Number.isNaN(Date.parse(text)));
}

function unknownField(kind: KindName, field: string): Problem {
  return { field, code: 'unknown-field', message: `A record of kind ${kind} has no field “${field}”.` };
}

function missing(field: string): Problem {
  return { field, code: 'missing-field', message: `${field} has to be there.` };
}

function badValue(field: string, type: FieldType): Problem {
  const expected = typeof type === 'string' ? (EXPECTED[type] ?? 'text') : `one of ${type.join(', ')}`;
  return { field, code: 'bad-value', message: `${field} is not as it has to be: ${expected}.` };
}
