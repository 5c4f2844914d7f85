/** What a command says: data on stdout, talk on stderr, colours on terminals only. */
import { styleText } from 'node:util';
import type { Environment, Terminal, TextSink } from './terminal.ts';

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow';
export type Paint = (style: Style, text: string) => string;

export class Output {
  /** One JSON object (or one a line) on stdout, in place of text. */
  readonly json: boolean;
  /** Is somebody watching stderr? Then progress lines and QR codes make sense. */
  readonly watched: boolean;
  /** Columns of the watched terminal. */
  readonly columns: number;
  /** Aborts when the reader of stdout has gone (`kith log | head`). */
  readonly readerGone: AbortSignal;
  readonly paintData: Paint;
  readonly paintTalk: Paint;
  readonly coloursTalk: boolean;
  readonly #stdout: TextSink;
  readonly #stderr: TextSink;

  constructor(terminal: Terminal, json: boolean) {
    const { stdout, stderr, env } = terminal;
    this.json = json;
    this.watched = stderr.isTTY === true && env['TERM'] !== 'dumb';
    this.columns = stderr.columns ?? 80;
    this.paintData = painter(colours(stdout, env));
    this.coloursTalk = colours(stderr, env);
    this.paintTalk = painter(this.coloursTalk);
    this.#stdout = stdout;
    this.#stderr = stderr;
    const gone = new AbortController();
    this.readerGone = gone.signal;
    stdout.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
      gone.abort();
    });
    stderr.on('error', () => undefined);
  }

  /** A line of data for people; nothing with `--json`. */
  data(line: string): void {
    if (!this.json) this.#write(`${line}\n`);
  }

  /** A line of data for programs; nothing without `--json`. */
  value(value: object): void {
    if (this.json) this.#write(`${JSON.stringify(value)}\n`);
  }

  /** The same thing for either. `lines` is asked for only when people read. */
  result(value: object, lines: () => readonly string[]): void {
    this.value(value);
    if (!this.json) for (const line of lines()) this.data(line);
  }

  /** A list: one object a line, or what `lines` makes of it. */
  list(values: readonly object[], lines: () => readonly string[]): void {
    for (const value of values) this.value(value);
    if (!this.json) for (const line of lines()) this.data(line);
  }

  /** Talk for people: advice, what happens now. Nothing with `--json`. */
  say(line: string): void {
    if (!this.json) this.#stderr.write(`${line}\n`);
  }

  /** Text on stderr as it is, for prompts, progress and failures. */
  raw(text: string): void {
    this.#stderr.write(text);
  }

  /** Text on stdout as it is, for help and completion scripts. */
  text(text: string): void {
    this.#write(text);
  }

  #write(text: string): void {
    if (!this.readerGone.aborted) this.#stdout.write(text);
  }
}

/** NO_COLOR: any value but the empty one (no-color.org). */
function colours(stream: TextSink, env: Environment): boolean {
  return stream.isTTY === true && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb';
}

function painter(coloured: boolean): Paint {
  return coloured ? (style, text) => styleText(style, text, { validateStream: false }) : (_, text) => text;
}
