/** What each version of PFIF has: fields, their order where it matters, and what must be there. */

export const PFIF_VERSIONS = ['1.1', '1.2', '1.3', '1.4', '1.5'] as const;
export type PfifVersion = (typeof PFIF_VERSIONS)[number];
export type PfifKind = 'person' | 'note';

const NAMESPACE = /^https?:\/\/zesty\.ca\/pfif\/(\d+\.\d+)\/?$/;

/** The version that a namespace names; undefined where it is none of PFIF; null where it is one that is not read. */
export function versionOf(namespace: string): PfifVersion | null | undefined {
  const found = NAMESPACE.exec(namespace)?.[1];
  if (found === undefined) return undefined;
  return PFIF_VERSIONS.find((version) => version === found) ?? null;
}

/** PFIF 1.4 §3, in the order in which it is written. */
export const PERSON_FIELDS = [
  'person_record_id',
  'entry_date',
  'expiry_date',
  'author_name',
  'author_email',
  'author_phone',
  'source_name',
  'source_date',
  'source_url',
  'full_name',
  'given_name',
  'family_name',
  'alternate_names',
  'description',
  'sex',
  'date_of_birth',
  'age',
  'home_street',
  'home_neighborhood',
  'home_city',
  'home_state',
  'home_postal_code',
  'home_country',
  'photo_url',
  'profile_urls',
] as const;

export const NOTE_FIELDS = [
  'note_record_id',
  'person_record_id',
  'linked_person_record_id',
  'entry_date',
  'author_name',
  'author_email',
  'author_phone',
  'source_date',
  'author_made_contact',
  'status',
  'email_of_found_person',
  'phone_of_found_person',
  'last_known_location',
  'text',
  'photo_url',
] as const;

const PERSON_11 = [
  'person_record_id',
  'entry_date',
  'author_name',
  'author_email',
  'author_phone',
  'source_name',
  'source_date',
  'source_url',
  'first_name',
  'last_name',
  'home_city',
  'home_state',
  'home_neighborhood',
  'home_street',
  'home_zip',
  'photo_url',
  'other',
] as const;

const NOTE_11 = [
  'note_record_id',
  'entry_date',
  'author_name',
  'author_email',
  'author_phone',
  'source_date',
  'found',
  'email_of_found_person',
  'phone_of_found_person',
  'last_known_location',
  'text',
] as const;

const PERSON_12 = [
  ...PERSON_11.filter((name) => name !== 'home_zip'),
  'home_postal_code',
  'home_country',
  'sex',
  'date_of_birth',
  'age',
];
const NOTE_12 = [...NOTE_11, 'person_record_id', 'linked_person_record_id', 'status'];
const PERSON_13 = [...PERSON_12, 'full_name', 'expiry_date'];

interface VersionShape {
  readonly fields: readonly string[];
  readonly mandatory: readonly string[];
}

const NAMES_12 = ['person_record_id', 'first_name', 'last_name'];
const NOTE_NEEDS = ['note_record_id', 'author_name', 'source_date', 'text'];
const PERSON_NEEDS = ['person_record_id', 'source_date', 'full_name'];
const PERSON_14: VersionShape = { fields: PERSON_FIELDS, mandatory: PERSON_NEEDS };
const NOTE_14: VersionShape = { fields: NOTE_FIELDS, mandatory: NOTE_NEEDS };

/** `1.5` is no version of PFIF: some write it who add to 1.4 what is said about a person without a note. */
export const SHAPES: Readonly<Record<PfifVersion, Readonly<Record<PfifKind, VersionShape>>>> = {
  '1.1': {
    person: { fields: PERSON_11, mandatory: NAMES_12 },
    note: { fields: NOTE_11, mandatory: NOTE_NEEDS },
  },
  '1.2': {
    person: { fields: PERSON_12, mandatory: NAMES_12 },
    note: { fields: NOTE_12, mandatory: NOTE_NEEDS },
  },
  '1.3': {
    person: { fields: PERSON_13, mandatory: PERSON_NEEDS },
    note: { fields: NOTE_12, mandatory: NOTE_NEEDS },
  },
  '1.4': { person: PERSON_14, note: NOTE_14 },
  '1.5': {
    person: { ...PERSON_14, fields: [...PERSON_FIELDS, 'status', 'last_known_location'] },
    note: NOTE_14,
  },
};

/** In 1.1 notes stand in persons only. */
export function allowsTopLevelNotes(version: PfifVersion): boolean {
  return version !== '1.1';
}

/** Every name that a field has had in any version; what else stands in a record is passed over. */
export const ALL_FIELDS: ReadonlySet<string> = new Set(
  Object.values(SHAPES).flatMap(({ person, note }) => [...person.fields, ...note.fields]),
);
