/**
 * Who holds what, in simulated time (row B6): known to a node within five seconds of its joining, and to all within ten seconds of a loss, deletions
 * included; and nobody believes in what is not so. That a node that is gone is believed in for ten seconds at most, the mesh shows (mesh.sim.test.ts).
 */
import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { test } from 'node:test';
import type { DeviceKey } from '../../../src/base/ids.ts';
import { FileIndex, type Change } from '../../../src/files/index/file-index.ts';
import { fileProjection, versionCodec } from '../../../src/files/index.ts';
import type { Content, ContentId, VersionId } from '../../../src/files/types.ts';
import type { LogStore, Projection } from '../../../src/log/ports.ts';
import { openDatabase, type Database } from '../../../src/store/database.ts';
import { openFileIndex } from '../../../src/store/file-store.ts';
import type { IndexRows } from '../../../src/files/ports-index.ts';
import { fileSealer } from '../../support/file-sealer.ts';
import type { SimNode } from '../sim-node.ts';
import { World } from '../world.ts';

const JOIN_MS = 5000;
const LOSS_MS = 10_000;
const STEP_MS = 50;
const FILES = 40;
/** Half a second from end to end of a chain of eight. */
const FAULTS = { minDelayMs: 5, maxDelayMs: 150, lossPer10k: 0, chaos: false, windowBytes: 64 * 1024 };

class HolderWorld {
  readonly #rows = new Map<LogStore, { database: Database; rows: IndexRows; changed: () => void }>();
  readonly #indices = new Map<SimNode, FileIndex>();
  readonly sim: World;
  /** Nobody tells it anything any more. */
  putOut: SimNode | undefined;
  /** What is so: who has said last that it holds it. */
  readonly truth = new Map<ContentId, Set<DeviceKey>>();

