/** What a search has to know of a record, without going through its entries. */
import type { Bytes } from '../base/bytes.ts';
import { decodeCbor, encodeCbor } from '../base/cbor.ts';
import { blockingKeys } from './matching/blocking.ts';
import type { Home, Person, Sex, Whereabouts, Years } from './matching/types.ts';
import { nameKeys } from './names/keys.ts';
import { nameToFile, readName } from './names/read.ts';
import { SEXES, STATUSES, type Status } from './kinds/table.ts';
import type { Fields, KindName } from './kinds/types.ts';

export interface Brief {
  /** As `nameToFile` gives them; the full name first. */
  readonly names: readonly string[];
  readonly sex: string | undefined;
  readonly born: Years | undefined;
  readonly region: string;
  readonly country: string;
  /** Of a person the newest note's; of a note its own. */
  readonly status: Status | undefined;
  /** When that was so; of a note, when it was written. */
  readonly sourceMs: number;
  /** Whether readers see something of it. */
  readonly isPublic: boolean;
  /** Of a note, a consent: the record that it is about. */
  readonly about: string;
}

const MOST_NAMES = 8;

export function briefOf(fields: Fields, isPublic: boolean, about: string | undefined): Brief {
  const status = STATUSES.find((known) => known === fields['status']);
  return {
    names: namesOf(fields),
    sex: fields['sex'],
    born: bornOf(fields),
    region: fields['home_state'] ?? fields['region'] ?? '',
    country: fields['home_country'] ?? '',
    status,
    sourceMs: timeOf(fields['source_date']),
    isPublic,
    about: (about === undefined ? undefined : fields[about]) ?? '',
  };
}

/** The full name, then others; parts alone where there is no full one. */
function namesOf(fields: Fields): readonly string[] {
  const parts = [fields['given_name'], fields['family_name']].filter((part) => part !== undefined).join(' ');
  const others = (fields['alternate_names'] ?? '').split('\n');
  const names = [fields['full_name'] ?? '', parts, ...others]
    .map((name) => name.trim())
    .filter((name) => name !== '');
  return [...new Set(names.slice(0, MOST_NAMES).map((name) => nameToFile(name)))].filter(
    (name) => name !== '',
  );
}

function bornOf(fields: Fields): Years | undefined {
  const year = Number((fields['date_of_birth'] ?? '').slice(0, 4));
  if (year > 0) return { from: year, to: year };
  const said = fields['age'];
  if (said === undefined) return undefined;
  const [from = 0, to = from] = said.split('-').map(Number);
  const saidIn = new Date(timeOf(fields['source_date'])).getUTCFullYear();
  return { from: saidIn - Math.max(from, to) - 1, to: saidIn - Math.min(from, to) };
}

export function timeOf(time: string | undefined): number {
  const ms = time === undefined ? NaN : Date.parse(time);
  return Number.isNaN(ms) ? 0 : ms;
}

const IS_NAMED: ReadonlySet<KindName> = new Set(['person', 'tracing', 'patient']);

/** Names first (`n`), then what may be one person's (`b`). Nothing for kinds that are not looked up by a name. */
export function keysOf(kind: KindName, fields: Fields, brief: Brief): readonly string[] {
  if (!IS_NAMED.has(kind)) return [];
  const readings = brief.names.map((name) => readName(name, { burmese: 'unicode' }));
  const named = readings.flatMap((reading) => nameKeys(reading, 'index').map((key) => `n${key}`));
  const blocks = blockingKeys(personOf(kind, fields, brief), readings.flat()).map((key) => `b${key}`);
  return [...named, ...blocks];
}

/** Changes whenever what `keysOf` gives may be other than it was. */
export function keyInputsOf(kind: KindName, fields: Fields, brief: Brief): string {
  if (!IS_NAMED.has(kind)) return kind;
  const { names, sex, born, status } = brief;
  return JSON.stringify([kind, names, sex, born, status, KEY_FIELDS.map((name) => fields[name] ?? '')]);
}

const HOME = {
  home_street: 'street',
  home_neighborhood: 'neighborhood',
  home_city: 'city',
  home_state: 'state',
  home_postal_code: 'postalCode',
  home_country: 'country',
} as const;

const HOME_PLACES = Object.entries(HOME) as readonly [keyof typeof HOME, keyof Home][];
const KEY_FIELDS = ['date_of_birth', 'phone', 'phones', 'document_numbers', ...Object.keys(HOME)];

/** As it is compared with others. */
export function personOf(kind: KindName, fields: Fields, brief: Brief): Person {
  const home: { -readonly [Place in keyof Home]?: string } = {};
  for (const [field, place] of HOME_PLACES) {
    const value = fields[field];
    if (value !== undefined) home[place] = value;
  }
  const sex = SEXES.find((known): known is Sex => known === brief.sex);
  const phones = [fields['phone'], ...(fields['phones'] ?? '').split('\n')].filter((phone) => phone);
  const documents = (fields['document_numbers'] ?? '').split('\n').filter((number) => number !== '');
  return {
    names: brief.names,
    whereabouts: whereaboutsOf(kind, brief),
    ...(sex === undefined ? {} : { sex }),
    ...(fields['date_of_birth'] === undefined ? {} : { dateOfBirth: fields['date_of_birth'] }),
    ...(brief.born === undefined ? {} : { bornBetween: brief.born }),
    ...(HOME_PLACES.some(([field]) => fields[field] !== undefined) ? { home } : {}),
    ...(phones.length === 0 ? {} : { phones: phones as string[] }),
    ...(documents.length === 0 ? {} : { documents }),
  };
}

/** A request to trace somebody seeks; a patient is somewhere; a person is what the newest note says. */
function whereaboutsOf(kind: KindName, { status }: Brief): Whereabouts {
  if (kind === 'tracing') return 'sought';
  if (kind === 'patient') return 'located';
  if (status === 'information_sought' || status === 'believed_missing') return 'sought';
  return status === undefined ? 'unknown' : 'located';
}

export function encodeBrief(brief: Brief): Bytes {
  const { names, sex, born, region, country, status, sourceMs, isPublic, about } = brief;
  return encodeCbor([
    names,
    sex ?? null,
    born === undefined ? null : [born.from, born.to],
    region,
    country,
    status === undefined ? null : STATUSES.indexOf(status),
    sourceMs,
    isPublic,
    about,
  ]);
}

/** Written by this node, under its seal. */
export function decodeBrief(bytes: Bytes): Brief {
  type Written = [
    string[],
    string | null,
    [number, number] | null,
    string,
    string,
    number | null,
    number,
    boolean,
    string,
  ];
  const [names, sex, born, region, country, status, sourceMs, isPublic, about] = decodeCbor(
    bytes,
  ) as unknown as Written;
  return {
    names,
    sex: sex ?? undefined,
    born: born === null ? undefined : { from: born[0], to: born[1] },
    region,
    country,
    status: status === null ? undefined : STATUSES[status],
    sourceMs,
    isPublic,
    about,
  };
}
