/** Entries of the registry: bytes to values, once, with limits. Layout: docs/protocol/records.md. */
import type { Bytes } from '../base/bytes.ts';
import { decodeCbor, encodeCbor, malformed, type CborValue } from '../base/cbor.ts';
import {
  idFromBytes,
  idToBytes,
  type DeviceKey,
  type EntryHash,
  type FeedId,
  type NetworkId,
} from '../base/ids.ts';
import { SIGNATURE_BYTES } from '../identity/signing.ts';
import { isValue } from './kinds/check.ts';
import { fieldByNumber, kindByNumber, KINDS } from './kinds/table.ts';
import type { Fields, KindName } from './kinds/types.ts';
import type { EntryPlace } from './ports.ts';
import type { RecordId } from './types.ts';

export const RECORD_KIND = 'record';
export const LINK_KIND = 'record-link';
export const ERASED_KIND = 'record-erased';
export const ERASED_WORD_KIND = 'record-erased-word';
export const ERASED_PURPOSE = 'record erased';

const VERSION = 1;
const MOST_AFTER = 64;
const MOST_ENDED = 1024;
const MOST_CONFIRMED = 1024;
const ID_CHARS = 200;
const ORG_CHARS = 120;
const REASON_CHARS = 2000;

/** `write` says values; `withhold` takes a record out of readers' sight; `end` leaves a placeholder for good. */
export const OPS = ['write', 'withhold', 'end'] as const;
export type Op = (typeof OPS)[number];

/** What the part for members says, and in the same words the public one of what readers see. */
export interface RecordPart {
  readonly id: RecordId;
  readonly kind: KindName;
  readonly op: Op;
  /** The author's organisation, as it says. */
  readonly org: string;
  /** The entries that this one builds on, of those that have a part for this audience. */
  readonly after: readonly EntryHash[];
  readonly fields: Fields;
  /** Of an end: all entries that are to be erased. */
  readonly ended: readonly EntryPlace[];
}

export function encodeRecordPart(part: RecordPart): Bytes {
  return encodeCbor([
    VERSION,
    part.id,
    KINDS[part.kind].no,
    OPS.indexOf(part.op),
    part.org,
    part.after.slice(0, MOST_AFTER).map(idToBytes),
    encodeFields(part.kind, part.fields),
    part.ended.slice(0, MOST_ENDED).map(({ feed, seq }) => [idToBytes(feed), seq]),
  ]);
}

/** @throws KithError `malformed` */
export function decodeRecordPart(bytes: Bytes): RecordPart {
  const [version, id, kindNo, op, org, after, fields, ended] = tuple(decodeCbor(bytes), 8);
  if (version !== VERSION) throw malformed('a version of records that is not known');
  const kind = typeof kindNo === 'number' ? kindByNumber(kindNo) : undefined;
  const known = typeof op === 'number' ? OPS[op] : undefined;
  if (kind === undefined || known === undefined) throw malformed('a kind of record that is not known');
  return {
    id: recordId(id),
    kind: kind.name,
    op: known,
    org: text(org, ORG_CHARS),
    after: list(after, MOST_AFTER).map((hash) => idFromBytes<EntryHash>(hash)),
    fields: readFields(kind.name, fields),
    ended: list(ended, MOST_ENDED).map((place) => {
      const [feed, seq] = tuple(place, 2);
      return { feed: idFromBytes<FeedId>(feed), seq: whole(seq) };
    }),
  };
}

/** Of a narrower audience: values alone, beside the part for members. */
export function encodeFieldsPart(kind: KindName, fields: Fields): Bytes {
  return encodeCbor([VERSION, encodeFields(kind, fields)]);
}

/** @throws KithError `malformed` */
export function decodeFieldsPart(kind: KindName, bytes: Bytes): Fields {
  const [version, fields] = tuple(decodeCbor(bytes), 2);
  if (version !== VERSION) throw malformed('a version of records that is not known');
  return readFields(kind, fields);
}

/** Two records are, or are no longer, taken for one person's. */
export interface LinkPart {
  /** The lesser of the two. */
  readonly a: RecordId;
  readonly b: RecordId;
  readonly linked: boolean;
  readonly reason: string;
  readonly after: readonly EntryHash[];
}

export function encodeLink({ a, b, linked, reason, after }: LinkPart): Bytes {
  return encodeCbor([VERSION, a, b, linked, reason, after.slice(0, MOST_AFTER).map(idToBytes)]);
}

