/** A real process under test: what it said so far, and how it ended. */
import { spawn, type ChildProcess } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import type { Readable } from 'node:stream';

export interface Outcome {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface StartOptions {
  readonly cwd: string;
  /** Added to the environment of the tests; undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** What would change how a program behaves because it is started by a test runner, and by npm. */
const UNWANTED = { NODE_TEST_CONTEXT: undefined, npm_execpath: undefined, npm_node_execpath: undefined };

/** A test that failed half-way leaves nothing running. */
const alive = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of alive) child.kill('SIGKILL');
});

export class Running {
  readonly child: ChildProcess;
  /** After the process and all that inherited its streams are gone. */
  readonly ended: Promise<Outcome>;
  readonly #said = { stdout: '', stderr: '' };
  readonly #news = new EventEmitter();
  #isOver = false;

  constructor(command: string, args: readonly string[], { cwd, env = {} }: StartOptions) {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...UNWANTED, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child = child;
    alive.add(child);
    child.once('exit', () => alive.delete(child));
    this.#listen('stdout', child.stdout);
    this.#listen('stderr', child.stderr);
    this.ended = this.#end();
  }

  /** Resolves as soon as the stream has said something that matches; rejects when it ends without. */
  async says(stream: 'stdout' | 'stderr', what: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = what.exec(this.#said[stream]);
      if (found) return found;
      if (this.#isOver)
        throw new Error(`ended without ${String(what)} on ${stream}: ${JSON.stringify(this.#said)}`);
      await once(this.#news, 'news');
    }
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  #listen(name: 'stdout' | 'stderr', stream: Readable): void {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      this.#said[name] += chunk;
      this.#news.emit('news');
    });
  }

  async #end(): Promise<Outcome> {
    const [code, signal] = (await once(this.child, 'close')) as [number | null, NodeJS.Signals | null];
    this.#isOver = true;
    this.#news.emit('news');
    return { code, signal, ...this.#said };
  }
}
