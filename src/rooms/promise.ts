/** What a replica has promised, as it lies on the disk. */
import { fromHex, toHex, type Bytes } from '../base/bytes.ts';
import { decodeCbor, encodeCbor, malformed, type CborValue } from '../base/cbor.ts';
import {
  bytesIn,
  exactly,
  listOf,
  markFields,
  numberIn,
  readMark,
  readSnapshot,
  readSilence,
  replicaIn,
  silenceFields,
  snapshotFields,
} from './consensus/wire.ts';
import type { ChainHash, HeardOfSilence, ReplicaId, Snapshot } from './consensus/types.ts';
import type { Gap } from './older/core.ts';

export interface Promised {
  readonly term: number;
  readonly vote: ReplicaId | undefined;
  readonly height: { readonly index: number; readonly hash: ChainHash };
  readonly base: Snapshot;
  /** What came as a summary, and is not here yet: the oldest first. */
  readonly gaps: readonly Gap[];
  readonly heard: HeardOfSilence;
}

export const HEARD_NOTHING: HeardOfSilence = { term: 0, silent: [] };

/** As it was written before gaps were noted. */
export type PromisedBefore = Omit<Promised, 'gaps'> & { readonly gaps: undefined };

export function promiseBytes({ term, vote, height, base, gaps, heard }: Promised): Bytes {
  const fields = [term, vote ?? null, height.index, fromHex(height.hash), snapshotFields(base)];
  const silent = heard.silent.length === 0 ? [] : [[heard.term, silenceFields(heard.silent)]];
  return encodeCbor([...fields, gaps.map(gapFields), ...silent]);
}

/** @throws KithError `malformed` */
export function readPromise(bytes: Bytes): Promised | PromisedBefore {
  const fields = listOf(decodeCbor(bytes));
  if (fields.length < 5 || fields.length > 7) throw malformed('a promise');
  const [term, vote, index, hash, base, gaps, heard] = fields;
  const promised = {
    term: numberIn(term),
    vote: vote === null ? undefined : replicaIn(vote),
    height: { index: numberIn(index), hash: toHex(bytesIn(hash)) },
    base: readSnapshot(base),
    heard: heard === undefined ? HEARD_NOTHING : heardIn(heard),
  };
  return { ...promised, gaps: gaps === undefined ? undefined : listOf(gaps).map(gapIn) };
}

function heardIn(value: CborValue): HeardOfSilence {
  const [term, silent] = exactly(listOf(value), 2);
  return { term: numberIn(term), silent: readSilence(silent) };
}

function gapFields({ from, reached, to }: Gap): CborValue {
  return [markFields(from), markFields(reached), markFields(to)];
}

function gapIn(value: CborValue): Gap {
  const [from, reached, to] = exactly(listOf(value), 3).map(readMark);
  if (from === undefined || reached === undefined || to === undefined) throw malformed('a gap');
  return { from, reached, to };
}
