/** A node with all its services, as the program wires them, over the transport's twin in memory and simulated time. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bytes } from '../../src/base/bytes.ts';
import type { LinkKey } from '../../src/base/ids.ts';
import { HybridClock } from '../../src/base/hlc.ts';
import { fromHex, toHex } from '../../src/base/bytes.ts';
import type { Clock, Logger } from '../../src/base/ports.ts';
import { alertProjection } from '../../src/alarms/index.ts';
import { createVerifier } from '../../src/identity/signing.ts';
import { isNarrow } from '../../src/identity/roles.ts';
import { extensionProjection } from '../../src/log/extension.ts';
import { foundNetwork } from '../../src/log/found.ts';
import type { Run } from '../../src/log/types.ts';
import type { NetworkId, DeviceKey } from '../../src/base/ids.ts';
import type { ChannelName } from '../../src/net/ports.ts';
import type { Relays } from '../../src/net/hubs/index.ts';
import { searchAndAsk, type JoiningDeps } from '../../src/node/joining.ts';
import { openKeys, type DeviceKeys, type Meta } from '../../src/node/keys.ts';
import { letterKeysProjection } from '../../src/node/letters.ts';
import type { NodeLog } from '../../src/node/logging.ts';
import { openNodeMail, type Mail } from '../../src/node/mail.ts';
import { openNodeFiles } from '../../src/node/node-files.ts';
import { openNodeRecords } from '../../src/node/records.ts';
import { openNodeRooms } from '../../src/node/rooms.ts';
import type { FilesService } from '../../src/files/index.ts';
import type { RoomService } from '../../src/rooms/index.ts';
import { Session } from '../../src/node/session.ts';
import { openAckStore, openAlertIndex } from '../../src/store/alarm-store.ts';
import { openDatabase, type Database } from '../../src/store/database.ts';
import { openExtensionStore } from '../../src/store/extension-store.ts';
import { openLetterDirectory, openLetterKeyStore } from '../../src/store/letter-key-store.ts';
import { openLogStore } from '../../src/store/log-store.ts';
import { openMetaStore } from '../../src/store/meta-store.ts';
import { START_MS } from '../support/author.ts';
import { ManualTimers } from '../sim/manual-timers.ts';
import { MemoryNetwork, type MemoryTransport } from '../sim/memory-transport.ts';
import { SeededRng } from '../sim/rng.ts';

const CAPACITY = { min: 4, max: 64 };
const NO_RELAYS: Relays = { reserve: async () => undefined, through: () => [], reservedAt: () => [] };

/** One network in one thread. */
export class Surroundings {
  readonly timers = new ManualTimers();
  readonly clock: Clock = {
    nowMs: () => START_MS + this.timers.nowMs,
    monotonicMs: () => this.timers.nowMs,
  };
  readonly rng: SeededRng;
  readonly verifier = createVerifier();
  readonly network: MemoryNetwork;
  /** What handlers threw, on any node: each would be a bug. */
  readonly thrown: string[] = [];
  tap: ((from: LinkKey, channel: ChannelName, frame: Bytes) => void) | undefined;

  constructor(seed: number) {
    this.rng = new SeededRng(seed);
    this.network = new MemoryNetwork({
      timers: this.timers,
      tap: (from, _to, channel, frame) => this.tap?.(from, channel, frame),
      threw: (channel, error) => {
        this.thrown.push(`${channel}: ${error instanceof Error ? String(error.stack) : String(error)}`);
      },
    });
  }
}

/** Counts what a node logs. */
class CountingLog implements NodeLog {
  readonly counts = new Map<string, number>();
  readonly errors: string[] = [];
  readonly wantsFrames = false;

  logger(source: string): Logger {
    const say = (level: string, message: string, fields: object): void => {
      const line = `${level} ${source}: ${message}`;
      this.counts.set(line, (this.counts.get(line) ?? 0) + 1);
      if (level === 'error' && this.errors.length < 20) this.errors.push(`${line} ${inWords(fields)}`);
    };
    return {
      debug: () => undefined,
      info: (fields, message) => {
        say('info', message, fields);
      },
      warn: (fields, message) => {
        say('warn', message, fields);
      },
      error: (fields, message) => {
        say('error', message, fields);
      },
    };
  }

  frame(): void {
    // Frames are counted by the transport.
  }

  async *lines(): AsyncGenerator<never> {
    // Nobody reads.
  }

  close(): void {
    // Nothing is open.
  }
}

function inWords(fields: object): string {
  const { error } = fields as { error?: unknown };
  return error instanceof Error ? String(error.stack) : JSON.stringify(fields);
}

export class ServiceNode {
  readonly self: LinkKey;
  readonly keys: DeviceKeys;
  readonly transport: MemoryTransport;
  readonly log = new CountingLog();
  readonly #around: Surroundings;
  readonly #database: Database;
  readonly #meta: Meta;
  #session: Session | undefined;
  #mail: Mail | undefined;
  #rooms: RoomService | undefined;
  #files: FilesService | undefined;
  /** Pieces of files, and files that are offered. */
  readonly folder = mkdtempSync(join(tmpdir(), 'kith-siege-'));

