/**
 * Who is let to the keys next. Each change of keys ends an epoch, so of many who come at once all but one would have made
 * theirs in vain, again and again: whoever puts in order lets one after the other.
 */
import type { DeviceKey } from '../../base/ids.ts';

/** Whoever does not use its turn within that time gives it up; it may take the next one. */
export const TURN_MS = 2000;
/** Who has not asked again for so long is not there any more, or has got keys elsewhere. */
export const ASKED_MS = 10_000;

export class Joiners {
  readonly #askedMs = new Map<DeviceKey, number>();
  #turn: { readonly device: DeviceKey; readonly epoch: number; readonly sinceMs: number } | undefined;

  asked(device: DeviceKey, nowMs: number): void {
    // Of those who ask again, nobody loses its place.
    this.#askedMs.set(device, nowMs);
    if (this.#turn?.device === device && nowMs - this.#turn.sinceMs > TURN_MS / 4) this.#turn = undefined;
  }

  /** Its change of keys is in the order, whether it counts or not: if it has no keys yet, it asks again. */
  came(device: string): void {
    this.#askedMs.delete(device as DeviceKey);
    if (this.#turn?.device === device) this.#turn = undefined;
  }

  /** @returns whom to tell of this epoch now, if anybody. */
  next(epoch: number, nowMs: number, mayCome: (device: DeviceKey) => boolean): DeviceKey | undefined {
    for (const [device, askedMs] of this.#askedMs)
      if (nowMs - askedMs > ASKED_MS) this.#askedMs.delete(device);
    const turn = this.#turn;
    if (turn?.epoch === epoch && nowMs - turn.sinceMs < TURN_MS) return undefined;
    const waiting = [...this.#askedMs.keys()].filter(mayCome);
    // Whoever had its turn and did not use it lets the others go first.
    const device = waiting.find((one) => one !== turn?.device || turn.epoch !== epoch) ?? waiting[0];
    this.#turn = device === undefined ? undefined : { device, epoch, sinceMs: nowMs };
    return device;
  }
}
