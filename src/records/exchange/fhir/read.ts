/**
 * FHIR R4: Patient, Immunization and RelatedPerson of a bundle (or of lines of JSON) as records. What else a bundle holds
 * is named once a type and left out.
 */
import { KithError } from '../../../base/errors.ts';
import type { ReadItem, Reader } from '../types.ts';
import { immunisationOf, patientOf, relatedOf, type Ids } from './resources.ts';
import { JsonSplitter, type JsonPiece } from './split.ts';
import { field, isObject, text, type Json } from './json.ts';
import { recordIdOf, tailOf } from './ids.ts';

export interface FhirOptions {
  /** Goes before the ids of resources, which are unique in their server alone. */
  readonly domain?: string | undefined;
  readonly sourceDate?: string | undefined;
}

const MOST_TYPES = 50;
/** Patients whose place in the bundle has another name than they have themselves. */
const MOST_NAMES = 500_000;

export function fhirReader(options: FhirOptions = {}): Reader {
  const splitter = new JsonSplitter();
  const bundle = new BundleReader(options);
  const check = (): void => {
    if (splitter.stray) throw notFhir();
  };
  return {
    push: (piece) => {
      const pieces = splitter.push(piece);
      check();
      return pieces.flatMap((found) => bundle.take(found));
    },
    end: () => {
      check();
      if (splitter.open)
        return [problem(splitter.line, 'cut-off', 'the file ends within something', 'between')];
      return [];
    },
  };
}

class BundleReader {
  readonly #options: FhirOptions;
  readonly #ids: Ids;
  readonly #named = new Map<string, string>();
  readonly #unknown = new Set<string>();
  #resources = 0;

  constructor(options: FhirOptions) {
    this.#options = options;
    this.#ids = {
      patient: (reference) => this.#patientId(reference),
      sourceDate: options.sourceDate,
    };
  }

  take(piece: JsonPiece): ReadItem[] {
    if (piece.text === null)
      return [problem(piece.line, 'too-large', 'this resource is larger than a record may be')];
    const parsed = parse(piece.text);
    if (parsed === undefined) return [problem(piece.line, 'bad-json', 'this is not JSON')];
    const resource = piece.entry ? parsed['resource'] : parsed;
    const type = isObject(resource) ? text(resource['resourceType']) : undefined;
    if (!isObject(resource) || type === undefined) {
      if (!piece.entry && this.#resources === 0) throw notFhir();
      return [problem(piece.line, 'bad-fhir', 'there is no resource here')];
    }
    this.#resources += 1;
    return this.#read(resource, type, text(parsed['fullUrl']) ?? '', piece.line);
  }

  #read(resource: Json, type: string, fullUrl: string, line: number): ReadItem[] {
    // A bundle without entries.
    if (type === 'Bundle') return [];
    if (type === 'Patient') {
      const id = this.#ownId(resource, type, fullUrl);
      if (id === undefined) return [problem(line, 'bad-id', 'this patient has no id')];
      return [{ type: 'record', kind: 'patient', line, id, fields: patientOf(resource, this.#ids) }];
    }
    if (type === 'Immunization') {
      const id = this.#ownId(resource, type, fullUrl);
      if (id === undefined) return [problem(line, 'bad-id', 'this immunization has no id')];
      return [
        { type: 'record', kind: 'immunisation', line, id, fields: immunisationOf(resource, this.#ids) },
      ];
    }
    if (type === 'RelatedPerson') return [this.#related(resource, line)];
    return this.#leftOut(type, line);
  }

  /** Whom to call about a patient is said in the patient's record. */
  #related(resource: Json, line: number): ReadItem {
    const reference = field(resource, 'patient');
    const id = reference === undefined ? undefined : this.#patientId(reference);
    if (id === undefined)
      return problem(line, 'bad-fhir', 'this related person does not say of which patient');
    return { type: 'record', kind: 'patient', line, id, partial: true, fields: relatedOf(resource) };
  }

  #leftOut(type: string, line: number): ReadItem[] {
    if (this.#unknown.has(type) || this.#unknown.size >= MOST_TYPES) return [];
    this.#unknown.add(type);
    const said = `resources of type “${type.slice(0, 40)}” are not taken`;
    return [problem(line, 'unknown-resource', said, 'notice')];
  }

  #ownId(resource: Json, type: string, fullUrl: string): string | undefined {
    const own = recordIdOf(resource['identifier']);
    const local = text(resource['id']) ?? tailOf(fullUrl);
    const { domain } = this.#options;
    const derived = local === '' || domain === undefined ? undefined : `${domain}/fhir.${type}.${local}`;
    const id = own ?? derived;
    if (type === 'Patient' && id !== undefined)
      for (const name of [local, tailOf(fullUrl)])
        if (name !== '' && id !== `${domain ?? ''}/fhir.Patient.${name}` && this.#named.size < MOST_NAMES)
          this.#named.set(name, id);
    return id;
  }

  #patientId(reference: Json): string | undefined {
    const own = recordIdOf([reference['identifier']]);
    if (own !== undefined) return own;
    const name = tailOf(text(reference['reference']) ?? '');
    if (name === '') return undefined;
    const { domain } = this.#options;
    return this.#named.get(name) ?? (domain === undefined ? undefined : `${domain}/fhir.Patient.${name}`);
  }
}

function parse(json: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function problem(
  line: number,
  code: string,
  message: string,
  weight: 'record' | 'between' | 'notice' = 'record',
): ReadItem {
  return { type: 'problem', line, code, message: `Line ${String(line)}: ${message}.`, weight };
}

function notFhir(): KithError {
  return new KithError('not-fhir', 'This is no FHIR bundle.', {
    next: 'It has to be JSON with "resourceType": "Bundle", or one resource a line.',
  });
}
