/** Runs command lines against a real API over a node made of nothing. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '../../src/base/ports.ts';
import { listenApi, type ApiListener } from '../../src/api/listen.ts';
import { fakeNode, type FakeNode, type Overrides } from './fake-facade.ts';
import type { NodeState } from '../../src/node/facade.ts';
import { connect } from '../../src/cli/client.ts';
import { runCli } from '../../src/cli/program.ts';
import type { StartNode, StartOptions } from '../../src/cli/start-node.ts';
import type { TemporaryOptions } from '../../src/cli/temporary-node.ts';
import { realTimers } from '../contract/real-timers.ts';
import { fakeTerminal, type FakeTerminal, type FakeTerminalOptions } from './fake-terminal.ts';

export interface FakeHost {
  readonly data: string;
  readonly node: FakeNode;
  /** Opens the API on the data folder; `run` finds it there. */
  open(folder?: string): Promise<ApiListener>;
  /** What `up` was started with. */
  readonly started: StartOptions[];
  readonly temporary: TemporaryOptions[];
  /** Starts a command line; its end comes later. */
  begin(
    line: readonly string[],
    options?: FakeTerminalOptions,
  ): { terminal: FakeTerminal; exit: Promise<number> };
  /** Runs one to its end. */
  run(line: readonly string[], options?: FakeTerminalOptions): Promise<Ran>;
  close(): Promise<void>;
}

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** stdout, a JSON value a line. */
  readonly json: Record<string, unknown>[];
}

export async function fakeHost(
  options: { state?: NodeState; overrides?: Overrides } = {},
): Promise<FakeHost> {
  const root = await mkdtemp(join(tmpdir(), 'kith-cli-'));
  const data = join(root, 'data');
  const node = fakeNode(options.overrides, options.state);
  const open: ApiListener[] = [];
  const started: StartOptions[] = [];
  const temporary: TemporaryOptions[] = [];

  async function openApi(folder = data): Promise<ApiListener> {
    await mkdir(folder, { recursive: true });
    const listener = await listenApi({
      node,
      logger: silentLogger,
      timers: realTimers,
      rng: { bytes: (count) => new Uint8Array(count).fill(5), below: () => 0 },
      version: '0.1.0',
      dataFolder: folder,
      apiPort: 'none',
      platform: process.platform,
      env: {},
    });
    open.push(listener);
    return listener;
  }

  const up: StartNode = async (start) => {
    started.push(start);
    const { promise: ended, resolve, reject } = Promise.withResolvers<undefined>();
    const listener = await openApi(start.data);
    let stopping = false;
    const stop = (): void => {
      if (stopping) return;
      stopping = true;
      listener.close().then(() => {
        resolve(undefined);
      }, reject);
    };
    node.onStop = stop;
    return {
      ...listener,
      deskUrls: start.desk === undefined ? [] : ['http://192.168.1.7:8080/'],
      ended,
      stop,
    };
  };

  const host: FakeHost = {
    data,
    node,
    open: openApi,
    started,
    temporary,
    begin(line, terminalOptions) {
      const terminal = fakeTerminal({ cwd: root, ...terminalOptions });
      const exit = runCli(['node', 'kith', ...line, '--data', data], {
        up,
        terminal,
        version: '0.1.0',
        async startTemporary(request) {
          temporary.push(request);
          const listener = await openApi(request.data);
          const client = await connect(request.data, process.platform, '');
          return { client, stop: () => listener.close() };
        },
      });
      return { terminal, exit };
    },
    async run(line, terminalOptions) {
      const { terminal, exit } = host.begin(line, terminalOptions);
      const code = await exit;
      const { stdout, stderr } = terminal.written;
      return {
        code,
        stdout,
        stderr,
        get json() {
          return stdout
            .split('\n')
            .filter((text) => text !== '')
            .map((text) => JSON.parse(text) as Record<string, unknown>);
        },
      };
    },
    async close() {
      await Promise.all(open.map((listener) => listener.close().catch(() => undefined)));
      await rm(root, { recursive: true, force: true });
    },
  };
  return host;
}
