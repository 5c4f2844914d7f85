/** Fields of records out of FHIR's resources. */
import type { Fields } from '../types.ts';
import { FIELD_URL, RECORD_SYSTEM } from './ids.ts';
import { field, list, text, texts, type Json } from './json.ts';

export interface Ids {
  /** The record that a reference to a patient means. */
  patient(reference: Json): string | undefined;
  readonly sourceDate: string | undefined;
}

export function patientOf(resource: Json, { sourceDate }: Ids): Fields {
  const [name, ...others] = ordered(list(resource['name']));
  const address = list(resource['address'])[0] ?? {};
  const contact = list(resource['contact'])[0];
  return kept({
    ...extended(resource),
    ...(name === undefined ? {} : nameOf(name)),
    alternate_names: others.flatMap((other) => nameOf(other)['full_name'] ?? []).join('\n'),
    source_date: updatedOf(resource) ?? sourceDate,
    identifier: list(resource['identifier'])
      .filter(({ system }) => system !== RECORD_SYSTEM)
      .flatMap(({ value }) => text(value) ?? [])[0],
    sex: sexOf(text(resource['gender'])),
    date_of_birth: text(resource['birthDate']),
    deceased: deceasedOf(resource),
    home_street: texts(address['line']).join(', '),
    home_neighborhood: text(address['district']),
    home_city: text(address['city']),
    home_state: text(address['state']),
    home_postal_code: text(address['postalCode']),
    home_country: text(address['country']),
    phone: phoneOf(resource['telecom']),
    facility: text(field(resource, 'managingOrganization')?.['display']),
    ...(contact === undefined ? {} : contactOf(list([contact['name']]), contact['telecom'])),
  });
}

export function immunisationOf(resource: Json, ids: Ids): Fields {
  const patient = field(resource, 'patient');
  const code = field(resource, 'vaccineCode') ?? {};
  const coding = list(code['coding'])[0] ?? {};
  const site = field(resource, 'site') ?? {};
  const dose = list(resource['protocolApplied'])[0]?.['doseNumberPositiveInt'];
  return kept({
    ...extended(resource),
    source_date: timeOf(text(resource['recorded'])) ?? updatedOf(resource) ?? ids.sourceDate,
    patient_record_id: patient === undefined ? undefined : ids.patient(patient),
    status: text(resource['status']),
    vaccine_code: text(coding['code']),
    vaccine: named(code) ?? text(coding['code']),
    occurrence: text(resource['occurrenceDateTime'])?.slice(0, 10),
    lot_number: text(resource['lotNumber']),
    dose_number: numbered(dose),
    site: named(site),
    performer: text(field(list(resource['performer'])[0] ?? {}, 'actor')?.['display']),
    remarks: list(resource['note'])
      .flatMap((note) => text(note['text']) ?? [])
      .join('\n'),
  });
}

export function relatedOf(resource: Json): Fields {
  return kept(contactOf(list(resource['name']), resource['telecom']));
}

type Maybe = Record<string, string | undefined>;

function kept(fields: Maybe): Fields {
  const found: Record<string, string> = {};
  for (const [name, value] of Object.entries(fields))
    if (value !== undefined && value !== '') found[name] = value;
  return found;
}

/** What a CodeableConcept says in words. */
function named(concept: Json): string | undefined {
  return text(concept['text']) ?? text(list(concept['coding'])[0]?.['display']);
}

function numbered(value: unknown): string | undefined {
  return typeof value === 'number' ? String(value) : undefined;
}

function updatedOf(resource: Json): string | undefined {
  return timeOf(text(field(resource, 'meta')?.['lastUpdated']));
}

/** What kith wrote of fields that the resource has no place for. */
function extended(resource: Json): Maybe {
  const fields: Maybe = {};
  for (const extension of list(resource['extension'])) {
    const url = text(extension['url']) ?? '';
    const value = text(extension['valueString']);
    if (url.startsWith(FIELD_URL) && /^[a-z_0-9]{1,40}$/.test(url.slice(FIELD_URL.length)))
      fields[url.slice(FIELD_URL.length)] = value;
  }
  return fields;
}

const USES = ['official', 'usual', undefined];

/** The name that counts first; a maiden name or an old one does not. */
function ordered(names: readonly Json[]): readonly Json[] {
  const rank = (name: Json): number => {
    const place = USES.indexOf(text(name['use']));
    return place === -1 ? USES.length : place;
  };
  return [...names].sort((one, other) => rank(one) - rank(other));
}

function nameOf(name: Json): Maybe {
  const given = texts(name['given']).join(' ');
  const family = text(name['family']) ?? '';
  return {
    full_name: text(name['text']) ?? [given, family].filter((part) => part !== '').join(' '),
    given_name: given,
    family_name: family,
  };
}

function contactOf(names: readonly Json[], telecom: unknown): Maybe {
  const [name] = names;
  return {
    contact_name: name === undefined ? undefined : nameOf(name)['full_name'],
    contact_phone: phoneOf(telecom),
  };
}

function phoneOf(telecom: unknown): string | undefined {
  return list(telecom)
    .filter(({ system }) => system === 'phone' || system === 'sms')
    .flatMap(({ value }) => text(value) ?? [])[0];
}

function sexOf(gender: string | undefined): string | undefined {
  return gender === 'unknown' ? undefined : gender;
}

function deceasedOf(resource: Json): string | undefined {
  const said = resource['deceasedBoolean'];
  if (typeof said === 'boolean') return String(said);
  return text(resource['deceasedDateTime']) === undefined ? undefined : 'true';
}

/** FHIR's instant, with its offset, in UTC. */
function timeOf(instant: string | undefined): string | undefined {
  if (instant === undefined) return undefined;
  const ms = Date.parse(instant);
  return Number.isNaN(ms) ? undefined : `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
