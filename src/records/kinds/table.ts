/**
 * The one table: every kind of record, every field of it, with its type, its limit and who may see it. Parts of entries,
 * validation, forms, exports and what readers see are derived from it; nothing else decides.
 */
import type { FieldSpec, FieldType, KindName, KindSpec, Sensitivity } from './types.ts';

const LINE_CHARS = 200;
const TEXT_CHARS = 8192;
const CODE_CHARS = 64;

type Options = Partial<Pick<FieldSpec, 'required' | 'maxChars' | 'narrower' | 'pfif'>>;

function field(no: number, type: FieldType, sensitivity: Sensitivity, options: Options = {}): FieldSpec {
  return {
    no,
    type,
    class: sensitivity,
    maxChars: limitOf(type),
    required: false,
    narrower: {},
    pfif: false,
    ...options,
  };
}

/** A field of PFIF 1.4. */
function pfif(no: number, type: FieldType, sensitivity: Sensitivity, options: Options = {}): FieldSpec {
  return field(no, type, sensitivity, { pfif: true, ...options });
}

function limitOf(type: FieldType): number {
  if (type === 'text' || type === 'list') return TEXT_CHARS;
  return type === 'line' || type === 'url' || type === 'email' || type === 'record-id'
    ? LINE_CHARS
    : CODE_CHARS;
}

export const SEXES = ['female', 'male', 'other'] as const;
/** PFIF 1.4, statuses of a note. */
export const STATUSES = [
  'information_sought',
  'is_note_author',
  'believed_alive',
  'believed_missing',
  'believed_dead',
] as const;
export type Status = (typeof STATUSES)[number];
/** Whether a person agreed to be found. Unknown: nobody asked, as in every file of others. */
export const CONSENTS = ['given', 'refused', 'withdrawn', 'unknown'] as const;
/** Who may see, and say, that somebody is believed dead. */
export const DECEASED_GRANT = 'deceased';
const MEDICAL = 'grant:medical';
const REQUIRED = { required: true } as const;

/** What names and describes somebody, wherever somebody is described. */
const IDENTITY = {
  full_name: field(10, 'line', 'members', REQUIRED),
  given_name: field(11, 'line', 'members'),
  family_name: field(12, 'line', 'members'),
  alternate_names: field(13, 'list', 'members'),
  sex: field(14, SEXES, 'members'),
  date_of_birth: field(15, 'date', 'members'),
  age: field(16, 'age', 'members'),
  home_street: field(17, 'line', 'members'),
  home_neighborhood: field(18, 'line', 'members'),
  home_city: field(19, 'line', 'members'),
  home_state: field(20, 'line', 'members'),
  home_postal_code: field(21, 'line', 'members'),
  home_country: field(22, 'country', 'members'),
} as const;

const PERSON = {
  entry_date: pfif(1, 'time', 'public'),
  expiry_date: pfif(2, 'time', 'public'),
  author_name: pfif(3, 'line', 'members'),
  author_email: pfif(4, 'email', 'home'),
  author_phone: pfif(5, 'phone', 'home'),
  source_name: pfif(6, 'line', 'public'),
  source_date: pfif(7, 'time', 'public', REQUIRED),
  source_url: pfif(8, 'url', 'members'),
  full_name: pfif(10, 'line', 'public', REQUIRED),
  given_name: pfif(11, 'line', 'public'),
  family_name: pfif(12, 'line', 'public'),
  alternate_names: pfif(13, 'list', 'public'),
  sex: pfif(14, SEXES, 'public'),
  date_of_birth: pfif(15, 'date', 'general'),
  age: pfif(16, 'age', 'general'),
  home_street: pfif(17, 'line', 'general'),
  home_neighborhood: pfif(18, 'line', 'general'),
  home_city: pfif(19, 'line', 'general'),
  home_state: pfif(20, 'line', 'public'),
  home_postal_code: pfif(21, 'line', 'general'),
  home_country: pfif(22, 'country', 'public'),
  description: pfif(23, 'text', 'members'),
  photo_url: pfif(24, 'url', 'members'),
  profile_urls: pfif(25, 'list', 'members'),
  consent: field(40, CONSENTS, 'members'),
  opt_out: field(41, 'boolean', 'members'),
  document_numbers: field(42, 'list', 'grant:documents'),
  phones: field(43, 'list', 'grant:contact'),
  case_notes: field(44, 'text', 'home'),
} as const;

