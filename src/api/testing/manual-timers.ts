import type { Timers } from '../../base/ports.ts';

export interface ManualTimers extends Timers {
  /** Runs what is due within that many milliseconds, in order. */
  advance(ms: number): void;
  readonly waiting: number;
}

export function manualTimers(): ManualTimers {
  let nowMs = 0;
  const due = new Set<{ readonly atMs: number; readonly run: () => void }>();
  return {
    get waiting() {
      return due.size;
    },
    after(delayMs, run) {
      const timer = { atMs: nowMs + delayMs, run };
      due.add(timer);
      return { cancel: () => due.delete(timer) };
    },
    advance(ms) {
      const untilMs = nowMs + ms;
      for (;;) {
        const [next] = [...due].filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs);
        if (next === undefined) break;
        due.delete(next);
        nowMs = next.atMs;
        next.run();
      }
      nowMs = untilMs;
    },
  };
}
