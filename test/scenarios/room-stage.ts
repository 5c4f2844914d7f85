/** Devices with the real rooms, real group keys and real stores, over links in memory and in simulated time. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { toHex, type Bytes } from '../../src/base/bytes.ts';
import type { DeviceKey, LinkKey, MemberId } from '../../src/base/ids.ts';
import type { Logger } from '../../src/base/ports.ts';
import { createSigner, createVerifier, publicKeyOf } from '../../src/identity/signing.ts';
import { RoomService, type RoomId, type RoomView, type ShownMessage } from '../../src/rooms/index.ts';
import { readKeys } from '../../src/rooms/keys/wire.ts';
import { createSealer, type Sealer } from '../../src/sealing/index.ts';
import { createMls } from '../../src/sealing/mls/index.ts';
import { openDatabase, type Database } from '../../src/store/database.ts';
import { openRoomStore } from '../../src/store/room-store.ts';
import type { RoomRows } from '../../src/rooms/ports.ts';
import { ManualTimers } from '../sim/manual-timers.ts';
import { MemoryNetwork, type MemoryTransport } from '../sim/memory-transport.ts';
import { SeededRng } from '../sim/rng.ts';
import { START_MS } from '../support/author.ts';

const STEP_MS = 50;
const HANGING_MS = 20 * 60_000;

/** One frame as somebody on the way would have it. */
export interface Recorded {
  readonly from: string;
  readonly to: string;
  readonly bytes: Bytes;
}

export class RoomStage {
  readonly timers = new ManualTimers();
  readonly rng: SeededRng;
  readonly folder = mkdtempSync(join(tmpdir(), 'kith-room-stage-'));
  readonly frames: Recorded[] = [];
  readonly thrown: string[] = [];
  /** What each way to and from a node takes longer. */
  readonly delaysMs = new Map<LinkKey, number>();
  readonly network: MemoryNetwork;
  readonly devices: StageDevice[] = [];
  /** Entries in memory for whoever is behind; as many as suit people, unless said. */
  keepEntries: number | undefined;
  /** After how long whoever is away counts no more; a week, unless said. */
  awayMs: number | undefined;
  readonly verifier = createVerifier();
  readonly clock = {
    nowMs: () => START_MS + this.#skippedMs + this.timers.nowMs,
    monotonicMs: () => this.timers.nowMs,
  };
  #skippedMs = 0;

  constructor(seed: number, names: readonly string[]) {
    this.rng = new SeededRng(seed);
    this.network = new MemoryNetwork({
      timers: this.timers,
      delayMs: (from, to) =>
        this.rng.between(1, 8) + (this.delaysMs.get(from) ?? 0) + (this.delaysMs.get(to) ?? 0),
      tap: (from, to, channel, bytes) => {
        if (channel === '/kith/1/rooms') this.frames.push({ from, to, bytes: bytes.slice() });
      },
      threw: (channel, error) => this.thrown.push(`${channel} ${String(error)}`),
    });
    for (const name of names) this.devices.push(new StageDevice(this, name));
  }

  device(name: string): StageDevice {
    const device = this.devices.find((one) => one.name === name);
    assert.ok(device !== undefined, name);
    return device;
  }

  get running(): readonly StageDevice[] {
    return this.devices.filter(({ isUp }) => isUp);
  }

  async startAll(): Promise<void> {
    for (const device of this.devices) await device.start();
    await this.linkAll();
  }

  /** Whoever runs, and whose way is open. */
  async linkAll(): Promise<void> {
    for (const [at, a] of this.running.entries())
      for (const b of this.running.slice(at + 1)) {
        if (this.network.way(a.link, b.link) === 'open' && !a.isLinkedWith(b)) await this.during(a.dial(b));
      }
  }

  async pass(forMs: number): Promise<void> {
    for (let passedMs = 0; passedMs < forMs; passedMs += STEP_MS) {
      this.timers.advance(STEP_MS);
      await turn();
    }
  }

  /** On everybody's calendar. */
  skip(ms: number): void {
    this.#skippedMs += ms;
  }

  async until(what: string, condition: () => boolean): Promise<void> {
    for (let passedMs = 0; !condition(); passedMs += STEP_MS) {
      if (passedMs > HANGING_MS) assert.fail(`never: ${what}\n${this.#state()}`);
      if (passedMs % 2000 === 0) await this.linkAll();
      await this.pass(STEP_MS);
    }
    assert.deepEqual(this.thrown, []);
  }

