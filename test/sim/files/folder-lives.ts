/** A random life of a few folders: apart or together, with crashes, faults, lying clocks and lost hints, checked whenever it comes to rest. */
import assert from 'node:assert/strict';
import { utf8 } from '../../../src/base/bytes.ts';
import { SeededRng } from '../rng.ts';
import { YEAR_MS } from '../sim-clock.ts';
import { checkReference, checkSame, checkTree, Saved, treeOf, wordsOf } from './folder-checks.ts';
import { Users } from './folder-users.ts';
import { FolderWorld, type FolderNode } from './folder-world.ts';

class Life {
  readonly rng: SeededRng;
  readonly world: FolderWorld;
  readonly users: Users;
  readonly saved: Saved;

  constructor(seed: number) {
    this.rng = new SeededRng(seed);
    this.world = new FolderWorld(this.rng.fork());
    this.users = new Users(this.rng.fork());
    this.saved = new Saved(this.world);
    const count = this.rng.chance(60) ? 2 : 3;
    for (let n = 0; n < count; n += 1) {
      const kind = this.rng.chance(80)
        ? { caseSensitive: true, normalises: false }
        : { caseSensitive: false, normalises: true };
      // A crowd of a few is a crowd here.
      const node = this.world.addNode({
        kind,
        ...(seed % 4 === 3 ? { lookedAtOnce: 3, foundAtOnce: 2 } : {}),
      });
      if (this.rng.chance(30)) this.#do(node);
      node.start();
    }
  }

  get nodes(): readonly FolderNode[] {
    return this.world.nodes;
  }

  async play(): Promise<void> {
    await this.#rest();
    const epochs = this.rng.between(2, 4);
    for (let epoch = 0; epoch < epochs; epoch += 1) {
      const kind = this.rng.below(10);
      if (kind < 5) await this.#apart();
      else if (kind < 9) await this.#together();
      else await this.#mass();
    }
    await this.#checkQuiet();
  }

