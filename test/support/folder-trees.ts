/** Trees on real disks: what stands in a folder, and waiting until several are alike. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { until } from '../../scripts/nodes/until.ts';

/** Path to what the file holds. */
export type Tree = Readonly<Record<string, string>>;

/** Every file in it, sorted; kith's own corner left out. */
export function pathsIn(root: string): string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .filter((path) => !path.startsWith('.kith/'))
    .sort();
}

export function treeOf(root: string): Tree {
  return Object.fromEntries(pathsIn(root).map((path) => [path, readFileSync(join(root, path), 'latin1')]));
}

export function write(root: string, path: string, text: string | Uint8Array): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

export function isSame(one: Tree, other: Tree): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** Names are compared first: thousands of files are not read again and again. */
export async function areAlike(what: string, roots: readonly string[], deadlineMs?: number): Promise<Tree> {
  return until(
    what,
    () => {
      const names = roots.map((root) => pathsIn(root).join('\n'));
      if (names.some((other) => other !== names[0])) return undefined;
      const [first = {}, ...others] = roots.map(treeOf);
      return others.every((other) => isSame(first, other)) ? first : undefined;
    },
    deadlineMs,
  );
}
