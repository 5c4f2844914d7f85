/**
 * Real kith nodes as processes, for the demo and the tests: started, asked, stopped, killed. Whatever happens to this
 * process, none of them outlives it: each holds a pipe to it and ends when that breaks.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Answer, Input, RoutesOf } from '../../src/api/contract.ts';
import { Client } from '../../src/cli/client.ts';
import { KithError } from '../../src/base/errors.ts';

const ROOT = join(import.meta.dirname, '..', '..');
/** What a user types, on the Node that runs this. */
const KITH = join(ROOT, 'bin', 'kith');
const LIFELINE_FD = 3;

/** What would change how a program behaves because a test runner, npm or this user's shell started it. */
const UNWANTED = [
  'NODE_TEST_CONTEXT',
  'NODE_OPTIONS',
  'NODE_COMPILE_CACHE',
  'npm_execpath',
  'npm_node_execpath',
  'KITH_DATA',
  'KITH_PASSPHRASE',
  'KITH_NEW_PASSPHRASE',
];

export interface Outcome {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Surroundings {
  /** A command that runs the rest of its line elsewhere, such as `ip netns exec NAME`. */
  readonly under?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface NodeOptions extends Surroundings {
  /** For people. */
  readonly name: string;
  /** Its data folder; need not exist. */
  readonly data: string;
}

/** One command line of kith, from the first byte to the exit. */
export class Command {
  readonly child: ChildProcess;
  /** After the process and all that inherited its streams are gone. */
  readonly ended: Promise<Outcome>;
  readonly #said = { stdout: '', stderr: '' };

  constructor(args: readonly string[], { under = [], env = {} }: Surroundings) {
    const [program = process.execPath, ...rest] = [...under, process.execPath, KITH, ...args];
    const kept = Object.entries(process.env).filter(([name]) => !UNWANTED.includes(name));
    this.child = spawn(program, rest, {
      env: { ...Object.fromEntries(kept), KITH_LIFELINE: String(LIFELINE_FD), ...env },
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    });
    const { stdout, stderr } = this.child;
    const lifeline = this.child.stdio[LIFELINE_FD];
    lifeline?.on('error', () => undefined);
    stdout?.setEncoding('utf8').on('data', (text: string) => (this.#said.stdout += text));
    stderr?.setEncoding('utf8').on('data', (text: string) => (this.#said.stderr += text));
    this.ended = this.#end();
  }

  /** What it said so far. */
  get said(): { readonly stdout: string; readonly stderr: string } {
    return this.#said;
  }

  get isOver(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /** The first line on stdout; undefined when it ends without. */
  async firstLine(): Promise<string | undefined> {
    const { stdout } = this.child;
    if (stdout === null) return undefined;
    for await (const line of createInterface({ input: stdout })) return line;
    return undefined;
  }

  async #end(): Promise<Outcome> {
    const [code, signal] = (await once(this.child, 'close')) as [number | null, NodeJS.Signals | null];
    return { code, signal, ...this.#said };
  }
}

/** Runs one command to its end. */
export function runKith(args: readonly string[], surroundings: Surroundings = {}): Promise<Outcome> {
  return new Command(args, surroundings).ended;
}

/** A node of one data folder: perhaps running, perhaps not. */
export class NodeProcess {
  readonly name: string;
  readonly data: string;
  readonly #surroundings: Surroundings;
  #up: Command | undefined;
  #client: Client | undefined;
  /** What earlier runs said on stderr, for whoever looks for what went wrong. */
  #talk = '';

  constructor({ name, data, ...surroundings }: NodeOptions) {
    this.name = name;
    this.data = data;
    this.#surroundings = surroundings;
  }

  get isUp(): boolean {
    return this.#up?.isOver === false;
  }

  get pid(): number {
    return this.#up?.child.pid ?? 0;
  }

  get client(): Client {
    if (this.#client === undefined) throw new Error(`the node of ${this.name} does not run`);
    return this.#client;
  }

  /**
   * Starts `kith up` and waits until its API answers.
   * @throws KithError with what it said when it ended instead.
   */
  async up(args: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Promise<void> {
    const all = ['up', '--api-port', '0', '--data', this.data, '--json', ...args];
    const surroundings = { ...this.#surroundings, env: { ...this.#surroundings.env, ...env } };
    const command = new Command(all, surroundings);
    this.#up = command;
    const line = await command.firstLine();
    if (line === undefined) {
      const outcome = await command.ended;
      this.#talk += outcome.stderr;
      throw failureOf(`kith ${all.join(' ')}`, outcome);
    }
    // It has said that it is there; what it still says is not for us.
    command.child.stdout?.resume();
    const { api } = JSON.parse(line) as { api: { socket: string } };
    this.#client = new Client({ socketPath: api.socket }, () => new KithError('no-node', 'It is gone.'));
  }

  /** In order, as Ctrl-C does it. */
  async stop(): Promise<Outcome | undefined> {
    return this.#end('SIGTERM');
  }

  /** At once, as a power cut does it. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  call<Name extends RoutesOf<'json'>>(name: Name, input: Input<Name>): Promise<Answer<Name>> {
    return this.client.call(name, input);
  }

  /** A command for this data folder, as a user types it. */
  kith(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Outcome> {
    const surroundings = { ...this.#surroundings, env: { ...this.#surroundings.env, ...env } };
    return runKith([...args, '--data', this.data], surroundings);
  }

  /** The same with `--json`: its last object. @throws KithError with what it said when it failed. */
  async json<Value>(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Value> {
    const [last] = (await this.list<Value>(args, env)).slice(-1);
    if (last === undefined) throw new Error(`kith ${args.join(' ')} printed nothing`);
    return last;
  }

  /** All objects, one a line. */
  async list<Value>(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Value[]> {
    const outcome = await this.kith([...args, '--json'], env);
    if (outcome.code !== 0) throw failureOf(`kith ${args.join(' ')} (${this.name})`, outcome);
    return outcome.stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Value);
  }

  /** The end of what the node said and logged. */
  traces(lines = 40): string {
    const said = this.#talk + (this.#up?.said.stderr ?? '');
    return [
      `--- ${this.name}: ${this.data}, ${this.isUp ? 'up' : 'down'}`,
      ...said.trimEnd().split('\n').slice(-lines),
      ...logOf(this.data).slice(-lines),
    ].join('\n');
  }

  async #end(signal: NodeJS.Signals): Promise<Outcome | undefined> {
    const command = this.#up;
    this.#up = undefined;
    this.#client = undefined;
    if (command === undefined) return undefined;
    if (!command.isOver) command.child.kill(signal);
    const outcome = await command.ended;
    this.#talk += outcome.stderr;
    return outcome;
  }
}

/** A failure as a command prints it with `--json`, else what is there. */
export function failureOf(what: string, { code, signal, stderr, stdout }: Outcome): KithError {
  const line = stderr.split('\n').findLast((text) => text.startsWith('{"code"'));
  if (line !== undefined) {
    const failure = JSON.parse(line) as { code: string; message: string };
    return new KithError(failure.code, `${what}: ${failure.message}`);
  }
  return new KithError('failed', `${what} ended with ${String(code ?? signal)}: ${stderr}${stdout}`);
}

function logOf(data: string): string[] {
  try {
    return readFileSync(join(data, 'logs', 'node.log'), 'utf8')
      .trimEnd()
      .split('\n');
  } catch {
    return [];
  }
}
