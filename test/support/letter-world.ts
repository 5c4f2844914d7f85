/** Devices that seal letters for each other, each with a log and a store on SQLite. Mail itself is the test. */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { toHex, utf8, type Bytes } from '../../src/base/bytes.ts';
import type { DeviceKey, MemberId } from '../../src/base/ids.ts';
import { silentLogger } from '../../src/base/ports.ts';
import { isNarrow } from '../../src/identity/roles.ts';
import { letterKeysProjection, openNodeLetters } from '../../src/node/letters.ts';
import { createSealer } from '../../src/sealing/at-rest.ts';
import type { LetterKeyStore, LetterSealer, OpenedLetter, SealedLetter } from '../../src/sealing/index.ts';
import { openDatabase, type Database, type Row } from '../../src/store/database.ts';
import { openExtensionStore } from '../../src/store/extension-store.ts';
import { openLetterDirectory, openLetterKeyStore } from '../../src/store/letter-key-store.ts';
import { openLogStore } from '../../src/store/log-store.ts';
import { SeededRng } from '../sim/rng.ts';
import { temporaryFolder } from './folder.ts';
import { LogWorld, REAL_SIGNATURES, syncAll, type LogNode, type NodeStores } from './log-world.ts';
import { fakeSealer } from './sealer.ts';

export const DAY_MS = 24 * 60 * 60 * 1000;

export interface Sent {
  readonly id: Bytes;
  readonly letter: SealedLetter;
}

interface Disk {
  readonly folder: string;
  database: Database;
}

/** Key of what is sealed on disk: whoever has seized a device without a passphrase has it. */
const ROOT = new SeededRng(99).bytes(32);

export class LetterDevice {
  readonly node: LogNode;
  readonly #world: LetterWorld;
  readonly #disk: Disk;
  store: LetterKeyStore;
  sealer: LetterSealer | undefined;
  #letters = 0;

  constructor(world: LetterWorld, node: LogNode, disk: Disk) {
    this.#world = world;
    this.node = node;
    this.#disk = disk;
    this.store = openLetterKeyStore(disk.database, createSealer(ROOT));
  }

  get device(): DeviceKey {
    return this.node.device;
  }

  get member(): MemberId {
    return this.node.member;
  }

  get letters(): LetterSealer {
    assert.ok(this.sealer, 'started');
    return this.sealer;
  }

  /** As after the program was started. */
  async start(): Promise<this> {
    const { node, store } = this;
    this.sealer = openNodeLetters({
      keys: { signer: node.signer, linkSeed: node.seeds.link, mlsSeed: node.seeds.mls },
      store,
      log: node.log,
      verifier: REAL_SIGNATURES.verifier,
      rng: this.#world.rng,
      clock: { nowMs: () => node.nowMs.value, monotonicMs: () => 0 },
      logger: silentLogger,
    });
    await this.maintain();
    return this;
  }

  async maintain(): Promise<void> {
    await this.letters.maintain(this.node.nowMs.value);
  }

  /** Seals as mail does, and says whom it could not be sealed for. */
  async trySend(
    to: readonly LetterDevice[],
    text: string | Bytes,
  ): Promise<{ sent: Sent | undefined; unreachable: readonly MemberId[] }> {
    const members = [...new Set(to.map(({ member }) => member))];
    this.#letters += 1;
    const id = utf8(`${this.device.slice(0, 16)} ${String(this.#letters)} ${String(this.#world.next())}`);
    await this.letters.prepare(members);
    const payload = typeof text === 'string' ? utf8(text) : text;
    const { letter, unreachable } = this.store.transact(() => this.letters.seal(members, payload, id));
    return { sent: letter === undefined ? undefined : { id, letter }, unreachable };
  }

  async send(to: LetterDevice | readonly LetterDevice[], text: string | Bytes): Promise<Sent> {
    const { sent, unreachable } = await this.trySend('member' in to ? [to] : to, text);
    assert.deepEqual(unreachable, []);
    assert.ok(sent);
    return sent;
  }

