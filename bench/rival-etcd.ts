/** Three etcd nodes over their HTTP gateway, as a rival for rooms. `apt install etcd-server`. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { postJson } from './post-json.ts';
import { createServer } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { tempFolder } from './processes.ts';

interface EtcdNode {
  readonly process: ChildProcess;
  readonly port: number;
  readonly id: string;
}

export interface Etcd {
  /** Resolves when it is committed. */
  put(node: number, key: string, value: string): Promise<boolean>;
  leader(): Promise<number>;
  kill(node: number): void;
  stop(): Promise<void>;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function encoded(text: string): string {
  return Buffer.from(text).toString('base64');
}

/** Undefined where there is no etcd. */
export async function startEtcd(): Promise<Etcd | undefined> {
  const nodes: EtcdNode[] = [];
  const ports = await Promise.all(Array.from({ length: 6 }, freePort));
  const peer = (at: number): string => `http://127.0.0.1:${String(ports[at + 3])}`;
  const cluster = [0, 1, 2].map((at) => `n${String(at)}=${peer(at)}`).join(',');
  for (const at of [0, 1, 2]) {
    const port = ports[at] ?? 0;
    const client = `http://127.0.0.1:${String(port)}`;
    const child = spawn(
      'etcd',
      [
        '--name',
        `n${String(at)}`,
        '--data-dir',
        tempFolder(),
        '--initial-cluster',
        cluster,
        '--initial-advertise-peer-urls',
        peer(at),
      ].concat([
        '--listen-peer-urls',
        peer(at),
        '--listen-client-urls',
        client,
        '--advertise-client-urls',
        client,
      ]),
      { stdio: 'ignore' },
    );
    const started = await Promise.race([
      once(child, 'spawn').then(() => true),
      once(child, 'error').then(() => false),
    ]);
    if (!started) return undefined;
    process.on('exit', () => child.kill('SIGKILL'));
    nodes.push({ process: child, port, id: '' });
  }
  const statusOf = async (at: number): Promise<{ leader: string; id: string } | undefined> => {
    const status = await postJson({ port: nodes[at]?.port ?? 0 }, '/v3/maintenance/status', {});
    const header = status?.['header'] as { member_id?: string } | undefined;
    return status === undefined
      ? undefined
      : { leader: typeof status['leader'] === 'string' ? status['leader'] : '', id: header?.member_id ?? '' };
  };
  const leader = async (): Promise<number> => {
    for (;;) {
      const all = await Promise.all([0, 1, 2].map(statusOf));
      const at = all.findIndex((one) => one !== undefined && one.leader !== '' && one.leader === one.id);
      if (at >= 0) return at;
      await setTimeout(50);
    }
  };
  await leader();
  return {
    leader,
    put: async (at, key, value) => {
      const body = { key: encoded(key), value: encoded(value) };
      return (await postJson({ port: nodes[at]?.port ?? 0 }, '/v3/kv/put', body)) !== undefined;
    },
    kill: (at) => {
      nodes[at]?.process.kill('SIGKILL');
    },
    stop: async () => {
      for (const { process: child } of nodes) child.kill('SIGKILL');
      await setTimeout(100);
    },
  };
}
