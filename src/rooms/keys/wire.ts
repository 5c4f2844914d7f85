/** A room's keys as they lie on disk (sealed there), and the keys of single messages as members hand them to newcomers. */
import { fromHex, type Bytes } from '../../base/bytes.ts';
import { decodeCbor, encodeCbor, type CborValue } from '../../base/cbor.ts';
import { idFromBytes, type DeviceKey } from '../../base/ids.ts';
import { bytesIn, exactly, listOf, numberIn } from '../consensus/wire.ts';
import type { EpochSecret, KeyState, PendingCommit } from './core.ts';

export function encodeKeys({ at, inside, group, epochs, floor, sinceMs, pending, missing }: KeyState): Bytes {
  return encodeCbor([
    at,
    inside.map(fromHex),
    group ?? null,
    epochs.map(({ epoch, secret, from }) => [epoch, secret, from]),
    floor,
    Math.max(0, Math.floor(sinceMs)),
    pending === undefined ? null : [pending.epoch, pending.at, pending.digest, pending.group],
    missing === undefined ? null : [missing.from, missing.to],
  ]);
}

/** @throws KithError `malformed` */
export function readKeys(bytes: Bytes): KeyState {
  const [at, inside, group, epochs, floor, sinceMs, pending, missing] = exactly(listOf(decodeCbor(bytes)), 8);
  return {
    at: numberIn(at),
    inside: listOf(inside).map((one) => idFromBytes<DeviceKey>(one)),
    group: group === null ? undefined : bytesIn(group),
    epochs: listOf(epochs).map(epochIn),
    floor: numberIn(floor),
    sinceMs: numberIn(sinceMs),
    pending: pending === null ? undefined : pendingIn(pending),
    missing: missing === null ? undefined : spanIn(missing),
  };
}

function epochIn(value: CborValue): EpochSecret {
  const [epoch, secret, from] = exactly(listOf(value), 3);
  return { epoch: numberIn(epoch), secret: bytesIn(secret), from: numberIn(from) };
}

function pendingIn(value: CborValue | undefined): PendingCommit {
  const [epoch, at, digest, group] = exactly(listOf(value), 4);
  return { epoch: numberIn(epoch), at: numberIn(at), digest: bytesIn(digest), group: bytesIn(group) };
}

function spanIn(value: CborValue | undefined): { readonly from: number; readonly to: number } {
  const [from, to] = exactly(listOf(value), 2);
  return { from: numberIn(from), to: numberIn(to) };
}

export interface TextKey {
  readonly index: number;
  readonly key: Bytes;
}

export function encodeTextKeys(keys: readonly TextKey[]): Bytes {
  return encodeCbor(keys.map(({ index, key }) => [index, key]));
}

/** @throws KithError `malformed` */
export function readTextKeys(bytes: Bytes): readonly TextKey[] {
  return listOf(decodeCbor(bytes)).map((one) => {
    const [index, key] = exactly(listOf(one), 2);
    return { index: numberIn(index), key: bytesIn(key) };
  });
}
