/**
 * Which keys of a room are held, which of them still count, and what that means for a message. Pure: the group itself,
 * and what is on disk, are the service's affair.
 */
import type { Bytes } from '../../base/bytes.ts';
import type { DeviceKey } from '../../base/ids.ts';

/** What one epoch's messages are opened with, and the place in the log at which it began here. */
export interface EpochSecret {
  readonly epoch: number;
  readonly secret: Bytes;
  readonly from: number;
}

/** A change of keys that this device wrote and that has no place in the order yet. */
export interface PendingCommit {
  /** The epoch that it ends, and how far the log was followed by whoever told of that epoch. */
  readonly epoch: number;
  readonly at: number;
  readonly digest: Bytes;
  /** Where it leads. */
  readonly group: Bytes;
}

/** Entries above `from`, up to `to`. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

export interface KeyState {
  /** The log was followed up to there. */
  readonly at: number;
  /** Devices of the roster as of there: who may be in the group. */
  readonly inside: readonly DeviceKey[];
  /** Serialised; undefined while this device is in no group. */
  readonly group: Bytes | undefined;
  /** Oldest first. */
  readonly epochs: readonly EpochSecret[];
  /** The epoch since when nobody who was put out has the keys. */
  readonly floor: number;
  /** When the newest epoch began here, by this device's clock. */
  readonly sinceMs: number;
  readonly pending: PendingCommit | undefined;
  /** Whose messages may lack a key here: others are asked for them. */
  readonly missing: Span | undefined;
}

/** What is said of the keys. `coming`: none yet. `behind`: the host has others, and this device joins them anew. */
export interface KeysStanding {
  readonly state: 'in' | 'coming' | 'behind';
  readonly epoch: number | undefined;
  /** Devices that said that they are at another point. */
  readonly differing: readonly DeviceKey[];
}

export const NO_KEYS: KeyState = {
  at: 0,
  inside: [],
  group: undefined,
  epochs: [],
  floor: 0,
  sinceMs: 0,
  pending: undefined,
  missing: undefined,
};

/** Epochs whose messages may still be put in order: what an author sealed before others came, or keys were renewed. */
export const WINDOW = 4;
export const RENEW_MS = 24 * 60 * 60 * 1000;

export function secretOf(state: KeyState, epoch: number): Bytes | undefined {
  return state.epochs.find((one) => one.epoch === epoch)?.secret;
}

export function currentOf(state: KeyState): EpochSecret | undefined {
  return state.group === undefined ? undefined : state.epochs.at(-1);
}

/** Whether a message sealed in that epoch may get its place now. */
export function accepts(state: KeyState, epoch: number): boolean {
  const current = currentOf(state);
  if (current === undefined) return false;
  return epoch >= state.floor && epoch > current.epoch - WINDOW && epoch <= current.epoch;
}

/** Those who have the keys and are in the room no more. */
export function goneFrom(state: KeyState, members: readonly DeviceKey[]): readonly DeviceKey[] {
  return members.filter((device) => !state.inside.includes(device));
}

export interface Advance {
  readonly group: Bytes;
  readonly epoch: number;
  readonly secret: Bytes;
  /** Of the entry that led there. */
  readonly index: number;
  readonly nowMs: number;
  /** Nobody of before may read on: somebody went, or what was before is not known here. */
  readonly parts: boolean;
}

/** @returns the next state, and the epochs whose secrets go. */
export function advanced(
  state: KeyState,
  { group, epoch, secret, index, nowMs, parts }: Advance,
): { readonly state: KeyState; readonly dropped: readonly EpochSecret[] } {
  const floor = parts ? epoch : state.floor;
  const isKept = (one: EpochSecret): boolean => one.epoch >= floor && one.epoch > epoch - WINDOW;
  const kept = state.epochs.filter(isKept);
  const next = { ...state, group, floor, at: index, sinceMs: nowMs, pending: undefined };
  return {
    state: { ...next, epochs: [...kept, { epoch, secret, from: index }] },
    dropped: state.epochs.filter((one) => !isKept(one)),
  };
}

/** Both spans as one. */
export function widened(span: Span | undefined, from: number, to: number): Span | undefined {
  if (from >= to) return span;
  if (span === undefined) return { from, to };
  return { from: Math.min(span.from, from), to: Math.max(span.to, to) };
}

/** What is left of a span when its upper part, down to `reached`, is done. */
export function narrowed(span: Span | undefined, reached: number): Span | undefined {
  if (span === undefined || reached <= span.from) return undefined;
  return { from: span.from, to: Math.min(span.to, reached) };
}
