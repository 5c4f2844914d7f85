/** A node for one command: a child process on the data folder that stops when the command is done. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { Failure, KithError } from '../api/contract.ts';
import { connect, type Client } from './client.ts';
import type { Purpose } from './start-node.ts';
import type { Environment } from './terminal.ts';

export interface TemporaryNode {
  readonly client: Client;
  /** Resolves when the process has gone. */
  stop(): Promise<void>;
}

export interface TemporaryOptions {
  readonly data: string;
  readonly purpose: Purpose;
}

export type StartTemporary = (options: TemporaryOptions) => Promise<TemporaryNode>;

/** How long a child may take to stop in order before it is ended. */
const STOPPING_MS = 15_000;
/** What is kept of the child's stderr, to say why it did not start. */
const MOST_TALK_CHARS = 16 * 1024;

/**
 * Starts the same program with the same Node as `up --temporary`, and waits until it says that its API answers. The
 * child ends when its standard input does: should this process die, it leaves no node behind.
 * @param script the program's main script. @throws KithError what the child says, or `no-start`.
 */
export function temporaryNodes(script: string, env: Environment, platform: NodeJS.Platform): StartTemporary {
  return async ({ data, purpose }) => {
    const args = [...process.execArgv, script, 'up', '--temporary', purpose, '--data', data, '--json'];
    const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...env } });
    const talk = keepEnd(child.stderr);
    const exit = once(child, 'exit');
    await Promise.race([firstLine(child.stdout), failsWith(exit, talk)]);
    // It has said that it is there; what it still says is not for us.
    child.stdout.resume();
    const client = await connect(data, platform, 'Try again.');
    return { client, stop: () => stopped(child, exit, client) };
  };
}

async function firstLine(stdout: Readable): Promise<void> {
  for await (const _ of createInterface({ input: stdout })) return;
  // The end of the stream without a line: the exit says why.
  await new Promise<never>(() => undefined);
}

async function failsWith(exit: Promise<unknown>, talk: () => string): Promise<never> {
  await exit.catch(() => undefined);
  const failure = talk()
    .split('\n')
    .map(readFailure)
    .findLast((found) => found !== undefined);
  if (failure !== undefined) {
    throw new KithError(failure.code, failure.message, failure.next === null ? {} : { next: failure.next });
  }
  throw new KithError('no-start', 'A kith node could not be started.', {
    next: 'See what kith up says.',
    cause: new Error(talk()),
  });
}

async function stopped(child: ChildProcess, exit: Promise<unknown>, client: Client): Promise<void> {
  const timer = setTimeout(() => child.kill('SIGKILL'), STOPPING_MS);
  try {
    await client.call('stop', {}).catch(() => undefined);
    child.stdin?.end();
    await exit;
  } finally {
    clearTimeout(timer);
  }
}

function readFailure(line: string): Failure | undefined {
  try {
    return Failure.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}

function keepEnd(stream: Readable): () => string {
  let text = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    text = (text + chunk).slice(-MOST_TALK_CHARS);
  });
  return () => text;
}
