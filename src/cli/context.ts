/** What a command works with. */
import { isKithError } from '../api/contract.ts';
import { connect, type Client } from './client.ts';
import { dataFolder, dataOption } from './data-folder.ts';
import type { Output } from './output.ts';
import { ProgressLine } from './progress.ts';
import { Prompt } from './prompt.ts';
import type { Purpose, StartNode } from './start-node.ts';
import type { StartTemporary } from './temporary-node.ts';
import type { Terminal } from './terminal.ts';

export interface CliDeps {
  readonly up: StartNode;
  readonly terminal: Terminal;
  readonly startTemporary: StartTemporary;
  readonly version: string;
}

/** Understood by every command. */
export interface GlobalOptions {
  readonly data?: string;
  readonly json?: boolean;
}

export class Context {
  readonly out: Output;
  readonly prompt: Prompt;
  readonly terminal: Terminal;
  readonly deps: CliDeps;
  /** The data folder, absolute. */
  readonly data: string;

  constructor(deps: CliDeps, options: GlobalOptions, out: Output) {
    this.deps = deps;
    this.terminal = deps.terminal;
    this.out = out;
    this.prompt = new Prompt(deps.terminal, out);
    this.data = dataFolder(options.data, deps.terminal.env, deps.terminal.cwd);
  }

  get nowMs(): number {
    return this.terminal.nowMs();
  }

  progress(): ProgressLine {
    return new ProgressLine(this.out, () => this.nowMs);
  }

  /** `kith up`, for this data folder, as one would type it. */
  command(words: string): string {
    return `kith ${words}${dataOption(this.data, this.terminal.env)}`;
  }

  /** Of the running node. @throws KithError `no-node`. */
  client(): Promise<Client> {
    return connect(this.data, this.terminal.platform, this.command('up'));
  }

  /** With the node that is running, else with one that lives as long as the work. */
  async withNode<Result>(
    purpose: Purpose,
    work: (client: Client, temporary: boolean) => Promise<Result>,
  ): Promise<{ readonly result: Result; readonly temporary: boolean }> {
    const running = await this.#runningNode();
    if (running !== undefined) return { result: await work(running, false), temporary: false };
    return {
      result: await this.withTemporary(purpose, this.data, (client) => work(client, true)),
      temporary: true,
    };
  }

  async withTemporary<Result>(
    purpose: Purpose,
    data: string,
    work: (client: Client) => Promise<Result>,
  ): Promise<Result> {
    const node = await this.deps.startTemporary({ data, purpose });
    try {
      return await work(node.client);
    } finally {
      await node.stop();
    }
  }

  async #runningNode(): Promise<Client | undefined> {
    try {
      const client = await this.client();
      await client.call('status', {});
      return client;
    } catch (error) {
      if (!isKithError(error, 'no-node')) throw error;
      return undefined;
    }
  }
}
