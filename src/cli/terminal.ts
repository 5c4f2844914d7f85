/** The outside world of a command: streams, environment, clock, signals. Tests bring their own. */
import type { Readable, Writable } from 'node:stream';

export interface TextSink extends Writable {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export interface KeySource extends Readable {
  readonly isTTY?: boolean;
  setRawMode?(raw: boolean): unknown;
}

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Terminal {
  readonly stdin: KeySource;
  readonly stdout: TextSink;
  readonly stderr: TextSink;
  readonly env: Environment;
  readonly cwd: string;
  readonly platform: NodeJS.Platform;
  /** Wall time in milliseconds since 1970. */
  nowMs(): number;
  /** Resolves after that many milliseconds. */
  pause(delayMs: number): Promise<void>;
  /** Calls `handler` when the user or the system asks the program to end. @returns stops listening. */
  onEndAsked(handler: () => void): () => void;
  /** Ends the process without waiting for anything. */
  exitNow(code: number): void;
}

export function processTerminal(): Terminal {
  return {
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    cwd: process.cwd(),
    platform: process.platform,
    nowMs: () => Date.now(),
    pause: (delayMs) =>
      new Promise((resolve) => {
        setTimeout(resolve, delayMs);
      }),
    exitNow: (code) => process.exit(code),
    onEndAsked(handler) {
      const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
      for (const signal of signals) process.on(signal, handler);
      return () => {
        for (const signal of signals) process.off(signal, handler);
      };
    },
  };
}
