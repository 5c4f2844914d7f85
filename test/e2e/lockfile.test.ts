/** What the lockfiles must promise for an install to work on every platform, without scripts, and the same each time. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';

const ROOT = join(import.meta.dirname, '..', '..');

interface Package {
  readonly dependencies?: Record<string, string>;
  readonly devDependencies?: Record<string, string>;
  readonly optionalDependencies?: Record<string, string>;
  readonly hasInstallScript?: boolean;
}

function packagesOf(folder: string): Record<string, Package> {
  const text = readFileSync(join(ROOT, folder, 'package-lock.json'), 'utf8');
  return (JSON.parse(text) as { packages: Record<string, Package> }).packages;
}

/** As Node looks for it: beside the package that wants it, then further and further out. */
function isLocked(packages: Record<string, Package>, from: string, name: string): boolean {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('node_modules/') - 1))) {
    if (`${folder}${folder === '' ? '' : '/'}node_modules/${name}` in packages) return true;
    if (folder === '') return false;
  }
}

for (const folder of ['.', 'runtime', 'bench']) {
  describe(`the lockfile of ${folder}`, () => {
    const packages = packagesOf(folder);

    test('has the optional packages of every platform, or npm ci refuses it elsewhere', () => {
      const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
        Object.keys(optionalDependencies).filter((name) => !isLocked(packages, path, name)),
      );
      assert.deepEqual(missing, []);
    });

    test('names exact versions', () => {
      const root = packages[''];
      const wanted = { ...root?.dependencies, ...root?.devDependencies, ...root?.optionalDependencies };
      assert.deepEqual(
        Object.entries(wanted).filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version)),
        [],
      );
    });
  });
}

test('no package of the program or its tools runs a script when it is installed', () => {
  const scripted = Object.entries({ ...packagesOf('.'), ...packagesOf('runtime') });
  assert.deepEqual(
    scripted.filter(([, { hasInstallScript }]) => hasInstallScript === true),
    [],
  );
});
