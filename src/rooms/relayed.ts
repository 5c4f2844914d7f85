/** Frames of rooms between devices without a link: in pieces, over others, and not more of them than a neighbour carries. */
import type { Bytes } from '../base/bytes.ts';
import { isKithError } from '../base/errors.ts';
import type { DeviceKey } from '../base/ids.ts';
import type { Clock } from '../base/ports.ts';
import { inPieces, Pieces } from './pieces.ts';
import type { RoomRelay } from './ports.ts';

/** Half of what a neighbour may send through one node (`net/relay/core.ts`), so that votes are never what is too much. */
const PIECES_PER_S = 100;
const BURST_PIECES = 200;
/** Whoever was heard this way within that time is reached this way. */
const HEARD_MS = 15_000;

export class RelayedFrames {
  readonly #relay: RoomRelay;
  readonly #clock: Clock;
  readonly #pieces = new Pieces<DeviceKey>();
  readonly #heardMs = new Map<DeviceKey, number>();
  #number = 0;
  #left = BURST_PIECES;
  #filledMs: number;

  constructor(relay: RoomRelay, clock: Clock, take: (from: DeviceKey, frame: Bytes) => void) {
    this.#relay = relay;
    this.#clock = clock;
    this.#filledMs = clock.monotonicMs();
    relay.on((from, bytes) => {
      const frame = this.#whole(from, bytes);
      if (frame === undefined) return;
      this.#heardMs.set(from, clock.monotonicMs());
      take(from, frame);
    });
  }

  #whole(from: DeviceKey, bytes: Bytes): Bytes | undefined {
    try {
      return this.#pieces.take(from, bytes);
    } catch (error) {
      if (!isKithError(error, 'malformed')) throw error;
      return undefined;
    }
  }

  /** @returns false where no way is known, or there is no room on it. */
  send(to: DeviceKey, frame: Bytes): boolean {
    this.#number += 1;
    const pieces = inPieces(frame, this.#number, this.#relay.sizeBytes);
    if (pieces === undefined || !this.#mayPass(pieces.length)) return false;
    return pieces.every((piece) => this.#relay.send(to, piece));
  }

  #mayPass(count: number): boolean {
    const nowMs = this.#clock.monotonicMs();
    this.#left = Math.min(BURST_PIECES, this.#left + ((nowMs - this.#filledMs) * PIECES_PER_S) / 1000);
    this.#filledMs = nowMs;
    if (this.#left < count) return false;
    this.#left -= count;
    return true;
  }

  /** Devices that were heard this way just now. */
  heardOf(): readonly DeviceKey[] {
    const sinceMs = this.#clock.monotonicMs() - HEARD_MS;
    for (const [device, heardMs] of this.#heardMs) if (heardMs < sinceMs) this.#heardMs.delete(device);
    return [...this.#heardMs.keys()];
  }
}