const NOTE = {
  person_record_id: pfif(1, 'record-id', 'public', REQUIRED),
  linked_person_record_id: pfif(2, 'record-id', 'members'),
  entry_date: pfif(3, 'time', 'public'),
  author_name: pfif(4, 'line', 'members', REQUIRED),
  author_email: pfif(5, 'email', 'home'),
  author_phone: pfif(6, 'phone', 'home'),
  source_date: pfif(7, 'time', 'public', REQUIRED),
  author_made_contact: pfif(8, 'boolean', 'members'),
  status: pfif(9, STATUSES, 'public', { narrower: { believed_dead: `grant:${DECEASED_GRANT}` } }),
  email_of_found_person: pfif(10, 'email', 'grant:contact'),
  phone_of_found_person: pfif(11, 'phone', 'grant:contact'),
  last_known_location: pfif(12, 'text', 'members'),
  text: pfif(13, 'text', 'members'),
  photo_url: pfif(14, 'url', 'members'),
} as const;

const TRACING = {
  ...IDENTITY,
  entry_date: field(1, 'time', 'members'),
  expiry_date: field(2, 'time', 'members'),
  source_date: field(3, 'time', 'members', REQUIRED),
  person_record_id: field(4, 'record-id', 'members'),
  enquirer_name: field(30, 'line', 'members'),
  enquirer_relation: field(31, 'line', 'members'),
  enquirer_phone: field(32, 'phone', 'grant:contact'),
  enquirer_email: field(33, 'email', 'grant:contact'),
  enquirer_address: field(34, 'text', 'home'),
  last_contact_date: field(35, 'date', 'members'),
  last_known_location: field(36, 'text', 'members'),
  circumstances: field(37, 'text', 'home'),
  progress: field(38, ['open', 'suspended', 'found', 'closed'], 'members'),
  opt_out: field(41, 'boolean', 'members'),
} as const;

const PATIENT = {
  ...IDENTITY,
  entry_date: field(1, 'time', 'members'),
  expiry_date: field(2, 'time', 'members'),
  source_date: field(3, 'time', 'members', REQUIRED),
  person_record_id: field(4, 'record-id', 'members'),
  identifier: field(30, 'line', MEDICAL),
  facility: field(31, 'line', MEDICAL),
  ward: field(32, 'line', MEDICAL),
  admitted: field(33, 'date', MEDICAL),
  discharged: field(34, 'date', MEDICAL),
  conditions: field(35, 'list', MEDICAL),
  allergies: field(36, 'list', MEDICAL),
  medication: field(37, 'list', MEDICAL),
  blood_group: field(38, ['A+', 'A-', 'B+', 'B-', 'AB+', 'AB-', 'O+', 'O-'], MEDICAL),
  deceased: field(39, 'boolean', `grant:${DECEASED_GRANT}`),
  phone: field(40, 'phone', 'grant:contact'),
  contact_name: field(41, 'line', 'grant:contact'),
  contact_phone: field(42, 'phone', 'grant:contact'),
  consent: field(43, CONSENTS, 'members'),
} as const;

