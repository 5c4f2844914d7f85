/** Nodes with one folder each, on one thread: their disks, their programs, what travels between them, and the time. */
import { setImmediate } from 'node:timers/promises';
import type { DeviceKey } from '../../../src/base/ids.ts';
import { silentLogger, type Logger, type Timers } from '../../../src/base/ports.ts';
import type { BrakeLimits } from '../../../src/files/folder/core-brake.ts';
import type { CrowdLimits } from '../../../src/files/folder/crowd.ts';
import type { FsFault } from '../../../src/files/folder/ports.ts';
import { FolderService } from '../../../src/files/folder/service.ts';
import type { FolderId, FolderMode, Version, VersionId } from '../../../src/files/types.ts';
import { SimClock } from '../sim-clock.ts';
import { SimTimers } from '../sim-timers.ts';
import type { SeededRng } from '../rng.ts';
import { MemoryFolderStore } from './memory-folder-store.ts';
import { isEcho, SimContents, SimIndex } from './sim-contents.ts';
import { SimDisk, type DiskKind } from './sim-disk.ts';
import { SimFileSystem } from './sim-file-system.ts';

export const FOLDER = 'f0'.repeat(32) as FolderId;
const PLAIN: DiskKind = { caseSensitive: true, normalises: false };
const PASSING: readonly string[] = ['io', 'full', 'denied'];
const NEVER = new Promise<never>(() => undefined);

export interface NodeOptions {
  readonly mode?: FolderMode;
  readonly kind?: DiskKind;
  readonly brake?: BrakeLimits;
  readonly crowd?: CrowdLimits;
  readonly logger?: Logger;
  readonly lookedAtOnce?: number;
  readonly foundAtOnce?: number;
}

export class FolderNode {
  readonly name: string;
  readonly mode: FolderMode;
  readonly clock: SimClock;
  readonly disk: SimDisk;
  readonly index: SimIndex;
  readonly store = new MemoryFolderStore();
  readonly contents: SimContents;
  service: FolderService | undefined;
  /** Percent of operations that fail. */
  faults = 0;
  /** Percent of hints that are lost. */
  deaf = 0;
  readonly #world: FolderWorld;
  readonly #options: NodeOptions;
  readonly #at: number;
  #life = 0;
  #hint: (path: string) => void = () => undefined;

  constructor(world: FolderWorld, at: number, options: NodeOptions) {
    const { mode = 'sync', kind = PLAIN } = options;
    this.#world = world;
    this.#at = at;
    this.name = `node ${String(at)}`;
    this.mode = mode;
    this.#options = options;
    this.clock = new SimClock(() => world.timers.nowMs);
    this.disk = new SimDisk(
      kind,
      () => this.clock.nowMs(),
      () => this.clock.monotonicMs(),
    );
    this.index = new SimIndex(FOLDER, `d${String(at)}`.padEnd(64, '0') as DeviceKey, this.clock);
    this.contents = new SimContents(
      (absolute, bytes) => {
        this.disk.makeFolders('.kith/tmp');
        this.disk.put(absolute, this.disk.newFile(bytes));
      },
      () => this.#pause(this.#life),
    );
    this.index.published = (versions, before) => {
      world.published(this, versions, before);
    };
    this.disk.makeFolders('.kith');
    this.disk.write('.kith/folder', new Uint8Array(Buffer.from(FOLDER)));
  }

  get device(): DeviceKey {
    return `d${this.name.slice(5)}`.padEnd(64, '0') as DeviceKey;
  }

