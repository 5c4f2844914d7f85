/** What is published: packed, installed into an empty folder, and started from there. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test, type TestContext } from 'node:test';
import { Running, type Outcome } from './running.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const KITH = join('node_modules', '.bin', process.platform === 'win32' ? 'kith.cmd' : 'kith');

let scratch = '';
before(() => {
  scratch = fs.mkdtempSync(join(tmpdir(), 'kith package '));
});
after(() => {
  fs.rmSync(scratch, { recursive: true, force: true });
});

function run(command: string, args: readonly string[], cwd: string): Promise<Outcome> {
  return new Running(command, args, { cwd, env: { KITH_NODE: process.execPath } }).ended;
}

/** @returns path of the tarball that publishing would upload */
async function pack(): Promise<string> {
  const staging = join(scratch, 'staging');
  const built = await run(
    process.execPath,
    [join(ROOT, 'bin', 'launch.js'), join(ROOT, 'scripts', 'build.ts'), join(staging, 'dist')],
    ROOT,
  );
  assert.equal(built.code, 0, built.stdout + built.stderr);
  // Sources come along, to see that packing leaves them out.
  for (const name of [
    'bin',
    'src',
    'package.json',
    'package-lock.json',
    'README.md',
    'LICENSE',
    'CHANGELOG.md',
  ]) {
    fs.cpSync(join(ROOT, name), join(staging, name), { recursive: true });
  }
  const packed = await run('npm', ['pack', '--ignore-scripts', '--pack-destination', scratch], staging);
  assert.equal(packed.code, 0, packed.stderr);
  return join(scratch, packed.stdout.trim());
}

/** Skips the test where neither npm's cache nor a registry has the dependencies. */
async function install(tarball: string, t: TestContext): Promise<string | undefined> {
  const home = join(scratch, 'a home');
  fs.mkdirSync(home);
  fs.writeFileSync(join(home, 'package.json'), '{}');
  const args = ['install', '--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund', tarball];
  const installed = await run('npm', args, home);
  if (/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ENOTCACHED|ETIMEDOUT/.test(installed.stderr)) {
    t.skip('no registry to install from');
    return undefined;
  }
  assert.equal(installed.code, 0, installed.stderr);
  return home;
}

test('an installed package starts without sources and tools', async (t) => {
  const home = await install(await pack(), t);
  if (home === undefined) return;

  const { version } = JSON.parse(fs.readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  const shown = await run(join(home, KITH), ['--version'], home);
  assert.equal(shown.stdout, `${version}\n`, shown.stderr);
  const help = await run(join(home, KITH), ['--help'], home);
  assert.match(help.stdout, /kith/);
  assert.equal(help.code, 0);

  const inside = fs.readdirSync(join(home, 'node_modules', 'kith'), { recursive: true }).map(String);
  assert.deepEqual(
    inside.filter(
      (path) => !path.startsWith('node_modules') && /\.test\.|^src\b|^test\b|(?<!\.d)\.ts$/.test(path),
    ),
    [],
  );
  assert.equal(fs.existsSync(join(home, 'node_modules', 'typescript')), false);
});
