/** Carries readers' words that they have erased to members, who take them into the log. */
import type { LinkKey } from '../base/ids.ts';
import type { Clock, Logger, Rng, Timer, Timers } from '../base/ports.ts';
import type { RecordDesk } from '../records/index.ts';
import type { RelayService } from '../net/relay/service.ts';

const TOPIC = 'records/erased';
/** The log tells when somebody took it; until then another one is asked. */
const AGAIN_MS = 5000;

export interface ErasedWordsDeps {
  readonly relay: Pick<RelayService, 'on' | 'send'>;
  readonly desk: RecordDesk;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly rng: Rng;
  readonly logger: Logger;
  /** Members' nodes, those that are linked first. */
  readonly members: () => readonly { readonly peer: LinkKey; readonly linked: boolean }[];
}

export class ErasedWords {
  readonly #deps: ErasedWordsDeps;
  #sentMs = -Infinity;
  #timer: Timer | undefined;

  constructor(deps: ErasedWordsDeps) {
    this.#deps = deps;
    deps.relay.on(TOPIC, (from, body) => {
      try {
        if (deps.desk.takeErasedWord(body))
          deps.logger.debug({ from }, 'took a reader’s word that it has erased');
      } catch (error) {
        deps.logger.warn({ from, error }, 'a reader’s word could not be written; it will say it again');
      }
    });
  }

  /** Does nothing where there is nothing to say, or where it was said a moment ago. */
  say(): void {
    const { desk, clock, relay, timers } = this.#deps;
    const nowMs = clock.monotonicMs();
    if (nowMs - this.#sentMs < AGAIN_MS) return;
    const to = this.#choose();
    const word = to === undefined ? undefined : desk.erasedWord();
    if (to === undefined || word === undefined) return;
    if (!relay.send(to, TOPIC, word)) return;
    this.#sentMs = nowMs;
    this.#timer?.cancel();
    this.#timer = timers.after(AGAIN_MS, () => {
      this.say();
    });
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #choose(): LinkKey | undefined {
    const { members, rng } = this.#deps;
    const all = members();
    const linked = all.filter((one) => one.linked);
    const pool = linked.length > 0 ? linked : all;
    return pool.length === 0 ? undefined : pool[rng.below(pool.length)]?.peer;
  }
}
