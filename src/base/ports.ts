/** What cores may know of the outside world. Adapters live in `node/`, twins in `test/sim/`. */

import type { Bytes } from './bytes.ts';

export interface Clock {
  /** Wall time in milliseconds since 1970, as this machine believes it; may jump either way. */
  nowMs(): number;
  /** Milliseconds since some fixed point; never goes back. */
  monotonicMs(): number;
}

export interface Timer {
  cancel(): void;
}

export interface Timers {
  after(delayMs: number, run: () => void): Timer;
}

export interface Rng {
  bytes(count: number): Bytes;
  /** A whole number from 0 up to and excluding `limit`. */
  below(limit: number): number;
}

/** Structured logging, as pino has it; features get a child with their own name. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