  constructor(seed: number) {
    this.sim = new World(seed, FAULTS, Infinity, (store) => [this.#projection(store)]);
  }

  #projection(store: LogStore): Projection {
    const database = openDatabase(':memory:');
    const rows = openFileIndex(database, fileSealer(4), versionCodec);
    const kept = { database, rows, changed: (): void => undefined };
    this.#rows.set(store, kept);
    const inner = fileProjection({
      log: store,
      rows,
      changed: () => {
        kept.changed();
      },
    });
    return {
      ...inner,
      apply: (entry) => {
        database.transact(() => {
          inner.apply(entry);
        });
      },
      reset: () => {
        database.transact(() => {
          inner.reset();
        });
      },
    };
  }

  of(node: SimNode): FileIndex {
    const known = this.#indices.get(node);
    if (known !== undefined) return known;
    const kept = this.#rows.get(node.store);
    assert.ok(kept !== undefined);
    const index = new FileIndex({
      rows: kept.rows,
      rng: this.sim.rng,
      append: (drafts) => this.sim.write(node, drafts),
      roll: {
        self: node.memberId,
        device: node.device,
        memberOf: (device) => {
          const found = node.log.membership.devices.get(device);
          return found?.active === true ? found.member : undefined;
        },
        standingOf: () => undefined,
      },
    });
    kept.changed = () => {
      index.refresh();
    };
    this.#indices.set(node, index);
    return index;
  }

  /** A node of the chain's end, linked to the last one. */
  grow(count: number): void {
    while (this.sim.nodes.length < count) {
      const last = this.sim.nodes.at(-1);
      const node = this.sim.admit(this.sim.founder, 'member');
      assert.ok(node !== undefined && last !== undefined);
      if (last !== this.sim.founder) this.sim.network.unwant(this.sim.founder.index, node.index);
      this.sim.network.want(last.index, node.index);
      this.of(node);
    }
    this.sim.runFor(60_000);
  }

  say(node: SimNode, held: readonly ContentId[], dropped: readonly ContentId[] = []): void {
    this.of(node).say(held, dropped);
    for (const content of held)
      this.truth.set(content, (this.truth.get(content) ?? new Set()).add(node.device));
    for (const content of dropped) this.truth.get(content)?.delete(node.device);
  }

  /** All that it believes is so, and it knows all. */
  knows(node: SimNode): boolean {
    const index = this.of(node);
    return [...this.truth].every(
      ([content, holders]) => index.holders(content).toSorted().join() === [...holders].sort().join(),
    );
  }

  /** @returns simulated milliseconds until all of these know; `mostMs` and a step when they do not. */
  msUntil(isSo: () => boolean, mostMs: number): number {
    const sinceMs = this.sim.timers.nowMs;
    while (!isSo() && this.sim.timers.nowMs - sinceMs <= mostMs) this.sim.runFor(STEP_MS);
    return this.sim.timers.nowMs - sinceMs;
  }

  allKnow(): boolean {
    return this.sim.nodes.every((node) => node === this.putOut || this.knows(node));
  }
}

function contentOf(name: string): Content {
  const id = hash('sha256', name) as never;
  return { id, sizeBytes: 4, pieces: [{ id, sizeBytes: 4 }], manifest: undefined };
}

function file(path: string, parents: readonly VersionId[] = []): Change {
  const state = { type: 'file', content: contentOf(path), modifiedMs: 5, executable: false } as const;
  return { path, parents, state, renamedFrom: undefined };
}

for (const seed of [1, 2])
  test(`a chain of eight knows who holds what, seed ${String(seed)}`, (t) => {
    const world = new HolderWorld(seed);
    const { sim } = world;
    world.of(sim.founder);
    world.grow(8);
    const id = world.of(sim.founder).found('Shared');
    const folder = world.of(sim.founder).folder(id);
    assert.ok(folder !== undefined);
    const changes = Array.from({ length: FILES }, (_, n) => file(`f${String(n)}`));
    const versions = world.of(sim.founder).publish(folder, changes);
    const contents = changes.map(({ path }) => contentOf(path).id);
    for (const content of contents) world.truth.set(content, new Set([sim.founder.device]));
    sim.runFor(20_000);
    for (const node of sim.nodes.slice(1))
      world.say(
        node,
        contents.filter(() => sim.rng.chance(50)),
      );
    const saidMs = world.msUntil(() => world.allKnow(), JOIN_MS);
    assert.ok(saidMs <= JOIN_MS, `said for ${String(saidMs)} ms`);

    // Whoever joins knows what all hold, and all know what it holds.
    const newcomer = sim.admit(sim.founder, 'member');
    assert.ok(newcomer !== undefined);
    world.of(newcomer);
    const hearsMs = world.msUntil(() => world.knows(newcomer), JOIN_MS);
    world.say(newcomer, contents);
    const heardMs = world.msUntil(() => world.allKnow(), JOIN_MS);
    assert.ok(
      hearsMs + heardMs <= JOIN_MS,
      `known ${String(hearsMs)} and ${String(heardMs)} ms after joining`,
    );

    // A holder loses some, and its neighbour deletes others.
    const [, loser] = sim.nodes;
    assert.ok(loser !== undefined);
    world.say(loser, [], contents.slice(0, 20));
    const deleted = versions.slice(20, 30).map(({ path, id: parent }) => ({
      path,
      parents: [parent],
      state: { type: 'deleted' } as const,
      renamedFrom: undefined,
    }));
    world.of(loser).publish(folder, deleted);
    for (const node of sim.nodes) world.say(node, [], contents.slice(20, 30));
    const isGone = (node: SimNode): boolean =>
      deleted.every(({ path }) =>
        world
          .of(node)
          .headsAt(id, path)
          .every(({ state }) => state.type === 'deleted'),
      );
    const lostMs = world.msUntil(() => world.allKnow() && sim.nodes.every(isGone), LOSS_MS);
    assert.ok(lostMs <= LOSS_MS, `believed in for ${String(lostMs)} ms`);

    // Whoever is put out holds nothing for anybody.
    sim.revoke(sim.founder, newcomer.memberId);
    world.putOut = newcomer;
    for (const holders of world.truth.values()) holders.delete(newcomer.device);
    const revokedMs = world.msUntil(() => world.allKnow(), LOSS_MS);
    assert.ok(revokedMs <= LOSS_MS, `believed in for ${String(revokedMs)} ms after it was put out`);

    // In a minute apart both halves change; together again, all know within five seconds of the link.
    sim.network.unwant(3, 4);
    sim.network.breakBetween(3, 4);
    sim.runFor(60_000);
    for (const node of sim.nodes.slice(0, 8)) world.say(node, contents.slice(0, 10), contents.slice(10, 20));
    sim.runFor(60_000);
    assert.equal(world.allKnow(), false);
    sim.network.want(3, 4);
    const healedMs = world.msUntil(() => world.allKnow(), JOIN_MS);
    assert.ok(healedMs <= JOIN_MS, `known ${String(healedMs)} ms after they met`);
    t.diagnostic(
      `simulated ms: said ${String(saidMs)}, joined ${String(hearsMs)} + ${String(heardMs)}, lost ${String(lostMs)}, put out ${String(revokedMs)}, met ${String(healedMs)}`,
    );
  });
