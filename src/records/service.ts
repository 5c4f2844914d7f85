/** Lets time pass for the registry: ends what has expired, erases, and signs that it did. */
import type { Timer, Timers } from '../base/ports.ts';
import type { RecordContext } from './context.ts';
import { RecordDesk } from './desk.ts';
import { ExchangeDesk } from './exchange/index.ts';

/** PFIF gives a day; views hide at once. */
const SWEEP_MS = 60_000;
/** After something was written or heard, and between goes while there is more to do. */
const SOON_MS = 200;

export interface RecordServiceDeps extends RecordContext {
  readonly timers: Timers;
}

export class RecordService {
  readonly desk: RecordDesk;
  readonly exchange: ExchangeDesk;
  readonly #deps: RecordServiceDeps;
  #timer: Timer | undefined;
  #isSoon = false;
  #stopped = false;
  #looked: () => void = () => undefined;

  constructor(deps: RecordServiceDeps) {
    this.#deps = deps;
    this.desk = new RecordDesk(deps);
    this.exchange = new ExchangeDesk(deps);
    deps.log.on({
      appended: ({ lane }) => {
        if (lane === 'data') this.#soon();
      },
      membership: () => {
        this.#soon();
      },
      refolded: () => {
        this.#soon();
      },
    });
    this.#wait(SOON_MS);
  }

  /** Called after each time that something may have changed of what this node has to say. */
  onLook(looked: () => void): void {
    this.#looked = looked;
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #soon(): void {
    if (this.#isSoon || this.#stopped) return;
    this.#isSoon = true;
    this.#timer?.cancel();
    this.#wait(SOON_MS);
  }

  #wait(delayMs: number): void {
    this.#timer = this.#deps.timers.after(delayMs, () => {
      this.#isSoon = false;
      const hasMore = this.#look();
      // What was appended just now may have asked for another look already.
      if (!this.#isAsked()) this.#wait(hasMore ? SOON_MS : SWEEP_MS);
    });
  }

  #isAsked(): boolean {
    return this.#stopped || this.#isSoon;
  }

  /** What cannot be written now is tried again: nothing is lost by that but time. */
  #look(): boolean {
    try {
      const hasMore = this.desk.sweep();
      const hasConfirmed = this.desk.confirm() > 0;
      this.#looked();
      return hasConfirmed || hasMore;
    } catch (error) {
      this.#deps.logger.error({ error }, 'records that ended could not be erased; it is tried again');
      return false;
    }
  }
}