  async receive({ id, letter }: Sent): Promise<OpenedLetter | undefined> {
    if (!letter.tags.some((tag) => this.letters.isOurs(tag))) return undefined;
    await this.letters.meet(letter.sealed);
    return this.store.transact(() => this.letters.open(letter.sealed, id));
  }

  /** What lies on the disk now, every file. */
  bytesOnDisk(): string {
    return readdirSync(this.#disk.folder)
      .map((name) => toHex(readFileSync(join(this.#disk.folder, name))))
      .join(' ');
  }

  sql(text: string, ...values: readonly (string | Uint8Array)[]): Row[] {
    return this.#disk.database.sql(text).all(...values);
  }

  /** A copy of the disk as it is, and what puts it back. */
  snapshot(): () => Promise<void> {
    this.#disk.database.checkpoint();
    const copy = `${this.#disk.folder}-copy-${String(this.#world.next())}`;
    cpSync(this.#disk.folder, copy, { recursive: true });
    return async () => {
      this.#disk.database.close();
      cpSync(copy, this.#disk.folder, { recursive: true });
      await this.#reopen();
    };
  }

  async restart(): Promise<void> {
    this.#disk.database.close();
    await this.#reopen();
  }

  async #reopen(): Promise<void> {
    this.#disk.database = openDatabase(join(this.#disk.folder, 'kith.db'));
    this.store = openLetterKeyStore(this.#disk.database, createSealer(ROOT));
    this.node.reopen(logStores(this.#disk.database));
    await this.start();
  }

  close(): void {
    this.#disk.database.close();
  }
}

function logStores(database: Database): NodeStores {
  return { store: openLogStore(database, fakeSealer, isNarrow), index: openExtensionStore(database) };
}

export class LetterWorld {
  readonly rng: SeededRng;
  readonly world: LogWorld;
  readonly devices: LetterDevice[] = [];
  readonly #folder: string;
  readonly #disks: Disk[] = [];
  readonly #diskOf = new Map<LogNode, Disk>();
  #count = 0;

  constructor(t: TestContext, seed = 1) {
    this.rng = new SeededRng(seed + 1000);
    this.#folder = temporaryFolder(t);
    this.world = new LogWorld({
      seed,
      stores: () => {
        const folder = join(this.#folder, `disk-${String(this.next())}`);
        mkdirSync(folder);
        const disk = { folder, database: openDatabase(join(folder, 'kith.db')) };
        this.#disks.push(disk);
        return logStores(disk.database);
      },
      projections: (node) => {
        const last = this.#disks.at(-1);
        const disk = this.#diskOf.get(node) ?? last;
        assert.ok(disk);
        this.#diskOf.set(node, disk);
        return [letterKeysProjection(openLetterDirectory(disk.database), node.device)];
      },
    });
    t.after(() => {
      for (const device of this.devices) device.close();
    });
  }

  next(): number {
    this.#count += 1;
    return this.#count;
  }

  async founder(): Promise<LetterDevice> {
    return this.#enter(this.world.founder);
  }

  async admit(name: string, role: 'member' | 'reader' = 'member'): Promise<LetterDevice> {
    return this.#enter(this.world.admit(name, role));
  }

  async link(owner: LetterDevice, name: string): Promise<LetterDevice> {
    return this.#enter(this.world.link(owner.node, name));
  }

  async #enter(node: LogNode): Promise<LetterDevice> {
    const disk = this.#diskOf.get(node);
    assert.ok(disk);
    const device = await new LetterDevice(this, node, disk).start();
    this.devices.push(device);
    return device;
  }

  /** Everybody hears everybody, and publishes what the others then need. */
  async sync(...devices: readonly LetterDevice[]): Promise<void> {
    const all = devices.length === 0 ? this.devices : devices;
    for (let round = 0; round < 2; round += 1) {
      syncAll(...all.map(({ node }) => node));
      for (const device of all) await device.maintain();
    }
    syncAll(...all.map(({ node }) => node));
  }

  later(ms: number): void {
    for (const { node } of this.devices) node.nowMs.value += ms;
  }
}
