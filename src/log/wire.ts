/** Entries as bytes. Layouts and vectors: docs/protocol/log.md. */
import { hash } from 'node:crypto';
import { concatBytes, equalBytes, fromHex, toHex, type Bytes } from '../base/bytes.ts';
import { decodeCbor, encodeCbor, malformed, type CborValue } from '../base/cbor.ts';
import { MAX_HLC_MS, MAX_HLC_N, type Hlc } from '../base/hlc.ts';
import { idFromBytes, idToBytes, type DeviceKey, type EntryHash, type FeedId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import { encodeLink, readLink } from '../identity/acts.ts';
import { AUDIENCE_PATTERN, LANES } from '../identity/roles.ts';
import type { FeedInfo, ForkEvidence, Header, PartRef, RawEntry, Run, SaltedPart } from './types.ts';

const VERSION = 1;
export const SALT_BYTES = 16;
export const SEAL_PURPOSE = 'feed seal';
export const NO_ENTRY = '0'.repeat(64) as EntryHash;
const KIND_PATTERN = /^[a-z][a-z0-9.-]*$/;

export function isKind(text: string): boolean {
  return text.length <= LIMITS.kindChars && KIND_PATTERN.test(text);
}

export function isAudience(text: string): boolean {
  return text.length <= LIMITS.audienceChars && AUDIENCE_PATTERN.test(text);
}

export function sha256(bytes: Bytes): Bytes {
  return new Uint8Array(hash('sha256', bytes, 'buffer'));
}

export function feedIdOf(device: DeviceKey, incarnation: string, lane: FeedInfo['lane']): FeedId {
  return toHex(sha256(encodeCbor(['kith feed', ...feedFields({ device, incarnation, lane })]))) as FeedId;
}

function feedFields(feed: Omit<FeedInfo, 'id'>): CborValue[] {
  return [idToBytes(feed.device), fromHex(feed.incarnation), LANES.indexOf(feed.lane)];
}

export function encodeFeedInfo(feed: FeedInfo): CborValue {
  return feedFields(feed);
}

export function readFeedInfo(value: unknown): FeedInfo {
  if (!Array.isArray(value) || value.length !== 3) throw malformed('a feed has device, incarnation and lane');
  const [deviceBytes, incarnationBytes, laneIndex] = value as unknown[];
  const device = idFromBytes<DeviceKey>(deviceBytes);
  if (!(incarnationBytes instanceof Uint8Array) || incarnationBytes.byteLength !== 16) {
    throw malformed('an incarnation is 16 bytes');
  }
  const lane = typeof laneIndex === 'number' ? LANES[laneIndex] : undefined;
  if (lane === undefined) throw malformed('unknown lane');
  const incarnation = toHex(incarnationBytes);
  return { id: feedIdOf(device, incarnation, lane), device, incarnation, lane };
}

export function encodeHeader(header: Header): Bytes {
  return encodeCbor([
    VERSION,
    idToBytes(header.feed),
    header.seq,
    idToBytes(header.prev),
    [header.hlc.ms, header.hlc.n],
    header.kind,
    header.after.map(encodeLink),
    header.parts.map((part) => [part.audience, part.digest, part.sizeBytes]),
  ]);
}

/** @throws KithError `malformed` */
export function decodeHeader(bytes: Bytes): Header {
  if (bytes.byteLength > LIMITS.headerBytes) throw malformed('a header is too large');
  const value = decodeCbor(bytes);
  if (!Array.isArray(value) || value.length !== 8 || value[0] !== VERSION)
    throw malformed('unknown kind of header');
  const [, feed, seq, prev, hlc, kind, after, parts] = value as unknown[];
  if (typeof kind !== 'string' || !isKind(kind)) throw malformed('a kind is a short lower-case word');
  if (!Array.isArray(after) || after.length > LIMITS.linksPerEntry) throw malformed('too many links');
  if (!Array.isArray(parts) || parts.length > LIMITS.partsPerEntry) throw malformed('too many parts');
  const header: Header = {
    feed: idFromBytes(feed),
    seq: readSeq(seq),
    prev: idFromBytes(prev),
    hlc: readHlc(hlc),
    kind,
    after: after.map(readLink),
    parts: parts.map(readPartRef),
  };
  // cborg reads a few encodings that it would never write (1.0 for 1): one value, one encoding, one digest.
  if (!equalBytes(encodeCbor(value as CborValue), bytes))
    throw malformed('a header has another, shorter encoding');
  return header;
}

export function hashHeader(headerBytes: Bytes): EntryHash {
  return hash('sha256', headerBytes, 'hex') as EntryHash;
}

export function readSeq(value: unknown): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > 0xffffffff) {
    throw malformed('a sequence number is 1 to 4294967295');
  }
  return value;
}

