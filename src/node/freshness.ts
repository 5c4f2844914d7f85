/** When this node last had all that a member has, as far as both knew: what readers are told as “as of”. */
import type { LinkKey } from '../base/ids.ts';
import { decodeCbor, encodeCbor } from '../base/cbor.ts';
import type { Clock, Timer, Timers } from '../base/ports.ts';
import type { Meta } from './keys.ts';

const KEY = 'as-of';
const LOOK_MS = 2000;
/** What a kill -9 may take from it. */
const SAVE_MS = 60_000;

export interface FreshnessDeps {
  readonly meta: Meta;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Members' nodes that are linked now. */
  readonly members: () => readonly LinkKey[];
  readonly isInStepWith: (peer: LinkKey) => boolean;
}

export class Freshness {
  readonly #deps: FreshnessDeps;
  #asOfMs: number | undefined;
  #savedMs = 0;
  #timer: Timer | undefined;

  constructor(deps: FreshnessDeps) {
    this.#deps = deps;
    const stored = deps.meta.get(KEY);
    if (stored !== undefined) this.#asOfMs = decodeCbor(stored) as number;
    this.#savedMs = this.#asOfMs ?? 0;
  }

  start(): void {
    this.#look();
    this.#timer = this.#deps.timers.after(LOOK_MS, () => {
      this.start();
    });
  }

  stop(): void {
    this.#timer?.cancel();
    this.#look();
    this.#save();
  }

  /** Undefined while it never had. */
  asOfMs(): number | undefined {
    this.#look();
    return this.#asOfMs;
  }

  #look(): void {
    const { members, isInStepWith, clock } = this.#deps;
    if (!members().some((peer) => isInStepWith(peer))) return;
    this.#asOfMs = clock.nowMs();
    if (Math.abs(this.#asOfMs - this.#savedMs) >= SAVE_MS) this.#save();
  }

  #save(): void {
    if (this.#asOfMs === undefined || this.#asOfMs === this.#savedMs) return;
    this.#deps.meta.set(KEY, encodeCbor(Math.floor(this.#asOfMs)));
    this.#savedMs = this.#asOfMs;
  }
}
