/** FHIR bundles: what of them becomes records, in pieces of any size, and what kith writes reads the same. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isKithError } from '../../../base/errors.ts';
import { checkFields } from '../../kinds/index.ts';
import { EXCHANGE_LIMITS } from '../limits.ts';
import type { ExportRecord, Problem, ReadItem, ReadRecord } from '../types.ts';
import { fhirReader, type FhirOptions } from './read.ts';
import { fhirBundle } from './write.ts';

const OPTIONS = { domain: 'clinic.org', sourceDate: '2026-11-28T10:00:00Z' };

function read(text: string, options: FhirOptions = OPTIONS, size = text.length): ReadItem[] {
  const reader = fhirReader(options);
  const items: ReadItem[] = [];
  for (let at = 0; at < text.length; at += size) items.push(...reader.push(text.slice(at, at + size)));
  return [...items, ...reader.end()];
}

const records = (items: readonly ReadItem[]): ReadRecord[] => items.filter((item) => item.type === 'record');
const problems = (items: readonly ReadItem[]): Problem[] => items.filter((item) => item.type === 'problem');

const PATIENT = {
  resourceType: 'Patient',
  id: 'p1',
  meta: { lastUpdated: '2026-05-17T14:30:00.123+06:30' },
  identifier: [{ system: 'http://hospital.example', value: 'H-77' }],
  name: [
    { use: 'maiden', family: 'Khatun' },
    { use: 'official', family: 'Begum', given: ['Nur', 'Jahan'] },
  ],
  gender: 'female',
  birthDate: '1990-05',
  deceasedBoolean: false,
  telecom: [
    { system: 'email', value: 'x@y' },
    { system: 'phone', value: '+95 1 234' },
  ],
  address: [{ line: ['Lane 3', 'Hut "7"'], city: 'Maungdaw', state: 'Rakhine', country: 'MM' }],
  contact: [{ name: { text: 'Ali' }, telecom: [{ system: 'phone', value: '55' }] }],
  managingOrganization: { display: 'Camp clinic' },
};
const SHOT = {
  resourceType: 'Immunization',
  id: 'i1',
  status: 'completed',
  vaccineCode: { coding: [{ system: 'http://hl7.org/fhir/sid/cvx', code: '03', display: 'MMR' }] },
  patient: { reference: 'Patient/p1' },
  occurrenceDateTime: '2026-05-17T09:00:00+06:30',
  lotNumber: 'L 5',
  protocolApplied: [{ doseNumberPositiveInt: 2 }],
};
const bundle = (...resources: readonly object[]): string =>
  JSON.stringify({
    resourceType: 'Bundle',
    type: 'collection',
    meta: { tag: [{ code: 'entry' }] },
    entry: resources.map((resource) => ({ resource })),
    link: [{ relation: 'self', url: 'x' }],
  });

describe('a FHIR bundle', () => {
  it('gives patients and immunisations that the table of kinds takes, however it is cut', () => {
    const text = bundle(PATIENT, SHOT);
    const items = read(text);
    assert.deepEqual(problems(items), []);
    assert.deepEqual(
      records(items).map(({ kind, id, fields }) => ({ kind, id, ...fields })),
      [
        {
          kind: 'patient',
          id: 'clinic.org/fhir.Patient.p1',
          full_name: 'Nur Jahan Begum',
          given_name: 'Nur Jahan',
          family_name: 'Begum',
          alternate_names: 'Khatun',
          source_date: '2026-05-17T08:00:00Z',
          identifier: 'H-77',
          sex: 'female',
          date_of_birth: '1990-05',
          deceased: 'false',
          home_street: 'Lane 3, Hut "7"',
          home_city: 'Maungdaw',
          home_state: 'Rakhine',
          home_country: 'MM',
          phone: '+95 1 234',
          facility: 'Camp clinic',
          contact_name: 'Ali',
          contact_phone: '55',
        },
        {
          kind: 'immunisation',
          id: 'clinic.org/fhir.Immunization.i1',
          source_date: '2026-11-28T10:00:00Z',
          patient_record_id: 'clinic.org/fhir.Patient.p1',
          status: 'completed',
          vaccine_code: '03',
          vaccine: 'MMR',
          occurrence: '2026-05-17',
          lot_number: 'L 5',
          dose_number: '2',
        },
      ],
    );
    for (const { kind, fields } of records(items))
      assert.deepEqual(checkFields(kind, fields, true).problems, []);
    for (const size of [1, 3, 50]) assert.deepEqual(read(text, OPTIONS, size), items);
  });

  it('names a patient by its place in the bundle where it has no id, and who is meant by that place', () => {
    const { id: _, ...patient } = PATIENT;
    const text = JSON.stringify({
      entry: [
        { fullUrl: 'urn:uuid:77-aa', resource: patient },
        { resource: { ...SHOT, patient: { reference: 'urn:uuid:77-aa' } } },
      ],
    });
    const [who, shot] = records(read(text));
    assert.equal(who?.id, 'clinic.org/fhir.Patient.77-aa');
    assert.equal(shot?.fields['patient_record_id'], who.id);
  });

  it('says of a related person whom to call about the patient', () => {
    const related = {
      resourceType: 'RelatedPerson',
      patient: { reference: 'Patient/p1' },
      name: [{ text: 'Bo' }],
      telecom: [{ system: 'phone', value: '66' }],
    };
    const [said] = records(read(bundle(related)));
    assert.deepEqual(said && { ...said }, {
      type: 'record',
      kind: 'patient',
      line: 1,
      id: 'clinic.org/fhir.Patient.p1',
      partial: true,
      fields: { contact_name: 'Bo', contact_phone: '66' },
    });
  });

  it('may be lines of resources, or one alone', () => {
    assert.equal(records(read(`${JSON.stringify(PATIENT)}\n${JSON.stringify(SHOT)}\n`)).length, 2);
    assert.deepEqual(
      records(read(`${JSON.stringify(PATIENT)}\n${JSON.stringify(SHOT)}`)).map(({ line }) => line),
      [1, 2],
    );
  });

  it('what is wrong costs one entry, and what is not taken is named once', () => {
    const observation = { resourceType: 'Observation', id: 'o' };
    const text = `{"resourceType":"Bundle","entry":[
{"resource":${JSON.stringify(observation)}},
{"resource":${JSON.stringify(observation)}},
{"resource": nonsense },
{"resource":${JSON.stringify({ ...PATIENT, extension: ['x'.repeat(EXCHANGE_LIMITS.recordChars)] })}},
{"no":"resource"},
{"resource":${JSON.stringify(PATIENT)}}
]}`;
    const items = read(text);
    assert.deepEqual(
      problems(items).map(({ line, code, weight }) => [line, code, weight]),
      [
        [2, 'unknown-resource', 'notice'],
        [4, 'bad-json', 'record'],
        [5, 'too-large', 'record'],
        [6, 'bad-fhir', 'record'],
      ],
    );
    assert.equal(records(items).length, 1);
  });

  it('a file that was cut off gives what came before; what is no FHIR is refused', () => {
    const text = bundle(PATIENT, SHOT);
    const items = read(text.slice(0, text.indexOf('"lotNumber"')));
    assert.equal(records(items).length, 1);
    assert.deepEqual(
      problems(items).map(({ code }) => code),
      ['cut-off'],
    );
    for (const other of ['<pfif/>', 'a,b\n', '{"a":1}'])
      assert.throws(
        () => read(other),
        (error) => isKithError(error, 'not-fhir'),
        other,
      );
  });
});

describe('a bundle that kith writes', () => {
  it('reads as the same records, with fields that FHIR has no place for', () => {
    const given: ExportRecord[] = [
      {
        kind: 'patient',
        id: 'a.org/1',
        fields: {
          full_name: 'နူရ် "N" Begum',
          alternate_names: 'Nuru\nN. B.',
          given_name: 'Nur',
          source_date: '2026-05-17T08:00:00Z',
          identifier: 'H-77',
          ward: '3',
          conditions: 'asthma\nmeasles',
          blood_group: 'A+',
          deceased: 'true',
          home_country: 'MM',
          phone: '55',
          contact_name: 'Ali',
        },
      },
      {
        kind: 'immunisation',
        id: 'a.org/2',
        fields: {
          source_date: '2026-05-17T08:00:00Z',
          patient_record_id: 'a.org/1',
          status: 'not-done',
          vaccine: 'MMR',
          vaccine_code: '03',
          occurrence: '2026-05',
          dose_number: '2',
          site: 'left arm',
          performer: 'Dr. Aye',
          remarks: 'feverish',
        },
      },
    ];
    const written = [...fhirBundle(given)].join('');
    assert.equal((JSON.parse(written) as { entry: unknown[] }).entry.length, 2);
    assert.deepEqual(
      records(read(written, {})).map(({ kind, id, fields }) => ({ kind, id, fields })),
      given,
    );
  });

  it('says of a vaccination whose it is, wherever that patient is', () => {
    const fields = { source_date: '2026-05-17T08:00:00Z', patient_record_id: 'b.org/9', status: 'completed' };
    const written = [...fhirBundle([{ kind: 'immunisation', id: 'a.org/2', fields }])].join('');
    assert.equal(records(read(written))[0]?.fields['patient_record_id'], 'b.org/9');
  });

  it('holds nothing of other kinds, and is a bundle even when empty', () => {
    const written = [...fhirBundle([{ kind: 'person', id: 'a.org/1', fields: { full_name: 'x' } }])].join('');
    assert.deepEqual(JSON.parse(written), { resourceType: 'Bundle', type: 'collection', entry: [] });
    assert.deepEqual(read(written), []);
  });
});
