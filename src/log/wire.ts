/** Entries as bytes. Layouts and vectors: docs/protocol/log.md. */
import { hash } from 'node:crypto';
import { concatBytes, equalBytes, fromHex, toHex, type Bytes } from '../base/bytes.ts';
import { encodeCbor, malformed, type CborValue } from '../base/cbor.ts';
import { CborReader } from '../base/cbor-reader.ts';
import { MAX_HLC_MS, MAX_HLC_N, type Hlc } from '../base/hlc.ts';
import { idFromBytes, idToBytes, type DeviceKey, type EntryHash, type FeedId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import { encodeLink, readLink } from '../identity/acts.ts';
import { AUDIENCE_PATTERN, LANES, type Audience } from '../identity/roles.ts';
import type { FeedInfo, ForkEvidence, Header, PartRef, RawEntry, Run, SaltedPart } from './types.ts';

const VERSION = 1;
const HEADER_PLACES = 8;
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
  const reader = openHeader(bytes);
  const feed = idFromBytes<FeedId>(reader.bytes());
  const seq = readSeq(reader.whole());
  const prev = idFromBytes<EntryHash>(reader.bytes());
  const hlc = readHlc(reader);
  const kind = reader.text();
  if (!isKind(kind)) throw malformed('a kind is a short lower-case word');
  const after = readUpTo(reader, LIMITS.linksPerEntry, () => readLink(reader.value()));
  const parts = readUpTo(reader, LIMITS.partsPerEntry, () => readPartRef(reader));
  reader.end();
  return { feed, seq, prev, hlc, kind, after, parts };
}

/** For whom the parts are, of a header that was checked when it was stored: what a sender has to know of it. */
export function audiencesOf(headerBytes: Bytes): Audience[] {
  const reader = openHeader(headerBytes);
  for (let place = 1; place < HEADER_PLACES - 1; place += 1) reader.skip();
  return readUpTo(reader, LIMITS.partsPerEntry, () => readPartRef(reader).audience);
}

function openHeader(bytes: Bytes): CborReader {
  if (bytes.byteLength > LIMITS.headerBytes) throw malformed('a header is too large');
  const reader = new CborReader(bytes);
  if (reader.array() !== HEADER_PLACES || reader.whole() !== VERSION)
    throw malformed('unknown kind of header');
  return reader;
}

function readUpTo<Item>(reader: CborReader, most: number, read: () => Item): Item[] {
  const count = reader.array();
  if (count > most) throw malformed('a list is too long');
  const items: Item[] = [];
  for (let left = count; left > 0; left -= 1) items.push(read());
  return items;
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

function readHlc(reader: CborReader): Hlc {
  if (reader.array() !== 2) throw malformed('a time has two places');
  const [ms, n] = [reader.whole(), reader.whole()];
  if (ms > MAX_HLC_MS || n > MAX_HLC_N) throw malformed('a time is out of range');
  return { ms, n };
}

function readPartRef(reader: CborReader): PartRef {
  if (reader.array() !== 3) throw malformed('a part has audience, digest and size');
  const audience = reader.text();
  if (!isAudience(audience)) throw malformed('unknown audience');
  const digest = reader.bytes();
  if (digest.byteLength !== 32) throw malformed('a digest is 32 bytes');
  const sizeBytes = reader.whole();
  if (sizeBytes > LIMITS.partBytes) throw malformed('a part is too large');
  return { audience, digest, sizeBytes };
}

export function saltPart(salt: Bytes, payload: Bytes): SaltedPart {
  return concatBytes(salt, payload);
}

export function payloadOf(part: SaltedPart): Bytes {
  return part.subarray(SALT_BYTES);
}

export function partMatches(ref: PartRef, part: SaltedPart): boolean {
  return (
    part.byteLength === SALT_BYTES + ref.sizeBytes && equalBytes(hash('sha256', part, 'buffer'), ref.digest)
  );
}

/** What a seal signs: the place and the digest, and through the digest all before it. */
export function sealStatement(feed: FeedId, seq: number, entry: EntryHash): Bytes {
  return encodeCbor([idToBytes(feed), seq, idToBytes(entry)]);
}

export function encodeRun(run: Run): CborValue {
  return [encodeFeedInfo(run.feed), run.entries.map(encodeRawEntry)];
}

/** Headers, parts and seals are views of what is read: a run is taken in at once, and no copy is made of it. */
export function readRun(reader: CborReader): Run {
  if (reader.array() !== 2) throw malformed('a run has a feed and entries');
  return { feed: readFeedInfo(reader.value()), entries: readRawEntries(reader) };
}

function encodeRawEntry(entry: RawEntry): CborValue {
  return [entry.headerBytes, entry.parts, entry.seal];
}

function readRawEntries(reader: CborReader): RawEntry[] {
  const entries = readUpTo(reader, LIMITS.entriesPerSeal, () => readRawEntry(reader));
  if (entries.length === 0) throw malformed('a run has one to 1,024 entries');
  return entries;
}

function readRawEntry(reader: CborReader): RawEntry {
  if (reader.array() !== 3) throw malformed('an entry has header, parts and seal');
  const headerBytes = reader.bytes();
  const parts = readUpTo(reader, LIMITS.partsPerEntry, () => (reader.isNull() ? null : reader.bytes()));
  const seal = reader.isNull() ? null : reader.bytes();
  if (seal !== null && seal.byteLength !== 64) throw malformed('a seal is 64 bytes');
  return { headerBytes, parts, seal };
}

export function encodeEvidence(evidence: ForkEvidence): CborValue {
  const bare = (entries: readonly RawEntry[]): CborValue => entries.map((e) => [e.headerBytes, [], e.seal]);
  return [encodeFeedInfo(evidence.feed), evidence.seq, bare(evidence.one), bare(evidence.other)];
}

export function readEvidence(reader: CborReader): ForkEvidence {
  if (reader.array() !== 4) throw malformed('evidence has four places');
  return {
    feed: readFeedInfo(reader.value()),
    seq: readSeq(reader.whole()),
    one: readRawEntries(reader),
    other: readRawEntries(reader),
  };
}

/** Reads all of the bytes. @throws KithError `malformed` */
export function readWhole<Value>(bytes: Bytes, read: (reader: CborReader) => Value): Value {
  const reader = new CborReader(bytes);
  const value = read(reader);
  reader.end();
  return value;
}