  #state(): string {
    return this.running
      .map(
        (device) => `${device.name} ${JSON.stringify(device.views())} ${device.logged.slice(-5).join('; ')}`,
      )
      .join('\n');
  }

  async during<Result>(work: Promise<Result>): Promise<Result> {
    const state = { isOver: false };
    const over = work.finally(() => (state.isOver = true));
    for (let steps = 0; !state.isOver; steps += 1) {
      assert.ok(steps < 10_000, 'nothing comes of it');
      this.timers.advance(STEP_MS);
      await turn();
    }
    return over;
  }

  /** A room of all who run, each of whom counts and has the keys. */
  async room(name = 'Doctors'): Promise<RoomId> {
    const [founder, ...others] = this.running;
    assert.ok(founder !== undefined);
    const id = founder.rooms.create(
      name,
      others.map(({ member }) => member),
    );
    await this.#accepted(id, others);
    await this.settled(id);
    return id;
  }

  async #accepted(id: RoomId, devices: readonly StageDevice[]): Promise<void> {
    for (const device of devices) {
      await this.until(`${device.name} is invited`, () => device.view(id)?.state === 'invited');
      device.rooms.accept(id);
    }
  }

  async add(id: RoomId, by: StageDevice, device: StageDevice): Promise<void> {
    by.rooms.invite(id, [device.member]);
    await this.#accepted(id, [device]);
  }

  /** Everybody who runs and is in counts, has the same keys, and has nothing waiting. */
  async settled(id: RoomId, devices: readonly StageDevice[] = this.running): Promise<void> {
    await this.until('all are settled', () => {
      const views = devices.map((device) => device.view(id));
      const epochs = new Set(views.map((view) => view?.keys?.epoch));
      const confirmed = new Set(views.map((view) => view?.confirmed));
      return (
        epochs.size === 1 &&
        confirmed.size === 1 &&
        views.every(
          (view) =>
            view?.state === 'active' &&
            view.host !== undefined &&
            view.keys?.state === 'in' &&
            view.keys.differing.length === 0 &&
            view.waiting === 0 &&
            view.joining.length === 0 &&
            view.voters.length >= devices.length,
        )
      );
    });
  }

  host(id: RoomId): StageDevice {
    const found = this.running.find((device) => device.rooms.room(id)?.core.role === 'host');
    assert.ok(found !== undefined, 'somebody is host');
    return found;
  }

  async stop(): Promise<void> {
    for (const device of this.running) device.crash();
    this.timers.advance(10_000);
    await turn();
    for (const device of this.devices) device.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export class StageDevice {
  readonly name: string;
  readonly key: DeviceKey;
  readonly member: MemberId;
  readonly link: LinkKey;
  readonly mlsSeed: Bytes;
  readonly mlsKey: string;
  readonly logged: string[] = [];
  isRevoked = false;
  readonly #stage: RoomStage;
  readonly #seed: Bytes;
  readonly #sealer: Sealer;
  #database: Database;
  #store = 1;
  #rooms: RoomService | undefined;
  #transport: MemoryTransport | undefined;

  constructor(stage: RoomStage, name: string) {
    this.#stage = stage;
    this.name = name;
    const { rng } = stage;
    this.#seed = rng.bytes(32);
    this.mlsSeed = rng.bytes(32);
    this.key = publicKeyOf(this.#seed);
    this.mlsKey = publicKeyOf(this.mlsSeed);
    this.member = toHex(rng.bytes(32)) as MemberId;
    this.link = toHex(rng.bytes(32)) as LinkKey;
    this.#sealer = createSealer(rng.bytes(32));
    this.#database = openDatabase(':memory:');
  }

  get isUp(): boolean {
    return this.#rooms !== undefined;
  }

  get rooms(): RoomService {
    assert.ok(this.#rooms !== undefined, `${this.name} runs`);
    return this.#rooms;
  }

  /** As whoever has the disk and the key to it. */
  get rows(): RoomRows {
    return openRoomStore(this.#database, {
      seal: (key, bytes) => this.#sealer.seal({ table: 'rooms', key }, bytes),
      open: (key, sealed) => this.#sealer.open({ table: 'rooms', key }, sealed),
    });
  }

  async start(): Promise<void> {
    const { network, timers, clock, rng, verifier, devices, keepEntries, awayMs } = this.#stage;
    const transport = network.transport({ self: this.link, gate: { mayLink: () => true } });
    this.#transport = transport;
    await transport.start();
    this.#rooms = new RoomService({
      transport,
      timers,
      clock,
      verifier,
      rows: this.rows,
      rng: rng.fork(),
      signer: createSigner(this.#seed),
      mls: (authority) => createMls({ device: this.key, seed: this.mlsSeed, authority }),
      logger: this.#logger(),
      store: String(this.#store).padStart(32, '0'),
      roll: {
        self: this.member,
        device: this.key,
        memberOf: (key) => devices.find((one) => one.key === key && !one.isRevoked)?.member,
        devicesOf: (id) =>
          devices.filter(({ member, isRevoked }) => member === id && !isRevoked).map(({ key }) => key),
        isRevoked: (key) => devices.some((one) => one.key === key && one.isRevoked),
        certifies: (key, mlsKey) => devices.some((one) => one.key === key && one.mlsKey === mlsKey),
      },
      relay: undefined,
      deviceOf: (link) => devices.find((one) => one.link === link)?.key,
      ...(keepEntries === undefined ? {} : { keepEntries }),
      ...(awayMs === undefined ? {} : { awayMs }),
      changed: () => undefined,
      misbehaved: (_peer, code) => this.#stage.thrown.push(`${this.name} blames: ${code}`),
      guard: () => () => undefined,
    });
  }

  #logger(): Logger {
    const note = (fields: object, message: string): void => {
      this.logged.push(`${message} ${JSON.stringify(fields)}`);
    };
    return {
      debug: () => undefined,
      info: note,
      warn: note,
      error: (fields, message) => {
        note(fields, message);
        const { error } = fields as { error?: unknown };
        this.#stage.thrown.push(
          `${this.name}: ${message} ${error instanceof Error ? String(error.stack) : ''}`,
        );
      },
    };
  }

  /** Gone from one moment to the next. */
  crash(): void {
    this.#rooms?.stop();
    this.#rooms = undefined;
    const { network, running } = this.#stage;
    for (const other of running) {
      network.cut(this.link, other.link);
      network.heal(this.link, other.link);
    }
    void this.#transport?.stop();
    this.#transport = undefined;
  }

  close(): void {
    this.#database.close();
  }

  backUp(): string {
    const path = join(this.#stage.folder, `${this.name}-backup-${toHex(this.#stage.rng.bytes(4))}.db`);
    this.#database.copyTo(path);
    return path;
  }

  /** A crashed device goes on from a backup: the node knows that its store is another one. */
  restore(backup: string): void {
    this.#database.close();
    this.#database = openDatabase(backup);
    this.#store += 1;
  }

  /** A copy of its disk, in somebody else's hands. */
  seize(): RoomRows {
    const database = openDatabase(this.backUp());
    return openRoomStore(database, {
      seal: (key, bytes) => this.#sealer.seal({ table: 'rooms', key }, bytes),
      open: (key, sealed) => this.#sealer.open({ table: 'rooms', key }, sealed),
    });
  }

  isLinkedWith(other: StageDevice): boolean {
    return this.#transport?.links().some(({ peer }) => peer === other.link) ?? false;
  }

  async dial(other: StageDevice): Promise<void> {
    await this.#transport?.dial(other.address, {}).then(
      () => undefined,
      () => undefined,
    );
  }

  get address(): string {
    return this.#transport?.listening()[0] ?? '';
  }

  cutFrom(other: StageDevice): void {
    this.#stage.network.cut(this.link, other.link);
  }

  healWith(other: StageDevice): void {
    this.#stage.network.heal(this.link, other.link);
  }

  views(): readonly RoomView[] {
    return this.rooms.views();
  }

  view(id: RoomId): RoomView | undefined {
    return this.views().find((one) => one.id === id);
  }

  said(id: RoomId): readonly ShownMessage[] {
    return this.rooms.read(id, undefined, 10_000);
  }

  epochsHeld(id: RoomId): readonly number[] {
    const stored = this.rows.keys(id);
    return stored === undefined || stored === null ? [] : readKeys(stored).epochs.map(({ epoch }) => epoch);
  }

  confirmed(id: RoomId): readonly string[] {
    return this.said(id).flatMap(({ index, text, isReadable }) =>
      index === null ? [] : [isReadable ? text : `sealed ${String(index)}`],
    );
  }
}