  start(): void {
    this.#life += 1;
    const life = this.#life;
    const fs = new SimFileSystem(this.disk, {
      pause: () => this.#pause(life),
      fault: () => this.#fault(),
    });
    this.service = new FolderService({
      folder: FOLDER,
      mode: this.mode,
      me: this.device,
      fs,
      contents: this.contents,
      index: this.index,
      store: this.store,
      watch: (hint) => {
        this.#hint = hint;
        return { watch: () => undefined, unwatch: () => undefined, close: () => undefined };
      },
      names: { nameOf: (member) => member.slice(0, 2) },
      clock: this.clock,
      timers: this.#timers(life),
      rng: this.#world.rng,
      logger: this.#options.logger ?? silentLogger,
      keeping: { nowMs: () => this.clock.nowMs(), rules: () => ({ days: 30, bytes: 10 * 1024 ** 3 }) },
      ...only('brake', this.#options.brake),
      ...only('crowd', this.#options.crowd),
      ...only('lookedAtOnce', this.#options.lookedAtOnce),
      ...only('foundAtOnce', this.#options.foundAtOnce),
      // Time stands still within a turn: every other node gives up its turn whenever it may.
      turnMs: this.#at % 2 === 0 ? 1 : 0,
      changed: () => undefined,
    });
    this.service.start();
  }

  /** kill -9: what it was in the middle of stays so. */
  kill(): void {
    this.#life += 1;
    this.#hint = () => undefined;
    this.service = undefined;
  }

  hint(path: string): void {
    if (!this.#world.rng.chance(this.deaf)) this.#hint(path);
  }

  #fault(): FsFault | undefined {
    return this.#world.rng.chance(this.faults)
      ? (this.#world.rng.pick(['io', 'full', 'denied'] as const) ?? 'io')
      : undefined;
  }

  async #pause(life: number): Promise<void> {
    if (life !== this.#life) return NEVER;
    await new Promise<void>((resolve) => {
      this.#world.timers.after(this.#world.rng.chance(70) ? 0 : this.#world.rng.below(4), resolve);
    });
    if (life !== this.#life) return NEVER;
  }

  /** Who gives up a turn hears of what others did meanwhile. */
  #turnsOfOthersMs(): number {
    return this.#at % 2 === 0 ? 0 : this.#world.rng.below(3);
  }

  #timers(life: number): Timers {
    return {
      after: (delayMs, run) =>
        this.#world.timers.after(delayMs === 0 ? this.#turnsOfOthersMs() : delayMs, () => {
          if (life === this.#life) run();
        }),
    };
  }
}

function only<Key extends string, Value>(key: Key, value: Value | undefined): Partial<Record<Key, Value>> {
  return value === undefined ? {} : ({ [key]: value } as Record<Key, Value>);
}

export class FolderWorld {
  readonly timers = new SimTimers();
  readonly rng: SeededRng;
  readonly nodes: FolderNode[] = [];
  /** Pairs that cannot reach each other. */
  readonly cut = new Set<string>();
  /** Rules that were broken, by programs that may not hear of it. */
  readonly broken: string[] = [];
  events = 0;
  /** Every version, in the order of publishing. */
  readonly log: Version[] = [];
  readonly #parents = new Map<VersionId, readonly VersionId[]>();

  constructor(rng: SeededRng) {
    this.rng = rng;
  }

  addNode(options: NodeOptions = {}): FolderNode {
    const node = new FolderNode(this, this.nodes.length, options);
    this.nodes.push(node);
    return node;
  }

  published(node: FolderNode, versions: readonly Version[], before: readonly (readonly Version[])[]): void {
    this.log.push(...versions);
    for (const { id, parents } of versions) this.#parents.set(id, parents);
    this.#checkConflict(node, versions);
    for (const [at, version] of versions.entries())
      if (isEcho(version, before[at] ?? []))
        this.broken.push(`echo: ${node.name} published what was said of ${version.path} already`);
    for (const other of this.nodes) if (other !== node) this.#travel(node, other, versions);
  }

  reach(one: FolderNode, other: FolderNode): boolean {
    return !this.cut.has(`${one.name}|${other.name}`) && !this.cut.has(`${other.name}|${one.name}`);
  }

  part(one: FolderNode, other: FolderNode): void {
    this.cut.add(`${one.name}|${other.name}`);
  }

  /** What was missed while they were apart comes now, each author's in order. */
  heal(): void {
    this.cut.clear();
    for (const one of this.nodes)
      for (const other of this.nodes) {
        if (one === other) continue;
        this.#travel(one, other, [...one.index.all.values()]);
      }
  }

  /** Mostly together, as a log is pushed; else one by one, and in any order but that of their author. */
  #travel(from: FolderNode, to: FolderNode, versions: readonly Version[]): void {
    const missing = versions.filter(({ id }) => !to.index.all.has(id));
    const batches = this.rng.chance(80) ? [missing] : missing.map((version) => [version]);
    let delayMs = this.rng.below(30);
    for (const batch of batches) {
      this.timers.after(delayMs, () => {
        if (!this.reach(from, to)) return;
        const added = this.#withEarlier(batch).filter((version) => to.index.add(version));
        to.service?.indexChanged(added.map(({ path }) => path));
      });
      delayMs += this.rng.below(5);
    }
  }

  /** What an author wrote is never known without what it wrote before: a feed has no gaps. */
  #withEarlier(batch: readonly Version[]): Version[] {
    return batch.flatMap((version) => {
      const feed = this.nodes.find(({ device }) => device === version.device)?.index.feed ?? [];
      return feed.slice(0, feed.indexOf(version) + 1);
    });
  }

  /** A copy is made only of what was written without knowing of what it is a copy beside. */
  #checkConflict(node: FolderNode, versions: readonly Version[]): void {
    if (!versions.some(({ path }) => path.includes('(conflict'))) return;
    for (const { path, parents } of versions)
      for (const one of parents)
        if (parents.some((other) => other !== one && this.#isBefore(one, other)))
          this.broken.push(`no conflict: ${node.name} joins versions of ${path} that follow each other`);
  }

  #isBefore(one: VersionId, other: VersionId): boolean {
    const past = new Set([other]);
    for (const id of past) for (const parent of this.#parents.get(id) ?? []) past.add(parent);
    return past.has(one);
  }

  /** Contents that somebody waits for come from whoever is in reach. */
  #fetch(): void {
    for (const node of this.nodes)
      for (const [id, content] of node.contents.wanted) {
        const holder = this.nodes.find(
          (one) => one !== node && this.reach(one, node) && one.contents.held.has(id),
        );
        const bytes = holder?.contents.held.get(id);
        if (bytes === undefined) continue;
        node.contents.wanted.delete(id);
        this.timers.after(this.rng.below(20), () => {
          node.contents.held.set(id, bytes);
          node.service?.contentReady(content);
        });
      }
  }

  /** Plays what is due within that time. */
  async run(forMs: number): Promise<void> {
    const untilMs = this.timers.nowMs + forMs;
    for (;;) {
      this.#fetch();
      if (!this.timers.step(untilMs)) return;
      this.events += 1;
      if (this.broken.length > 0) throw new Error(this.broken[0]);
      if (this.events > 400_000) throw new Error('it never comes to rest');
      await setImmediate();
    }
  }

  /** Plays until nobody has anything to do. */
  async settle(): Promise<void> {
    for (let seconds = 0; seconds < 400; seconds += 1) {
      await this.run(seconds < 5 ? 500 : 5000);
      if (seconds > 0 && this.nodes.every((node) => node.service === undefined || isAtRest(node))) return;
    }
    const restless = this.nodes.filter((node) => node.service !== undefined && !isAtRest(node));
    throw new Error(
      `not at rest: ${restless.map((node) => `${node.name} ${JSON.stringify(node.service?.status())}`).join('; ')}`,
    );
  }
}

function isAtRest(node: FolderNode): boolean {
  const status = node.service?.status();
  if (status === undefined) return true;
  if (status.away !== undefined) return true;
  const passing = [...status.problems.values()].filter((problem) => PASSING.includes(problem));
  return !status.busy && status.missing === 0 && passing.length === 0;
}