/** @throws KithError `malformed` */
export function decodeLink(bytes: Bytes): LinkPart {
  const [version, one, other, linked, reason, after] = tuple(decodeCbor(bytes), 6);
  const [a, b] = [recordId(one), recordId(other)];
  if (version !== VERSION || typeof linked !== 'boolean' || a >= b) throw malformed('a link of records');
  return {
    a,
    b,
    linked,
    reason: text(reason, REASON_CHARS),
    after: list(after, MOST_AFTER).map((hash) => idFromBytes<EntryHash>(hash)),
  };
}

/** This device has overwritten what these entries demanded to be erased. */
export function encodeErased(erasures: readonly EntryHash[]): Bytes {
  return encodeCbor([VERSION, erasures.map(idToBytes)]);
}

/** @throws KithError `malformed` */
export function decodeErased(bytes: Bytes): readonly EntryHash[] {
  const [version, hashes] = tuple(decodeCbor(bytes), 2);
  if (version !== VERSION) throw malformed('a version of records that is not known');
  return list(hashes, MOST_CONFIRMED).map((hash) => idFromBytes<EntryHash>(hash));
}

export const CONFIRMED_PER_ENTRY = MOST_CONFIRMED;

/** What a device that writes no entries says of itself; as small as what nodes relay for each other. */
export interface ErasedWord {
  readonly device: DeviceKey;
  readonly erasures: readonly EntryHash[];
  /** Over `erasedStatement`, for `ERASED_PURPOSE`. */
  readonly signature: Bytes;
}

export const CONFIRMED_PER_WORD = 100;

export function erasedStatement(network: NetworkId, erasures: readonly EntryHash[]): Bytes {
  return encodeCbor([VERSION, idToBytes(network), erasures.map(idToBytes)]);
}

export function encodeErasedWord({ device, erasures, signature }: ErasedWord): Bytes {
  return encodeCbor([VERSION, idToBytes(device), erasures.map(idToBytes), signature]);
}

/** Its signature is checked elsewhere. @throws KithError `malformed` */
export function decodeErasedWord(bytes: Bytes): ErasedWord {
  const [version, device, hashes, signature] = tuple(decodeCbor(bytes), 4);
  if (version !== VERSION) throw malformed('a version of records that is not known');
  if (!(signature instanceof Uint8Array) || signature.byteLength !== SIGNATURE_BYTES)
    throw malformed('a signature has 64 bytes');
  const erasures = list(hashes, CONFIRMED_PER_WORD).map((hash) => idFromBytes<EntryHash>(hash));
  if (erasures.length === 0) throw malformed('a word of erasures that names none');
  return { device: idFromBytes<DeviceKey>(device), erasures, signature };
}

// ---- single places

function encodeFields(kind: KindName, fields: Fields): CborValue {
  return Object.entries(fields)
    .flatMap(([name, value]) => {
      const spec = KINDS[kind].fields[name];
      return spec === undefined ? [] : [[spec.no, value] as const];
    })
    .sort(([a], [b]) => a - b);
}

function readFields(kind: KindName, value: unknown): Fields {
  const fields: Record<string, string> = {};
  let last = 0;
  for (const item of list(value, Object.keys(KINDS[kind].fields).length)) {
    const [no, said] = tuple(item, 2);
    if (typeof no !== 'number' || no <= last || typeof said !== 'string')
      throw malformed('a field of a record');
    const name = fieldByNumber(kind, no);
    if (name === undefined || !isValue(kind, no, said)) throw malformed('a value that no field has');
    fields[name] = said;
    last = no;
  }
  return fields;
}

function tuple(value: unknown, places: number): readonly unknown[] {
  if (!Array.isArray(value) || value.length !== places) throw malformed(`a list of ${String(places)} places`);
  return value;
}

function list(value: unknown, most: number): readonly unknown[] {
  if (!Array.isArray(value) || value.length > most) throw malformed(`at most ${String(most)} of a kind`);
  return value;
}

function text(value: unknown, most: number): string {
  if (typeof value !== 'string' || value.length > most) throw malformed('a text is too long, or none');
  return value;
}

function whole(value: unknown): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value >= 2 ** 32)
    throw malformed('a place in a feed');
  return value;
}

export function isRecordId(value: string): boolean {
  return value.length <= ID_CHARS && /^[^/\s]+\/\S+$/.test(value);
}

function recordId(value: unknown): RecordId {
  if (typeof value !== 'string' || !isRecordId(value)) throw malformed('no name of a record');
  return value;
}
