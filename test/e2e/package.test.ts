/** What is published: packed, installed into an empty folder where no registry is in reach, and started from there. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Running, type Outcome } from './running.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const KITH = join('node_modules', '.bin', process.platform === 'win32' ? 'kith.cmd' : 'kith');
/** Nobody listens there, and npm is not to look at its own cache either. */
const NO_REGISTRY = ['--offline', '--registry', 'http://127.0.0.1:1'];

interface Manifest {
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

let scratch = '';
let home = '';
before(async () => {
  scratch = fs.mkdtempSync(join(tmpdir(), 'kith package '));
  home = await installed(await pack());
});
after(() => {
  fs.rmSync(scratch, { recursive: true, force: true });
});

function run(command: string, args: readonly string[], cwd: string): Promise<Outcome> {
  return new Running(command, args, { cwd, env: { KITH_NODE: process.execPath } }).ended;
}

async function done(command: string, args: readonly string[], cwd: string): Promise<string> {
  const { code, stdout, stderr } = await run(command, args, cwd);
  assert.equal(code, 0, stdout + stderr);
  return stdout;
}

/** @returns path of the tarball that publishing would upload */
async function pack(): Promise<string> {
  const folder = join(scratch, 'published');
  const build = [join(ROOT, 'bin', 'launch.js'), join(ROOT, 'scripts', 'build.ts'), folder];
  await done(process.execPath, build, ROOT);
  return join(scratch, (await done('npm', ['pack', '--pack-destination', scratch], folder)).trim());
}

/** @returns the folder that it was installed into */
async function installed(tarball: string): Promise<string> {
  const folder = join(scratch, 'a home');
  fs.mkdirSync(folder);
  fs.writeFileSync(join(folder, 'package.json'), '{}');
  const emptyCache = ['--cache', join(scratch, 'an empty cache')];
  await done('npm', ['install', ...NO_REGISTRY, ...emptyCache, '--no-audit', '--no-fund', tarball], folder);
  return folder;
}

function readManifest(folder: string): Manifest {
  return JSON.parse(fs.readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
}

describe('an installed package', () => {
  test('says its version and explains itself', async () => {
    assert.equal(await done(join(home, KITH), ['--version'], home), `${readManifest(ROOT).version}\n`);
    assert.match(await done(join(home, KITH), ['--help'], home), /kith/);
  });

  test('founds a network: the node is in it, not only its commands', async () => {
    const args = ['init', 'Camp', '--as', 'Ada', '--data', join(scratch, 'data'), '--json'];
    const founded = JSON.parse(await done(join(home, KITH), args, home)) as { name: string; role: string };
    assert.equal(founded.role, 'admin');
  });

  test('is all that was installed, and has neither sources nor tests', () => {
    const modules = fs.readdirSync(join(home, 'node_modules')).filter((name) => !name.startsWith('.'));
    assert.deepEqual(modules, ['kith']);
    const files = fs.readdirSync(join(home, 'node_modules', 'kith'));
    const wanted = [
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'THIRD-PARTY-LICENSES',
      'bin',
      'package.json',
      'program',
    ];
    assert.deepEqual(files.filter((name) => name !== 'node_modules').sort(), wanted);
  });

  test('brings the licence of every package that its program is made of', () => {
    const text = fs.readFileSync(join(home, 'node_modules', 'kith', 'THIRD-PARTY-LICENSES'), 'utf8');
    const { dependencies = {} } = readManifest(ROOT);
    const absent = Object.entries(dependencies).filter(
      ([name, version]) => !text.includes(`\n${name} ${version}\n`),
    );
    assert.deepEqual(absent, []);
    // One that came along with another.
    assert.match(text, /\nmultiformats \d/);
  });
});