  #do(node: FolderNode): void {
    if (node.disk.isMounted) this.saved.watch(node, () => this.users.act(node));
  }

  #any(): FolderNode {
    const node = this.rng.pick(this.nodes);
    assert.ok(node !== undefined);
    return node;
  }

  /** @param actor the only one who does anything. */
  async #busyTime(actor?: FolderNode): Promise<void> {
    const acts = this.rng.between(3, 10);
    const isRough = this.rng.chance(40);
    for (let act = 0; act < acts; act += 1) {
      this.#do(actor ?? this.#any());
      if (this.rng.chance(60)) await this.world.run(this.rng.below(this.rng.chance(50) ? 12 : 300));
      if (isRough) this.#trouble(this.#any());
    }
  }

  #trouble(node: FolderNode): void {
    node.faults = this.rng.chance(30) ? this.rng.between(2, 15) : 0;
    node.deaf = this.rng.chance(30) ? 50 : 0;
    node.disk.isMounted = !this.rng.chance(10);
    // Nobody tells that a disk is gone: the next look at everything finds out.
    if (!node.disk.isMounted && this.rng.chance(50)) node.service?.rescan();
    if (this.rng.chance(35)) node.kill();
    else if (node.service === undefined) node.start();
    if (this.rng.chance(10)) node.clock.jump(this.rng.pick([YEAR_MS, -YEAR_MS, 3_600_000, -60_000]) ?? 0);
  }

  async #apart(): Promise<void> {
    const before = treeOf(this.#any());
    const { log } = this.world;
    const from = log.length;
    for (const one of this.nodes) for (const other of this.nodes) this.world.part(one, other);
    const actor = this.rng.chance(30) ? this.#any() : undefined;
    await this.#busyTime(actor);
    if (this.rng.chance(50)) await this.world.run(this.rng.below(3000));
    const finals = this.nodes.map((node) => treeOf(node));
    const alone = actor === undefined ? undefined : new Map(treeOf(actor));
    const leftovers = actor === undefined ? [] : leftoversOf(actor);
    const edits = log.slice(from).filter(({ state }) => state.type !== 'deleted');
    await this.#rest();
    const made = new Set(log.slice(from).map(({ path }) => path));
    for (const path of leftovers) if (!made.has(path)) alone?.delete(path);
    if (alone !== undefined) checkTree(treeOf(this.#any()), alone, 'what one did alone');
    checkReference(before, finals, treeOf(this.#any()), (path) => {
      const devices = edits.filter((version) => version.path === path).map(({ device }) => device);
      return this.nodes.flatMap((node, at) => (devices.includes(node.device) ? [at] : []));
    });
  }

  async #together(): Promise<void> {
    // Some hear of others' edits before they hear of what these were made of.
    if (this.rng.chance(40)) this.world.part(this.#any(), this.#any());
    await this.#busyTime();
    await this.#rest();
  }

  /** All is well again, and everything comes to rest. */
  async #rest(): Promise<void> {
    for (const node of this.nodes) {
      [node.faults, node.deaf] = [0, 0];
      node.disk.isMounted = true;
      if (node.service === undefined) node.start();
    }
    this.world.heal();
    await this.world.settle();
    for (const node of this.nodes) node.service?.rescan();
    await this.world.settle();
    this.#check();
  }

  #check(): void {
    checkSame(this.nodes);
    this.saved.check();
    for (const { name, store, service } of this.nodes) {
      assert.deepEqual(store.brakes(), [], `${name} brakes for a few files`);
      assert.equal(service?.status().inStep, true, `${name} is in step`);
    }
  }

  /** Much is destroyed at once: it stays with the others until somebody says that it is meant. */
  async #mass(): Promise<void> {
    const node = this.#any();
    const paths = Array.from(
      { length: 24 + treeOf(node).size },
      (_, n) => `mass ${this.users.word()} ${String(n)}`,
    );
    for (const path of paths)
      this.saved.watch(node, () => {
        node.disk.write(path, utf8(this.users.newText()));
        node.hint(path);
      });
    await this.#rest();
    const before = treeOf(node);
    const isRewrite = this.rng.chance(40);
    for (const path of paths)
      this.saved.watch(node, () => {
        if (isRewrite) node.disk.write(path, utf8(this.users.newText()));
        else node.disk.take(path);
        node.hint(path);
      });
    await this.world.settle();
    for (const other of this.nodes) {
      if (other === node) continue;
      const words = wordsOf(treeOf(other));
      const lost = [...wordsOf(before)].filter((word) => !words.has(word)).length;
      assert.ok(lost <= Math.max(20, before.size / 4), `no brake: ${other.name} lost ${String(lost)} files`);
    }
    for (let round = 0; round < 6; round += 1) {
      for (const { service } of this.nodes) for (const way of ['out', 'in'] as const) service?.resume(way);
      await this.world.settle();
    }
    await this.#rest();
  }

  /** Looking again and starting again say nothing new. */
  async #checkQuiet(): Promise<void> {
    const versions = this.world.log.length;
    for (const node of this.nodes) {
      node.kill();
      node.start();
    }
    await this.world.settle();
    assert.equal(this.world.log.length, versions, 'echo: versions came of nothing');
    this.#check();
  }
}

/**
 * Empty folders that others deleted long ago. They may only have stood for what was in them, and go with it; or
 * somebody made them anew just now, and nobody has looked yet.
 */
function leftoversOf(node: FolderNode): readonly string[] {
  const tree = treeOf(node);
  const paths = [...tree.keys()];
  return paths.filter((path) => {
    const heads = node.index.heads(path);
    const isDeleted = heads.length > 0 && heads.every(({ state }) => state.type === 'deleted');
    return isDeleted && tree.get(path) === 'folder' && !paths.some((other) => other.startsWith(`${path}/`));
  });
}

export async function playFolderSeed(
  seed: number,
): Promise<{ readonly events: number; readonly simulatedMs: number }> {
  const life = new Life(seed);
  await life.play();
  return { events: life.world.events, simulatedMs: life.world.timers.nowMs };
}
