/** Questions on a terminal. They go to stderr, so that stdout stays data. */
import { createInterface } from 'node:readline/promises';
import { StringDecoder } from 'node:string_decoder';
import { KithError } from '../api/contract/errors.ts';
import type { Output } from './output.ts';
import type { Terminal } from './terminal.ts';
import { cancelled, UsageError } from './usage.ts';

export class Prompt {
  readonly #terminal: Terminal;
  readonly #out: Output;

  constructor(terminal: Terminal, out: Output) {
    this.#terminal = terminal;
    this.#out = out;
  }

  /** Is there a person to ask? */
  get possible(): boolean {
    return this.#terminal.stdin.isTTY === true && this.#out.watched && !this.#out.json;
  }

  /** @returns the trimmed answer, or `otherwise` for an empty one. @throws KithError `cancelled` at Ctrl-C or the end of input. */
  async ask(question: string, options: { otherwise?: string; signal?: AbortSignal } = {}): Promise<string> {
    const { stdin: input, stderr: output } = this.#terminal;
    const lines = createInterface({ input, output, terminal: true });
    const gone = new AbortController();
    lines.once('close', () => {
      gone.abort();
    });
    const signal = AbortSignal.any([gone.signal, ...(options.signal === undefined ? [] : [options.signal])]);
    try {
      const answer = (await lines.question(`${question} `, { signal })).trim();
      return answer === '' ? (options.otherwise ?? '') : answer;
    } catch {
      output.write('\n');
      throw cancelled();
    } finally {
      lines.close();
    }
  }

  /** Asks again until there is an answer. */
  async mustAsk(question: string, options: { signal?: AbortSignal } = {}): Promise<string> {
    for (;;) {
      const answer = await this.ask(question, options);
      if (answer !== '') return answer;
    }
  }

  /**
   * Before something that cannot be taken back.
   * @param yes was `--yes` given?
   * @throws KithError `cancelled`; UsageError `needs-yes` where there is nobody to ask.
   */
  async confirm(question: string, yes: boolean): Promise<void> {
    if (yes) return;
    if (!this.possible) {
      throw new UsageError('needs-yes', `${question} Nobody is there to answer.`, {
        next: 'Add --yes to say so.',
      });
    }
    if (!(await this.agrees(question))) throw cancelled();
  }

  async agrees(question: string): Promise<boolean> {
    return /^y(es)?$/i.test(await this.ask(`${question} [y/N]`));
  }

  /**
   * The passphrase in `KITH_PASSPHRASE`, else typed without being shown.
   * @throws KithError `cancelled` | `passphrase-needed` where neither is possible.
   */
  async passphrase(question: string, variable = 'KITH_PASSPHRASE'): Promise<string> {
    const given = this.#terminal.env[variable];
    if (given !== undefined && given !== '') return given;
    if (!this.possible) {
      throw new KithError('passphrase-needed', 'A passphrase is needed.', {
        next: `Run this on a terminal, or put the passphrase into the environment variable ${variable}.`,
      });
    }
    return this.#secret(`${question} `);
  }

  /** A new one, typed twice. */
  async newPassphrase(question: string, variable = 'KITH_PASSPHRASE'): Promise<string> {
    const first = await this.passphrase(question, variable);
    const given = this.#terminal.env[variable];
    if (given !== undefined && given !== '') return first;
    if (first !== (await this.#secret('The same once more: '))) {
      throw new KithError(
        'passphrases-differ',
        'The two passphrases are not the same. Nothing was changed.',
        {
          next: 'Try again.',
        },
      );
    }
    return first;
  }

  #secret(question: string): Promise<string> {
    const { stdin, stderr } = this.#terminal;
    stderr.write(question);
    return new Promise((resolve, reject) => {
      const typed = new SecretLine();
      const finish = (): void => {
        stdin.off('data', onData);
        stdin.off('end', onEnd);
        stdin.setRawMode?.(false);
        stdin.pause();
        stderr.write('\n');
      };
      const onEnd = (): void => {
        finish();
        reject(cancelled());
      };
      const decoder = new StringDecoder('utf8');
      const onData = (chunk: Buffer | string): void => {
        const { outcome, rest } = typed.take(typeof chunk === 'string' ? chunk : decoder.write(chunk));
        if (outcome === 'more') return;
        finish();
        if (rest !== '') stdin.unshift(Buffer.from(rest));
        if (outcome === 'entered') resolve(typed.text);
        else reject(cancelled());
      };
      stdin.setRawMode?.(true);
      stdin.on('data', onData);
      stdin.on('end', onEnd);
      stdin.resume();
    });
  }
}

/** A line that is typed and not shown: keys in, text out. */
class SecretLine {
  #keys: string[] = [];

  get text(): string {
    return this.#keys.join('');
  }

  /** @returns what the keys come to, and those that were typed ahead. */
  take(keys: string): { readonly outcome: 'more' | 'entered' | 'cancelled'; readonly rest: string } {
    const typed = Array.from(keys);
    for (const [index, key] of typed.entries()) {
      const outcome = this.#press(key);
      if (outcome !== 'more') return { outcome, rest: typed.slice(index + 1).join('') };
    }
    return { outcome: 'more', rest: '' };
  }

  #press(key: string): 'more' | 'entered' | 'cancelled' {
    switch (key) {
      case '\r':
      case '\n':
        return 'entered';
      case '\u0003':
        return 'cancelled';
      case '\u0004':
        return this.#keys.length > 0 ? 'entered' : 'cancelled';
      case '\u007f':
      case '\b':
        this.#keys.pop();
        return 'more';
      case '\u0015':
        this.#keys = [];
        return 'more';
      default:
        this.#keys.push(key);
        return 'more';
    }
  }
}
