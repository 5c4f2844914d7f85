/** A terminal for tests: captured streams, typed input, a clock that stands still until it is moved. */
import { PassThrough, Writable } from 'node:stream';
import type { KeySource, Terminal, TextSink } from '../../src/cli/terminal.ts';

export interface FakeTerminal extends Terminal {
  /** Code of `exitNow`, once it was called. */
  readonly exited: number | undefined;
  /** What was written so far. */
  readonly written: { readonly stdout: string; readonly stderr: string };
  /** Types it, as a person would, when the program asks for input. */
  type(...lines: string[]): void;
  /** Moves the clock. */
  later(ms: number): void;
  /** As Ctrl-C or `kill` would. */
  askToEnd(): void;
  /** Resolves when stderr or stdout holds the text, after what was waited for before. */
  said(text: string): Promise<void>;
}

export interface FakeTerminalOptions {
  readonly tty?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly columns?: number;
}

export const NOW = '2026-11-21T10:05:00.000Z';

export function fakeTerminal({
  tty = false,
  env = {},
  cwd = '/work',
  columns = 200,
}: FakeTerminalOptions = {}): FakeTerminal {
  const written = { stdout: '', stderr: '' };
  const waiting = new Set<() => void>();
  const sink = (name: keyof typeof written): TextSink => {
    const stream = new Writable({
      write(chunk: Buffer, _encoding, done) {
        written[name] += chunk.toString();
        for (const check of waiting) check();
        done();
      },
    });
    return Object.assign(stream, tty ? { isTTY: true, columns } : {});
  };
  const keys = new PassThrough();
  const stdin: KeySource = Object.assign(keys, tty ? { isTTY: true, setRawMode: () => undefined } : {});
  let onEnd = (): void => undefined;
  const seen = { stdout: 0, stderr: 0 };
  const said = (text: string): Promise<void> =>
    new Promise((resolve) => {
      const check = (): void => {
        for (const name of ['stdout', 'stderr'] as const) {
          const at = written[name].indexOf(text, seen[name]);
          if (at < 0) continue;
          seen[name] = at + text.length;
          waiting.delete(check);
          resolve();
          return;
        }
      };
      waiting.add(check);
      check();
    });
  let exited: number | undefined;
  let nowMs = Date.parse(NOW);
  return {
    get exited() {
      return exited;
    },
    exitNow(code) {
      exited = code;
    },
    written,
    said,
    stdin,
    stdout: sink('stdout'),
    stderr: sink('stderr'),
    env,
    cwd,
    platform: process.platform,
    nowMs: () => nowMs,
    later(ms) {
      nowMs += ms;
    },
    pause: () => new Promise((resolve) => setImmediate(resolve)),
    onEndAsked(handler) {
      onEnd = handler;
      return () => {
        onEnd = () => undefined;
      };
    },
    askToEnd() {
      onEnd();
    },
    type(...lines) {
      for (const line of lines) keys.write(`${line}\n`);
    },
  };
}
