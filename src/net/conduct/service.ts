/** Faults come in from every channel; who has too many is slowed down, then cut off, and it is told why. */
import type { LinkKey } from '../../base/ids.ts';
import type { Clock, Logger, Timer, Timers } from '../../base/ports.ts';
import type { Channel, Transport } from '../ports.ts';
import { Ledger, Meter, type Conduct, type Fault, type Quota, type Standing } from './core.ts';

/** A throttled neighbour is read for a moment in each of these. */
const THROTTLED_PAUSE_MS = 1000;
/** A peer that is over its quota is blamed so often at most: one burst is one fault. */
const BLAME_EVERY_MS = 1000;

export interface ConductDeps {
  readonly transport: Pick<Transport, 'hangUp'>;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
  /** Somebody was slowed down or cut off. */
  changed(): void;
}

export class ConductService {
  readonly #deps: ConductDeps;
  readonly #ledger = new Ledger();

  constructor(deps: ConductDeps) {
    this.#deps = deps;
  }

  /** @param reason a sentence that an admin can read. */
  report(peer: LinkKey, fault: Fault, reason: string): void {
    const { clock, logger, transport } = this.#deps;
    const before = this.#ledger.standingOf(clock.nowMs(), peer);
    const now = this.#ledger.report(clock.nowMs(), peer, fault, reason);
    logger.info({ peer, fault, reason }, 'a neighbour misbehaved');
    if (now === before) return;
    logger.warn({ peer, fault, reason, standing: now }, SAID[now]);
    if (now === 'cut') transport.hangUp(peer);
    this.#deps.changed();
  }

  isCut(peer: LinkKey): boolean {
    return this.#ledger.standingOf(this.#deps.clock.nowMs(), peer) === 'cut';
  }

  list(): Conduct[] {
    return this.#ledger.list(this.#deps.clock.nowMs());
  }

  /**
   * Watches a channel: call what comes back for each frame. Over the quota, reading rests until it fits again, so a
   * flood waits at its sender; whoever goes on like that is slowed down everywhere, and then cut off.
   */
  guard(channel: Channel, quota: Quota): (sizeBytes: number) => void {
    const { clock, timers } = this.#deps;
    const meter = new Meter(quota, clock.monotonicMs());
    let timer: Timer | undefined;
    let blamedMs = -Infinity;
    return (sizeBytes) => {
      const nowMs = clock.monotonicMs();
      const overMs = meter.take(nowMs, sizeBytes);
      if (overMs > 0 && nowMs - blamedMs >= BLAME_EVERY_MS) {
        blamedMs = nowMs;
        this.report(channel.peer, 'flood', `more frames than ${channel.name} allows`);
      }
      const isThrottled = this.#ledger.standingOf(clock.nowMs(), channel.peer) === 'throttled';
      const restMs = Math.max(overMs, isThrottled ? THROTTLED_PAUSE_MS : 0);
      if (restMs === 0) return;
      channel.pause();
      timer?.cancel();
      timer = timers.after(restMs, () => channel.resume());
    };
  }
}

const SAID: Readonly<Record<Standing, string>> = {
  good: 'a neighbour behaves again',
  throttled: 'a neighbour that misbehaves is slowed down',
  cut: 'a neighbour that misbehaves was cut off',
};