function readHlc(value: unknown): Hlc {
  if (!Array.isArray(value) || value.length !== 2) throw malformed('a time has two places');
  const [ms, n] = value as unknown[];
  const fits = (part: unknown, max: number): part is number =>
    typeof part === 'number' && Number.isInteger(part) && part >= 0 && part <= max;
  if (!fits(ms, MAX_HLC_MS) || !fits(n, MAX_HLC_N)) throw malformed('a time is out of range');
  return { ms, n };
}

function readPartRef(value: unknown): PartRef {
  if (!Array.isArray(value) || value.length !== 3) throw malformed('a part has audience, digest and size');
  const [audience, digest, sizeBytes] = value as unknown[];
  if (typeof audience !== 'string' || !isAudience(audience)) throw malformed('unknown audience');
  if (!(digest instanceof Uint8Array) || digest.byteLength !== 32) throw malformed('a digest is 32 bytes');
  if (
    typeof sizeBytes !== 'number' ||
    !Number.isInteger(sizeBytes) ||
    sizeBytes < 0 ||
    sizeBytes > LIMITS.partBytes
  ) {
    throw malformed('a part is too large');
  }
  return { audience, digest, sizeBytes };
}

export function saltPart(salt: Bytes, payload: Bytes): SaltedPart {
  return concatBytes(salt, payload);
}

export function payloadOf(part: SaltedPart): Bytes {
  return part.subarray(SALT_BYTES);
}

export function partMatches(ref: PartRef, part: SaltedPart): boolean {
  return part.byteLength === SALT_BYTES + ref.sizeBytes && equalBytes(sha256(part), ref.digest);
}

/** What a seal signs: the place and the digest, and through the digest all before it. */
export function sealStatement(feed: FeedId, seq: number, entry: EntryHash): Bytes {
  return encodeCbor([idToBytes(feed), seq, idToBytes(entry)]);
}

export function encodeRun(run: Run): CborValue {
  return [encodeFeedInfo(run.feed), run.entries.map(encodeRawEntry)];
}

export function readRun(value: unknown): Run {
  if (!Array.isArray(value) || value.length !== 2) throw malformed('a run has a feed and entries');
  return { feed: readFeedInfo(value[0]), entries: readRawEntries(value[1]) };
}

function encodeRawEntry(entry: RawEntry): CborValue {
  return [entry.headerBytes, entry.parts, entry.seal];
}

function readRawEntries(value: unknown): RawEntry[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > LIMITS.entriesPerSeal) {
    throw malformed('a run has one to 1,024 entries');
  }
  return value.map(readRawEntry);
}

function readRawEntry(value: unknown): RawEntry {
  if (!Array.isArray(value) || value.length !== 3) throw malformed('an entry has header, parts and seal');
  const [headerBytes, parts, seal] = value as unknown[];
  if (!(headerBytes instanceof Uint8Array)) throw malformed('a header is bytes');
  if (!Array.isArray(parts) || parts.length > LIMITS.partsPerEntry) throw malformed('too many parts');
  for (const part of parts as unknown[]) {
    if (part !== null && !(part instanceof Uint8Array)) throw malformed('a part is bytes or absent');
  }
  if (seal !== null && !(seal instanceof Uint8Array && seal.byteLength === 64))
    throw malformed('a seal is 64 bytes');
  return { headerBytes, parts: parts as (Bytes | null)[], seal };
}

export function encodeEvidence(evidence: ForkEvidence): CborValue {
  const bare = (entries: readonly RawEntry[]): CborValue => entries.map((e) => [e.headerBytes, [], e.seal]);
  return [encodeFeedInfo(evidence.feed), evidence.seq, bare(evidence.one), bare(evidence.other)];
}

export function readEvidence(value: unknown): ForkEvidence {
  if (!Array.isArray(value) || value.length !== 4) throw malformed('evidence has four places');
  const [feed, seq, one, other] = value as unknown[];
  return {
    feed: readFeedInfo(feed),
    seq: readSeq(seq),
    one: readRawEntries(one),
    other: readRawEntries(other),
  };
}
