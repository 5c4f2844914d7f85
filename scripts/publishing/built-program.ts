/**
 * The program as it is published, for tests and benchmarks that start it. A build lies under the digest of all that it
 * was made of, so none is ever older than the sources, and who looks for one never waits for another's.
 */
import { createHash } from 'node:crypto';
import {
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
} from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../tool.ts';
import { makePackage } from './package-folder.ts';

const BUILDS = join(ROOT, 'node_modules', '.cache', 'kith-builds');
const MADE_OF = ['src/**/*.ts', 'bin/*', 'scripts/publishing/*', '*.json', '*.md', 'LICENSE'];
const TESTS = ['src/**/*.test.ts'];
/** A run of all tests, the nightly ones too, is over before. */
const KEPT_MS = 48 * 3_600_000;

/** @returns path of its `bin/kith` */
export async function builtProgram(): Promise<string> {
  const build = join(BUILDS, digest());
  if (!existsSync(build)) await make(build);
  const now = new Date();
  utimesSync(build, now, now);
  return join(build, 'bin', 'kith');
}

function digest(): string {
  const hash = createHash('sha256');
  for (const path of globSync(MADE_OF, { cwd: ROOT, exclude: TESTS }).sort()) {
    const bytes = readFileSync(join(ROOT, path));
    hash.update(`${path}\n${bytes.length}\n`).update(bytes);
  }
  return hash.digest('hex').slice(0, 16);
}

/** It is renamed into place, so it is whole or absent at any moment. */
async function make(build: string): Promise<void> {
  mkdirSync(BUILDS, { recursive: true });
  removeOld();
  const site = mkdtempSync(join(BUILDS, 'making-'));
  try {
    await makePackage(site);
    renameSync(site, build);
  } catch (error) {
    // Another run that made the same was faster: its build is as good.
    if (!existsSync(build)) throw error;
  } finally {
    rmSync(site, { recursive: true, force: true });
  }
}

function removeOld(): void {
  for (const name of readdirSync(BUILDS)) {
    const age = Date.now() - (statSync(join(BUILDS, name), { throwIfNoEntry: false })?.mtimeMs ?? 0);
    if (age > KEPT_MS) rmSync(join(BUILDS, name), { recursive: true, force: true });
  }
}
