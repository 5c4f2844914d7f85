/** Patients and immunisations as a FHIR R4 bundle, one entry a line. */
import type { ExportRecord } from '../types.ts';
import { FIELD_URL, fhirIdOf, RECORD_SYSTEM } from './ids.ts';

const IN_PATIENT = new Set([
  'full_name',
  'given_name',
  'family_name',
  'alternate_names',
  'source_date',
  'identifier',
  'sex',
  'date_of_birth',
  'deceased',
  'home_street',
  'home_neighborhood',
  'home_city',
  'home_state',
  'home_postal_code',
  'home_country',
  'phone',
  'facility',
  'contact_name',
  'contact_phone',
]);
const IN_IMMUNISATION = new Set([
  'source_date',
  'patient_record_id',
  'status',
  'vaccine_code',
  'vaccine',
  'occurrence',
  'lot_number',
  'dose_number',
  'site',
  'performer',
  'remarks',
]);

export function* fhirBundle(records: Iterable<ExportRecord>): Generator<string> {
  yield '{"resourceType":"Bundle","type":"collection","entry":[';
  let first = true;
  for (const record of records) {
    const resource =
      record.kind === 'patient'
        ? patient(record)
        : record.kind === 'immunisation'
          ? immunisation(record)
          : undefined;
    if (resource === undefined) continue;
    const fullUrl = `urn:x-kith:${resource.resourceType}:${resource.id}`;
    yield `${first ? '' : ','}\n${JSON.stringify({ fullUrl, resource })}`;
    first = false;
  }
  yield '\n]}\n';
}

interface Resource {
  readonly resourceType: string;
  readonly id: string;
}

function patient({ id, fields }: ExportRecord): Resource {
  const phone = phoneOf(fields['phone']);
  return compact({
    resourceType: 'Patient',
    id: fhirIdOf(id),
    meta: one({ lastUpdated: fields['source_date'] }),
    extension: extensions(fields, IN_PATIENT),
    identifier: some([{ system: RECORD_SYSTEM, value: id }, one({ value: fields['identifier'] })]),
    name: some([
      one({
        use: fields['full_name'] === undefined ? undefined : 'official',
        text: fields['full_name'],
        family: fields['family_name'],
        given: some([fields['given_name']]),
      }),
      ...(fields['alternate_names'] ?? '').split('\n').map((text) => one({ use: text && 'nickname', text })),
    ]),
    telecom: some([phone]),
    gender: fields['sex'],
    birthDate: fields['date_of_birth'],
    deceasedBoolean: fields['deceased'] === undefined ? undefined : fields['deceased'] === 'true',
    address: some([
      one({
        line: some([fields['home_street']]),
        district: fields['home_neighborhood'],
        city: fields['home_city'],
        state: fields['home_state'],
        postalCode: fields['home_postal_code'],
        country: fields['home_country'],
      }),
    ]),
    contact: some([
      one({ name: one({ text: fields['contact_name'] }), telecom: some([phoneOf(fields['contact_phone'])]) }),
    ]),
    managingOrganization: one({ display: fields['facility'] }),
  });
}

function immunisation({ id, fields }: ExportRecord): Resource {
  const patientId = fields['patient_record_id'];
  return compact({
    resourceType: 'Immunization',
    id: fhirIdOf(id),
    extension: extensions(fields, IN_IMMUNISATION),
    identifier: [{ system: RECORD_SYSTEM, value: id }],
    status: fields['status'],
    vaccineCode: one({
      coding: some([one({ code: fields['vaccine_code'] })]),
      text: fields['vaccine'],
    }),
    patient:
      patientId === undefined
        ? undefined
        : {
            reference: `Patient/${fhirIdOf(patientId)}`,
            identifier: { system: RECORD_SYSTEM, value: patientId },
          },
    occurrenceDateTime: fields['occurrence'],
    recorded: fields['source_date'],
    lotNumber: fields['lot_number'],
    site: one({ text: fields['site'] }),
    performer: some([one({ actor: one({ display: fields['performer'] }) })]),
    note: some([one({ text: fields['remarks'] })]),
    protocolApplied: some([one({ doseNumberPositiveInt: numberOf(fields['dose_number']) })]),
  });
}

type Values = Readonly<Record<string, unknown>>;

function compact<Shape extends Resource & Values>(values: Shape): Resource {
  return { ...one(values), resourceType: values.resourceType, id: values.id };
}

/** Without what is not there; undefined when nothing is. */
function one(values: Values): Values | undefined {
  const there = Object.entries(values).filter(([, value]) => value !== undefined && value !== '');
  return there.length === 0 ? undefined : Object.fromEntries(there);
}

function some<Item>(items: readonly (Item | undefined)[]): readonly Item[] | undefined {
  const there = items.filter((item) => item !== undefined);
  return there.length === 0 ? undefined : there;
}

function phoneOf(value: string | undefined): Values | undefined {
  return value === undefined ? undefined : { system: 'phone', value };
}

/** A dose of 0, or one that is no number, is none that FHIR takes. */
function numberOf(value: string | undefined): number | undefined {
  return value !== undefined && /^[1-9]\d{0,8}$/.test(value) ? Number(value) : undefined;
}

function extensions(
  fields: Readonly<Record<string, string>>,
  known: ReadonlySet<string>,
): readonly Values[] | undefined {
  return some(
    Object.entries(fields)
      .filter(([name]) => !known.has(name))
      .map(([name, valueString]) => ({ url: `${FIELD_URL}${name}`, valueString })),
  );
}
