/** What a chapter of the demo plays with: people, each with a node, and a narrator who measures. */
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Status } from '../../src/api/contract.ts';
import { count } from '../nodes/entries.ts';
import { failureOf, NodeProcess } from '../nodes/node-process.ts';
import { until } from '../nodes/until.ts';

export interface Chapter {
  readonly title: string;
  readonly perform: (play: Play) => Promise<void>;
}

export const PEOPLE = ['Ada', 'Ben', 'Cho', 'Dao', 'Eli'] as const;
export type Person = (typeof PEOPLE)[number];

/** Typed by the people of the demo, where the program would ask for one. */
export const PASSPHRASE = 'a passphrase of the demo';

export class Play {
  readonly folder = realpathSync(mkdtempSync(join(tmpdir(), 'kith-demo-')));
  readonly #began = performance.now();
  readonly #nodes = new Map<Person, NodeProcess>(
    PEOPLE.map((name) => [name, new NodeProcess({ name, data: join(this.folder, name) })]),
  );

  async perform({ title, perform }: Chapter): Promise<void> {
    this.tell('', `— ${title}`);
    await perform(this);
  }

  tell(...lines: readonly string[]): void {
    for (const line of lines) process.stdout.write(`${line}\n`);
  }

  node(person: Person): NodeProcess {
    const node = this.#nodes.get(person);
    if (node === undefined) throw new Error(`nobody is called ${person}`);
    return node;
  }

  /** Those whose nodes run. */
  running(): NodeProcess[] {
    return [...this.#nodes.values()].filter(({ isUp }) => isUp);
  }

  /** Runs a command as it is typed, and shows both. @returns what it printed. */
  async type(person: Person, ...args: readonly string[]): Promise<string> {
    const typed = args.map((arg) => (arg.length > 60 ? `${arg.slice(0, 40)}…` : arg));
    this.tell(
      `[${person}] $ kith ${typed.map((arg) => (/[^\w@:/.…-]/.test(arg) ? `'${arg}'` : arg)).join(' ')}`,
    );
    const outcome = await this.node(person).kith(args, { KITH_PASSPHRASE: PASSPHRASE });
    if (outcome.code !== 0) throw failureOf(`kith ${args.join(' ')}`, outcome);
    for (const line of outcome.stdout.trimEnd().split('\n'))
      this.tell(`      ${line.length > 110 ? `${line.slice(0, 100)}…` : line}`);
    return outcome.stdout;
  }

  /** How long something took, in words. */
  async measured<Value>(work: () => Promise<Value>): Promise<{ value: Value; took: string }> {
    const start = performance.now();
    const value = await work();
    return { value, took: inWords(performance.now() - start) };
  }

  passed(): string {
    return inWords(performance.now() - this.#began);
  }

  status(person: Person): Promise<Status> {
    return this.node(person).call('status', {});
  }

  /** Waits until that node has as many of the demo's entries. @returns how many it has. */
  async has(person: Person, entries: number): Promise<number> {
    const node = this.node(person);
    return until(`${person} has ${String(entries)} entries`, async () => {
      const held = await count(node);
      return held >= entries && held;
    });
  }

  /** Waits until all nodes that run have as many entries, and know the same roll. */
  async inStep(people: readonly Person[]): Promise<Status[]> {
    return until(`${people.join(', ')} know the same`, async () => {
      const all = await Promise.all(people.map((person) => this.status(person)));
      const [first] = all;
      const alike = all.every(
        ({ entries, rollHead }) => entries === first?.entries && rollHead === first.rollHead,
      );
      return alike && all;
    });
  }

  async stay(): Promise<void> {
    this.tell(
      `The nodes go on until Ctrl-C. In another terminal: ./bin/kith members --data ${this.node('Ada').data}`,
    );
    await new Promise((resolve) => process.once('SIGINT', resolve).once('SIGTERM', resolve));
  }

  traces(): string {
    return [...this.#nodes.values()].map((node) => node.traces(15)).join('\n');
  }

  async end(): Promise<void> {
    await Promise.all([...this.#nodes.values()].map((node) => node.stop()));
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function inWords(ms: number): string {
  return ms < 1000 ? `${String(Math.round(ms))} ms` : `${(ms / 1000).toFixed(1)} s`;
}

/** `Ada, Ben and Cho` */
export function listed(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1) ?? ''}`;
}