const IMMUNISATION = {
  entry_date: field(1, 'time', 'members'),
  expiry_date: field(2, 'time', 'members'),
  source_date: field(3, 'time', 'members', REQUIRED),
  patient_record_id: field(4, 'record-id', MEDICAL, REQUIRED),
  status: field(10, ['completed', 'entered-in-error', 'not-done'], MEDICAL, REQUIRED),
  vaccine_code: field(11, 'line', MEDICAL),
  vaccine: field(12, 'line', MEDICAL, REQUIRED),
  occurrence: field(13, 'date', MEDICAL, REQUIRED),
  lot_number: field(14, 'line', MEDICAL),
  dose_number: field(15, 'count', MEDICAL),
  site: field(16, 'line', MEDICAL),
  performer: field(17, 'line', MEDICAL),
  remarks: field(18, 'text', MEDICAL),
} as const;

const CENSUS = {
  entry_date: field(1, 'time', 'members'),
  expiry_date: field(2, 'time', 'members'),
  source_date: field(3, 'time', 'members', REQUIRED),
  region: field(10, 'line', 'members'),
  camp: field(11, 'line', 'members', REQUIRED),
  block: field(12, 'line', 'members'),
  household: field(13, 'line', 'members'),
  head_name: field(14, 'line', 'home'),
  head_phone: field(15, 'phone', 'home'),
  persons: field(16, 'count', 'members', REQUIRED),
  women: field(17, 'count', 'members'),
  men: field(18, 'count', 'members'),
  girls: field(19, 'count', 'members'),
  boys: field(20, 'count', 'members'),
  under_5: field(21, 'count', 'members'),
  over_60: field(22, 'count', 'members'),
  shelter: field(23, 'line', 'members'),
  arrived: field(24, 'date', 'members'),
  needs: field(25, 'list', 'home'),
} as const;

const CONSENT = {
  entry_date: field(1, 'time', 'members'),
  expiry_date: field(2, 'time', 'members'),
  source_date: field(3, 'time', 'members', REQUIRED),
  person_record_id: field(4, 'record-id', 'members', REQUIRED),
  given: field(10, 'boolean', 'members', REQUIRED),
  given_by: field(11, ['self', 'guardian', 'relative', 'other'], 'members'),
  given_on: field(12, 'date', 'members'),
  method: field(13, 'line', 'members'),
  purposes: field(14, 'list', 'members'),
  remarks: field(15, 'text', 'home'),
} as const;

export const KINDS: Readonly<Record<KindName, KindSpec>> = {
  person: {
    name: 'person',
    no: 1,
    label: 'a missing, found or deceased person',
    readers: true,
    about: undefined,
    fields: PERSON,
  },
  note: {
    name: 'note',
    no: 2,
    label: 'what somebody knows of a person',
    readers: true,
    about: 'person_record_id',
    fields: NOTE,
  },
  tracing: {
    name: 'tracing',
    no: 3,
    label: 'a request to trace somebody',
    readers: false,
    about: 'person_record_id',
    fields: TRACING,
  },
  patient: {
    name: 'patient',
    no: 4,
    label: 'a patient',
    readers: false,
    about: 'person_record_id',
    fields: PATIENT,
  },
  immunisation: {
    name: 'immunisation',
    no: 5,
    label: 'a vaccination',
    readers: false,
    about: 'patient_record_id',
    fields: IMMUNISATION,
  },
  census: {
    name: 'census',
    no: 6,
    label: 'a household in a camp',
    readers: false,
    about: undefined,
    fields: CENSUS,
  },
  consent: {
    name: 'consent',
    no: 7,
    label: 'what a person agreed to',
    readers: false,
    about: 'person_record_id',
    fields: CONSENT,
  },
};

export const KIND_NAMES = Object.keys(KINDS) as readonly KindName[];

const BY_NUMBER = new Map(Object.values(KINDS).map((kind) => [kind.no, kind]));
const FIELD_NAMES = new Map(
  Object.values(KINDS).map((kind) => [
    kind.name,
    new Map(Object.entries(kind.fields).map(([name, spec]) => [spec.no, name])),
  ]),
);

export function kindByNumber(no: number): KindSpec | undefined {
  return BY_NUMBER.get(no);
}

export function fieldByNumber(kind: KindName, no: number): string | undefined {
  return FIELD_NAMES.get(kind)?.get(no);
}
