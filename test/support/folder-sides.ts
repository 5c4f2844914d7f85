/** One folder on several real nodes: until all agree, and whether what people saved is still to be had. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NodeProcess } from '../../scripts/nodes/node-process.ts';
import { until } from '../../scripts/nodes/until.ts';
import type { FolderPeople } from './folder-people.ts';
import { areAlike } from './folder-trees.ts';

export interface FolderSide {
  readonly node: NodeProcess;
  readonly root: string;
}

export class FolderSides {
  readonly nodes: readonly NodeProcess[];
  readonly roots: readonly string[];
  readonly #sides: readonly FolderSide[];
  #name = '';
  #fetched = 0;

  constructor(sides: readonly FolderSide[]) {
    this.#sides = sides;
    this.nodes = sides.map(({ node }) => node);
    this.roots = sides.map(({ root }) => root);
  }

  /** The first shares what it has, the others join. */
  async begin(name: string, deadlineMs: number): Promise<void> {
    const [first, ...others] = this.#sides;
    this.#name = name;
    await first?.node.call('addFolder', { name, path: first.root });
    for (const { node, root } of others) {
      await until(
        `${node.name} hears of ${name}`,
        async () => (await node.call('folders', {})).folders.length > 0,
      );
      await node.call('joinFolder', { folder: name, path: root });
    }
    await areAlike('all have what the first had', this.roots, deadlineMs);
  }

  async isInStep(node: NodeProcess): Promise<boolean> {
    return (await node.call('folder', { folder: this.#name })).inStep;
  }

  /**
   * Waits until all agree, as somebody who lets go of brakes. @returns how many had to be let go.
   * @throws when words that nobody destroyed are neither in sight nor in a version, or what was deleted is back.
   */
  async agree(people: FolderPeople, deadlineMs: number): Promise<number> {
    let resumed = 0;
    for (const { node } of this.#sides)
      await until(
        `${node.name} is in step`,
        async () => {
          for (const other of this.nodes) {
            if (!(await other.call('folder', { folder: this.#name })).paused) continue;
            await other.call('resumeFolder', { folder: this.#name });
            resumed += 1;
          }
          return this.isInStep(node);
        },
        deadlineMs,
      );
    const tree = await areAlike('all agree', this.roots, deadlineMs);
    for (const [word, path] of people.check(tree))
      assert.ok(await this.#isInVersions(word, path), `lost: ${word} of ${path}`);
    people.plantDoomed(this.roots[0] ?? '');
    await areAlike('all have the doomed', this.roots, deadlineMs);
    return resumed;
  }

  /** Somebody wrote over what had come a moment before. */
  async #isInVersions(word: string, path: string): Promise<boolean> {
    if (this.roots.some((root) => textsIn(join(root, '.kith')).some((text) => text.includes(word))))
      return true;
    for (const { node, root } of this.#sides) {
      const { versions } = await node.call('fileVersions', { name: path });
      for (const { version, state, here } of versions) {
        if (state !== 'file' || !here) continue;
        this.#fetched += 1;
        const got = join(root, '..', `version ${String(this.#fetched)}`);
        for await (const step of node.client.lines('getFile', { name: version, path: got }))
          if (step.step === 'done') break;
        if (readFileSync(got, 'utf8').includes(word)) return true;
      }
    }
    return false;
  }
}

function textsIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'));
}
