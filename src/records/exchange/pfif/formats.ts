/** How each version wants its fields written, to the letter of its schema. */
import type { PfifVersion } from './versions.ts';

const ID = /^[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+\/\S+$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/;
const EMAIL = /^[^@\s]+@[^@\s]+$/;
const PHONE = /^[-+().\d ]+$/;
const URL = /^[a-z][a-z0-9+.-]*:\/\/[^\s/?#]+\S*$/i;
/** 1.1 and 1.2 were made for forms in capital letters, and 1.2 gave that up. */
const CAPITALS = /^[^\p{Ll}]+$/u;
const BOOLEAN = /^(?:true|false)$/;

const COMMON: Readonly<Record<string, RegExp>> = {
  person_record_id: ID,
  note_record_id: ID,
  linked_person_record_id: ID,
  entry_date: TIME,
  source_date: TIME,
  author_email: EMAIL,
  author_phone: PHONE,
  email_of_found_person: EMAIL,
  phone_of_found_person: PHONE,
  source_url: URL,
  photo_url: URL,
  found: BOOLEAN,
};

const ONLY_11: Readonly<Record<string, RegExp>> = {
  first_name: CAPITALS,
  last_name: CAPITALS,
  home_city: CAPITALS,
  home_neighborhood: CAPITALS,
  home_street: CAPITALS,
  home_state: /^[A-Z]{2}$/,
  home_zip: /^\d+(?:-\d+)?$/,
};

const SINCE_12: Readonly<Record<string, RegExp>> = {
  sex: /^(?:female|male|other)$/,
  date_of_birth: /^\d{4}(?:-\d\d(?:-\d\d)?)?$/,
  age: /^\d+(?:-\d+)?$/,
  home_country: /^[A-Z]{2}$/,
  status: /^(?:information_sought|is_note_author|believed_(?:alive|missing|dead))$/,
};

/** Of a state the code of ISO 3166-2. */
const UNTIL_13: Readonly<Record<string, RegExp>> = {
  home_state: /^[A-Z0-9]{1,3}$/,
  home_postal_code: /^(?=.*\d)[A-Za-z0-9 -]+$/,
};

const SINCE_13: Readonly<Record<string, RegExp>> = { expiry_date: TIME };
const SINCE_14: Readonly<Record<string, RegExp>> = { author_made_contact: BOOLEAN };

const FORMATS: Readonly<Record<PfifVersion, Readonly<Record<string, RegExp>>>> = {
  '1.1': { ...COMMON, ...ONLY_11 },
  '1.2': { ...COMMON, ...SINCE_12, ...UNTIL_13 },
  '1.3': { ...COMMON, ...SINCE_12, ...UNTIL_13, ...SINCE_13 },
  '1.4': { ...COMMON, ...SINCE_12, ...SINCE_13, ...SINCE_14 },
  '1.5': { ...COMMON, ...SINCE_12, ...SINCE_13, ...SINCE_14 },
};

/** An empty field has no format. */
export function hasFormat(version: PfifVersion, name: string, value: string): boolean {
  return value === '' || (formatOf(version, name)?.test(value) ?? true);
}

function formatOf(version: PfifVersion, name: string): RegExp | undefined {
  const formats = FORMATS[version];
  return Object.hasOwn(formats, name) ? formats[name] : undefined;
}
