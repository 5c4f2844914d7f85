/**
 * npm run demo: three nodes on this machine, each with a folder of its own, play the README's first five minutes
 * through the same commands that a person types. At a terminal they stay until Ctrl-C, to be played with.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { withLifeline } from '../bin/pass-on.js';
import { ROOT } from './tool.ts';

const KITH = join(ROOT, 'bin', 'kith');
const READY_MS = 30_000;

const home = mkdtempSync(join(tmpdir(), 'kith-demo-'));
const running: ChildProcess[] = [];

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Runs a command as typed, shows it, and returns what it printed. */
async function kith(who: string, ...args: string[]): Promise<string> {
  say(`\n[${who}] $ kith ${args.map((arg) => (/[^\w@:/.-]/.test(arg) ? `'${arg}'` : arg)).join(' ')}`);
  const { stdout } = await promisify(execFile)(process.execPath, [KITH, ...args, '--data', join(home, who)]);
  if (!args.includes('--json')) process.stdout.write(stdout);
  return stdout;
}

async function isUp(who: string): Promise<boolean> {
  try {
    await promisify(execFile)(process.execPath, [KITH, 'status', '--json', '--data', join(home, who)]);
    return true;
  } catch {
    return false;
  }
}

async function up(who: string): Promise<void> {
  const args = [
    'up',
    '--no-mdns',
    '--listen',
    '/ip4/127.0.0.1/tcp/0',
    '--api-port',
    '0',
    '--data',
    join(home, who),
  ];
  const node = spawn(process.execPath, [KITH, ...args], {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    env: withLifeline(process.env),
  });
  running.push(node);
  let talk = '';
  node.stderr?.on('data', (chunk) => (talk += String(chunk)));
  const deadline = performance.now() + READY_MS;
  while (!(await isUp(who))) {
    if (node.exitCode !== null || performance.now() > deadline) {
      throw new Error(`the node of ${who} did not start: ${talk}`);
    }
    await sleep(100);
  }
  say(`[${who}] is running`);
}

async function invite(who: string, name: string, role: string): Promise<void> {
  const invitation = JSON.parse(await kith('ada', 'invite', '--role', role, '--json')) as { link: string };
  say(`  ${invitation.link}`);
  await kith(who, 'join', invitation.link, '--as', name);
}

async function play(): Promise<void> {
  for (const who of ['ada', 'ben', 'cho']) await up(who);
  await kith('ada', 'init', 'Camp North', '--as', 'Ada', '--org', 'Field hospital', '--place', 'Tent 4');
  await invite('ben', 'Ben', 'member');
  await invite('cho', 'Cho', 'reader');
  await kith('cho', 'members');
  await kith('cho', 'status');
}

async function stay(): Promise<void> {
  say(`\nThe three go on until Ctrl-C. In another terminal: ./bin/kith members --data ${join(home, 'ben')}`);
  await new Promise((resolve) => process.once('SIGINT', resolve).once('SIGTERM', resolve));
}

async function stop(): Promise<void> {
  const ends = running
    .filter(({ exitCode }) => exitCode === null)
    .map((node) => {
      node.kill('SIGTERM');
      return once(node, 'exit');
    });
  await Promise.all(ends);
  rmSync(home, { recursive: true, force: true });
}

try {
  await play();
  if (process.stdin.isTTY) await stay();
} finally {
  await stop();
}