  private constructor(around: Surroundings, database: Database, meta: Meta, keys: DeviceKeys) {
    this.#around = around;
    this.#database = database;
    this.#meta = meta;
    this.keys = keys;
    this.self = keys.linkKey as LinkKey;
    const gate = { mayLink: (peer: LinkKey) => this.#session?.mayLink(peer) ?? true };
    this.transport = around.network.transport({ self: this.self, gate });
  }

  static async make(around: Surroundings): Promise<ServiceNode> {
    const database = openDatabase(':memory:');
    const meta = openMetaStore(database);
    const node = new ServiceNode(around, database, meta, await openKeys(meta, around.rng, undefined));
    await node.transport.start();
    return node;
  }

  get session(): Session {
    if (this.#session === undefined) throw new Error('bug: it is in no network yet');
    return this.#session;
  }

  get mail(): Mail {
    if (this.#mail === undefined) throw new Error('bug: it is in no network yet');
    return this.#mail;
  }

  get rooms(): RoomService {
    if (this.#rooms === undefined) throw new Error('bug: it is in no network yet');
    return this.#rooms;
  }

  get files(): FilesService {
    if (this.#files === undefined) throw new Error('bug: it is in no network yet');
    return this.#files;
  }

  get address(): string {
    return this.transport.listening()[0] ?? '';
  }

  found(): void {
    const { clock, rng } = this.#around;
    const { signer, certificate } = this.keys;
    const profile = { name: 'Ada', org: '', place: '' };
    const incarnation = toHex(rng.bytes(16));
    const { network, run } = foundNetwork({ clock: new HybridClock(clock), rng, signer }, incarnation, {
      network: 'Camp North',
      certificate,
      profile,
    });
    this.#enter(network, incarnation, run);
  }

  get joining(): JoiningDeps {
    const { timers, rng } = this.#around;
    const { transport, keys } = this;
    return { transport, timers, rng, keys, logger: this.log.logger('join'), addresses: () => [] };
  }

  /** Let in by a node that founded or is an admin. Time has to go on meanwhile. */
  async join(admin: ServiceNode, name: string): Promise<void> {
    const { clock, rng } = this.#around;
    const { network } = admin.session.log;
    const { seed } = admin.session.host.openLink('member', '', clock.nowMs() + 3_600_000, 1);
    const target = { secret: { kind: 'link', seed, network }, addresses: [] } as const;
    const deps = { ...this.joining, addresses: () => [admin.address] };
    await searchAndAsk(deps, target, { name, org: '', place: '' }, new AbortController().signal);
    this.#enter(network, toHex(rng.bytes(16)), undefined);
  }

  #enter(network: NetworkId, incarnation: string, genesis: Run | undefined): void {
    const database = this.#database;
    const { clock, timers, rng, verifier } = this.#around;
    const { keys } = this;
    const parts = {
      seal: (key: string, bytes: Bytes) => keys.sealer.seal({ table: 'parts', key }, bytes),
      open: (key: string, sealed: Bytes) => keys.sealer.open({ table: 'parts', key }, sealed),
    };
    const extensions = openExtensionStore(database);
    const alerts = { index: openAlertIndex(database), acks: openAckStore(database) };
    const device = keys.signer.key as DeviceKey;
    const store = openLogStore(database, parts, isNarrow);
    const records = openNodeRecords({
      database,
      sealer: keys.sealer,
      network,
      store,
      signer: keys.signer,
      verifier,
      clock,
      timers,
      rng: rng.fork(),
      logger: this.log.logger('records'),
      roll: () => this.#session?.log.membership,
    });
    const files = openNodeFiles({
      database,
      sealer: keys.sealer,
      store,
      folder: this.folder,
      data: this.folder,
      logger: this.log.logger('files'),
    });
    this.#session = new Session({
      network,
      keys,
      store,
      extensions,
      letterKeys: openLetterKeyStore(database, keys.sealer),
      alerts,
      projections: [
        extensionProjection(extensions),
        letterKeysProjection(openLetterDirectory(database), device),
        alertProjection(alerts.index),
        records.projection,
        files.projection,
      ],
      records,
      files,
      meta: this.#meta,
      transport: Object.assign(this.transport, NO_RELAYS),
      isHub: genesis !== undefined,
      clock,
      timers,
      rng: rng.fork(),
      verifier,
      nodeLog: this.log,
      incarnation,
      capacity: CAPACITY,
      genesis,
      alarm: () => undefined,
    });
    this.#files = files.open(this.#session, () => undefined);
    this.#session.start([]);
    this.#mail = openNodeMail({ database, session: this.#session, changed: () => undefined });
    this.#meta.set('incarnation', fromHex(incarnation));
    this.#rooms = openNodeRooms({ database, session: this.#session, changed: () => undefined });
  }

  async stop(): Promise<void> {
    this.#rooms?.stop();
    this.#session?.stop();
    await this.#mail?.service.stop();
    await this.#files?.stop();
    rmSync(this.folder, { recursive: true, force: true });
    const stopping = this.transport.stop();
    this.#around.timers.advance(5000);
    await stopping;
  }

  /** What its inbox says, the newest last. */
  get letters(): readonly string[] {
    const everything = { before: undefined, after: undefined, sinceMs: undefined, untilMs: undefined };
    return this.mail.store.inbox({ ...everything, unread: false, limit: 1000 }).map(({ text }) => text);
  }
}
