/** What must hold of folders in step, and a dumb reference: three ways, path by path, with everything in sight. */
import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import type { ContentId } from '../../../src/files/types.ts';
import type { FolderNode, FolderWorld } from './folder-world.ts';
import { text } from './folder-users.ts';
import type { DiskNode } from './sim-disk.ts';

/** Path to what stands there, as a text. */
export type Tree = ReadonlyMap<string, string>;

export function treeOf(node: FolderNode): Tree {
  return new Map([...node.disk.tree()].map(([path, found]) => [path, describe(found)]));
}

function describe(node: DiskNode): string {
  if (node.type === 'folder') return 'folder';
  if (node.type === 'link') return `link ${node.target}`;
  return `file ${node.executable ? 'x' : '-'} ${text(node.bytes)}`;
}

export function checkSame(nodes: readonly FolderNode[]): void {
  const [first, ...others] = nodes;
  if (first === undefined) return;
  for (const other of others)
    checkTree(treeOf(other), treeOf(first), `convergence: ${other.name} and ${first.name}`);
}

export function checkTree(tree: Tree, expected: Tree, what: string): void {
  assert.deepEqual(sorted(tree), sorted(expected), what);
}

function sorted(tree: Tree): [string, string][] {
  return [...tree].sort(([a], [b]) => (a < b ? -1 : 1));
}

/** The words in it: each was written once, in one state of one file. */
export function wordsOf(tree: Tree): Set<string> {
  return new Set([...tree.values()].flatMap((state) => state.match(/w\d+\./g) ?? []));
}

/**
 * What must come out when all were apart, had `before`, and left `finals`. Files only: folders follow from them.
 * @param editors who published an edit of a path on the way, whatever they did to it later; as places in `finals`.
 */
export function checkReference(
  before: Tree,
  finals: readonly Tree[],
  after: Tree,
  editors: (path: string) => readonly number[],
): void {
  const old = wordsOf(before);
  const [kept, all] = [wordsOf(after), finals.flatMap((final) => [...wordsOf(final)])];
  for (const word of all) if (!old.has(word)) assert.ok(kept.has(word), `lost from sight: ${word}`);
  const paths = new Set([before, ...finals].flatMap((tree) => [...tree.keys()]));
  for (const path of after.keys())
    assert.ok(
      paths.has(path) || path.includes('(conflict') || editors(path).length > 0,
      `nobody ever had ${path}`,
    );
  for (const path of paths)
    if (isPlain(path, [before, ...finals])) checkPath(path, before, finals, after, editors(path));
}

function checkPath(
  path: string,
  before: Tree,
  finals: readonly Tree[],
  after: Tree,
  editors: readonly number[],
): void {
  const old = before.get(path);
  const changed = new Set(finals.map((final) => final.get(path)).filter((state) => state !== old));
  const edits = [...changed].filter((state) => state !== undefined);
  const now = after.get(path);
  // Who edited and deleted afterwards has done both, and whoever saw the edit only goes on from it.
  const isMixed = editors.some((at) => finals[at]?.get(path) === undefined || finals[at].get(path) === old);
  if (changed.size === 0 && editors.length === 0) assert.equal(now, old, `nobody touched ${path}`);
  else if (isMixed) return;
  else if (edits.length === 0)
    assert.equal(now, undefined, `resurrection: all who touched ${path} deleted it`);
  else if (edits.length === 1)
    assert.equal(now, edits[0], `one edit of ${path}, and at most deletions beside it`);
  else assert.ok(now !== undefined, `several edits of ${path}`);
}

/** A file or nothing at everybody's, in folders that are folders at everybody's. */
function isPlain(path: string, trees: readonly Tree[]): boolean {
  const segments = path.split('/');
  return trees.every((tree) => {
    const own = tree.get(path);
    if (own !== undefined && !own.startsWith('file')) return false;
    return segments.slice(1).every((_, at) => {
      const folder = tree.get(segments.slice(0, at + 1).join('/'));
      return folder === undefined || folder === 'folder';
    });
  });
}

/** Content that somebody saved is somewhere: on a disk, kept, or in a version whose pieces somebody has. */
export class Saved {
  readonly #world: FolderWorld;
  readonly #texts = new Map<ContentId, string>();

  constructor(world: FolderWorld) {
    this.#world = world;
  }

  /** Runs what a user does. What they destroy themselves before anybody could see it is theirs to destroy. */
  watch(node: FolderNode, act: () => void): void {
    const before = this.#on(node);
    act();
    const after = this.#on(node);
    for (const [id, saved] of after) if (!before.has(id)) this.#texts.set(id, saved);
    const gone = [...before.keys()].filter((id) => !after.has(id));
    if (gone.length === 0) return;
    const places = this.#places();
    for (const id of gone) if (!places.has(id)) this.#texts.delete(id);
  }

  check(): void {
    const places = this.#places();
    for (const [id, saved] of this.#texts) assert.ok(places.has(id), `lost: ${saved}`);
  }

  #on(node: FolderNode): Map<ContentId, string> {
    const files = [...node.disk.tree().values()].filter((found) => found.type === 'file');
    return new Map(files.map(({ bytes }) => [hash('sha256', bytes, 'hex') as ContentId, text(bytes)]));
  }

  #places(): Set<ContentId> {
    const places = new Set<ContentId>();
    const versions = new Set<ContentId>();
    for (const { index } of this.#world.nodes)
      for (const { state } of index.all.values()) if (state.type === 'file') versions.add(state.content.id);
    for (const { disk, contents } of this.#world.nodes) {
      for (const { bytes } of disk.files()) places.add(hash('sha256', bytes, 'hex') as ContentId);
      for (const id of contents.held.keys()) if (versions.has(id)) places.add(id);
    }
    return places;
  }
}
