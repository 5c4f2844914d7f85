/**
 * What a test over real processes stands on: nodes in folders of their own, on a LAN of their own where this machine
 * allows it. Cleared when the test ends, however it ends; when it fails, what the nodes said and logged is shown.
 */
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { Lan, type Machine } from '../../scripts/nodes/lan.ts';
import { NodeProcess } from '../../scripts/nodes/node-process.ts';
import type { NewInvite, Joined } from '../../src/api/contract.ts';

/** A test that hangs is ended by the runner; nothing is said about how fast it has to be. */
const HANGING_MS = 240_000;

export interface NodeChoices {
  readonly machine?: Machine;
  /** A command that runs the rest of its line in other surroundings. */
  readonly under?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export class Stage {
  readonly folder = realpathSync(mkdtempSync(join(tmpdir(), 'kith-e2e-')));
  readonly #nodes: NodeProcess[] = [];
  readonly #lans: Lan[] = [];

  path(name: string): string {
    return join(this.folder, name);
  }

  lan(): Lan {
    const lan = new Lan();
    this.#lans.push(lan);
    return lan;
  }

  /** A node with a folder of that name; it is not started. */
  node(name: string, { machine, under = machine?.under, env }: NodeChoices = {}): NodeProcess {
    const node = new NodeProcess({
      name,
      data: this.path(name),
      ...(under === undefined ? {} : { under }),
      ...(env === undefined ? {} : { env }),
    });
    this.#nodes.push(node);
    return node;
  }

  /** A node that founded a network and is up. */
  async founder(name: string, args: readonly string[], choices: NodeChoices = {}): Promise<NodeProcess> {
    const node = this.node(name, choices);
    await node.up(args);
    await node.call('found', { network: 'Camp North', name });
    return node;
  }

  /** A node that is up and has joined by a link of that admin's. */
  async joiner(
    admin: NodeProcess,
    name: string,
    args: readonly string[],
    choices: NodeChoices = {},
  ): Promise<NodeProcess> {
    const node = this.node(name, choices);
    await node.up(args);
    await admit(admin, node);
    return node;
  }

  traces(): string {
    return this.#nodes.map((node) => node.traces()).join('\n');
  }

  async clear(): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node.kill()));
    for (const lan of this.#lans) lan.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Joins over the API; resolves when that node is in. */
export async function admit(
  admin: NodeProcess,
  node: NodeProcess,
  role: NewInvite['role'] = 'member',
): Promise<Joined> {
  const { link } = await admin.call('invite', { role });
  return joinWith(node, link ?? '');
}

async function joinWith(node: NodeProcess, invitation: string): Promise<Joined> {
  for await (const step of node.client.lines('join', { invitation, name: node.name })) {
    if (step.step === 'joined') return step;
  }
  throw new Error(`${node.name} was not let in`);
}

/** One test with a stage of its own. */
export function scene(
  name: string,
  play: (stage: Stage, t: TestContext) => Promise<void>,
  options: { readonly skip?: string | false; readonly hangingMs?: number } = {},
): void {
  const { skip = false, hangingMs = HANGING_MS } = options;
  test(name, { timeout: hangingMs, skip }, async (t) => {
    const stage = new Stage();
    try {
      await play(stage, t);
    } catch (error) {
      process.stderr.write(`${name}\n${stage.traces()}\n`);
      throw error;
    } finally {
      await stage.clear();
    }
  });
}

/** A step of a story: named in the report; when it fails, so does the story, at once. */
export async function step(t: TestContext, name: string, play: () => Promise<void>): Promise<void> {
  let failure: unknown = new Error(`"${name}" was not played`);
  await t.test(name, async () => {
    try {
      await play();
      failure = undefined;
    } catch (error) {
      failure = error;
      throw error;
    }
  });
  if (failure !== undefined) throw new Error(`"${name}" failed`, { cause: failure });
}
