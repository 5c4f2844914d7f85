/** Lets the bulk channels of a link hand over only so much as may be on its way ([pace](pace.ts)), in turns. */
import { equalBytes, type Bytes } from '../../base/bytes.ts';
import type { Clock, Logger } from '../../base/ports.ts';
import { PING_BYTES } from '../ping.ts';
import type { Channel } from '../ports.ts';
import { Pace } from './pace.ts';

const AGAIN_MS = 10_000;

export interface PacerDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  /** A channel on which the other side sends every frame back. */
  openEcho(): Promise<Channel>;
}

export class Pacer {
  readonly #deps: PacerDeps;
  #pace = new Pace();
  /** In the order in which they come next; each is gone from here before it is asked to go on. */
  readonly #waiting = new Set<() => void>();
  #echo: Channel | undefined;
  #isOpening = false;
  /** No echo came of the last try: everything goes at once. */
  #isFree = false;
  #tryAtMs = -Infinity;
  #asked = 0;
  #answered = 0;

  constructor(deps: PacerDeps) {
    this.#deps = deps;
  }

  /**
   * Bytes of `waitingBytes` that may be handed over now; with none, `goOn` is called once there is room.
   * A peer that sends no echo gets everything at once, and is asked again after a while: it may not have known this node yet.
   */
  room(waitingBytes: number, goOn: () => void): number {
    if (this.#echo === undefined && !this.#isOpening && this.#nowMs >= this.#tryAtMs) void this.#open();
    if (this.#isFree) return waitingBytes;
    this.#probe(waitingBytes);
    const bytes = Math.min(waitingBytes, this.#pace.roomBytes(this.#nowMs));
    if (bytes === 0) this.#waiting.add(goOn);
    return bytes;
  }

  handed(bytes: number): void {
    this.#pace.handed(bytes, this.#nowMs);
    this.#probe(0);
  }

  left(goOn: () => void): void {
    this.#waiting.delete(goOn);
  }

  get #nowMs(): number {
    return this.#deps.clock.monotonicMs();
  }

  async #open(): Promise<void> {
    this.#isOpening = true;
    try {
      const echo = await this.#deps.openEcho();
      echo.onFrame((frame) => {
        this.#take(echo, frame);
      });
      echo.onClose(() => {
        if (this.#echo === echo) this.#goWithout();
      });
      this.#begin(echo);
    } catch (error) {
      this.#deps.logger.debug({ error }, 'bulk is not paced: a peer sends no echo');
      this.#goWithout();
    } finally {
      this.#isOpening = false;
    }
  }

  #begin(echo: Channel): void {
    this.#echo = echo;
    // What went unseen before a first try that failed is not counted.
    if (this.#isFree) this.#pace = new Pace();
    this.#isFree = false;
    [this.#asked, this.#answered] = [0, 0];
    this.#probe(Infinity);
  }

  #goWithout(): void {
    this.#echo = undefined;
    this.#isFree = true;
    this.#tryAtMs = this.#nowMs + AGAIN_MS;
    this.#goOn();
  }

  #probe(nextBytes: number): void {
    if (this.#echo === undefined || !this.#pace.wantsProbe(nextBytes)) return;
    this.#pace.probed(this.#nowMs);
    this.#asked += 1;
    this.#echo.send(probeOf(this.#asked));
  }

  #take(echo: Channel, frame: Bytes): void {
    if (!equalBytes(frame, probeOf(this.#answered + 1))) {
      echo.abort(new Error('an echo of what was not sent'));
      return;
    }
    this.#answered += 1;
    this.#pace.answered(this.#nowMs);
    this.#goOn();
  }

  /** One after the other: who used up the room waits behind those who had none. */
  #goOn(): void {
    for (const goOn of this.#waiting) {
      if (!this.#isFree && this.#pace.roomBytes(this.#nowMs) === 0) return;
      this.#waiting.delete(goOn);
      goOn();
    }
  }
}

function probeOf(number: number): Bytes {
  const frame = new Uint8Array(PING_BYTES);
  new DataView(frame.buffer).setFloat64(0, number);
  return frame;
}
