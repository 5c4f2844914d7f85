/** Turns drafts into entries: places, times, salts, digests, and one signature over the batch. */
import { assert, KithError } from '../base/errors.ts';
import type { HybridClock } from '../base/hlc.ts';
import { LIMITS } from '../base/limits.ts';
import type { Rng } from '../base/ports.ts';
import type { Signer } from '../identity/signing.ts';
import type { EntryLink } from '../identity/types.ts';
import type { Draft, Entry, FeedInfo, Header, SaltedPart } from './types.ts';
import {
  encodeHeader,
  hashHeader,
  isAudience,
  isKind,
  NO_ENTRY,
  SALT_BYTES,
  saltPart,
  SEAL_PURPOSE,
  sealStatement,
  sha256,
} from './wire.ts';

export interface WritingDeps {
  readonly clock: HybridClock;
  readonly rng: Rng;
  readonly signer: Signer;
}

/** @param end where the feed ends now. @param after acts that the first draft's author had seen, as news. */
export function sealDrafts(
  deps: WritingDeps,
  feed: FeedInfo,
  end: Pick<Header, 'seq'> & { readonly hash: Header['prev'] },
  drafts: readonly Draft[],
  after: readonly EntryLink[],
): Entry[] {
  let { seq, hash } = end;
  return drafts.map((draft, index) => {
    mustBeReadable(draft);
    const parts = draft.parts.map((part) => saltDraft(deps.rng, part.payload));
    const header: Header = {
      feed: feed.id,
      seq: seq + 1,
      prev: hash,
      hlc: deps.clock.tick(),
      kind: draft.kind,
      after: index === 0 ? after : [],
      parts: draft.parts.map(({ audience, payload }, at) => ({
        audience,
        digest: sha256(parts[at] ?? payload),
        sizeBytes: payload.byteLength,
      })),
    };
    const headerBytes = encodeHeader(header);
    seq = header.seq;
    hash = hashHeader(headerBytes);
    const isLast = index === drafts.length - 1;
    const seal = isLast ? deps.signer.sign(SEAL_PURPOSE, sealStatement(feed.id, seq, hash)) : null;
    return { hash, header, headerBytes, parts, seal };
  });
}

export const FEED_START = { seq: 0, hash: NO_ENTRY } as const;

function saltDraft(rng: Rng, payload: Uint8Array): SaltedPart {
  mustFit(payload.byteLength, LIMITS.partBytes);
  return saltPart(rng.bytes(SALT_BYTES), payload);
}

/** What others would refuse must not be written: it would stand in this feed's way for good. */
function mustBeReadable({ kind, parts }: Draft): void {
  assert(isKind(kind), `“${kind}” is a kind of entry`);
  assert(parts.length <= LIMITS.partsPerEntry, 'an entry has one part an audience');
  for (const { audience } of parts) assert(isAudience(audience), `“${audience}” is an audience`);
  mustFit(
    parts.reduce((sum, { payload }) => sum + payload.byteLength, 0),
    LIMITS.sealedRunBytes,
  );
}

function mustFit(sizeBytes: number, limitBytes: number): void {
  if (sizeBytes <= limitBytes) return;
  throw new KithError(
    'too-large',
    `This is ${String(sizeBytes)} bytes, and one entry holds ${String(limitBytes)}.`,
    {
      next: 'Send it as a file.',
    },
  );
}

/** What an entry and each of its parts add to their payloads on the way, about. */
const ENTRY_BYTES = 160;
const PART_BYTES = 80;

/** Splits drafts so that each piece fits under one seal, in entries and in bytes. */
export function splitForSeals(drafts: readonly Draft[]): Draft[][] {
  const pieces: Draft[][] = [];
  let piece: Draft[] = [];
  let sizeBytes = 0;
  for (const draft of drafts) {
    const draftBytes = draft.parts.reduce(
      (sum, part) => sum + part.payload.byteLength + PART_BYTES,
      ENTRY_BYTES,
    );
    const full = piece.length === LIMITS.entriesPerSeal || sizeBytes + draftBytes > LIMITS.sealedRunBytes;
    if (full && piece.length > 0) {
      pieces.push(piece);
      piece = [];
      sizeBytes = 0;
    }
    piece.push(draft);
    sizeBytes += draftBytes;
  }
  if (piece.length > 0) pieces.push(piece);
  return pieces;
}
