/**
 * The composition root: one data folder, one device, at most one network. Opens and closes things in the one order
 * that works, and gives the API its facade. What each capability does is in `capabilities/`.
 */
import { renameSync } from 'node:fs';
import { fromHex, toHex } from '../base/bytes.ts';
import { assert, KithError } from '../base/errors.ts';
import { idFromBytes, idToBytes, type DeviceKey, type LinkKey, type NetworkId } from '../base/ids.ts';
import { isNarrow } from '../identity/roles.ts';
import { createVerifier } from '../identity/signing.ts';
import type { RelayGate } from '../net/libp2p/relay.ts';
import { createLibp2pTransport, type KithTransport } from '../net/libp2p/transport.ts';
import type { Transport } from '../net/ports.ts';
import { TOPOLOGY } from '../net/topology/core.ts';
import { openDatabase, type Database } from '../store/database.ts';
import { openLogStore } from '../store/log-store.ts';
import { openAckStore, openAlertIndex } from '../store/alarm-store.ts';
import { openExtensionStore } from '../store/extension-store.ts';
import { openLetterDirectory, openLetterKeyStore } from '../store/letter-key-store.ts';
import { openMetaStore } from '../store/meta-store.ts';
import { iso, type NodeContext } from './capabilities/context.ts';
import { exchangeOf } from './capabilities/exchange.ts';
import { recordsOf } from './capabilities/records.ts';
import { alarmEvent, alarmsOf } from './capabilities/alarms.ts';
import { bundlesOf } from './capabilities/bundles.ts';
import { devicesOf } from './capabilities/devices.ts';
import { doctorOf } from './capabilities/doctor.ts';
import { entriesOf } from './capabilities/entries.ts';
import { eventsFrom, tellLetters } from './capabilities/events.ts';
import { hubsOf } from './capabilities/hubs.ts';
import { invitesOf } from './capabilities/invites.ts';
import { lettersOf } from './capabilities/letters.ts';
import { roomsOf } from './capabilities/rooms.ts';
import { linksOf } from './capabilities/links.ts';
import { mapOf } from './capabilities/map.ts';
import { membersOf } from './capabilities/members.ts';
import { joinedAs, networkOf } from './capabilities/network.ts';
import { safetyOf } from './capabilities/safety.ts';
import { statusOf } from './capabilities/status.ts';
import { openDataFolder, type DataFolder } from './data-folder.ts';
import type { NodeEvent, NodeFacade, NodeState, NodeStatus } from './facade.ts';
import { isLocked, lockAsBefore, openKeys, openUpCopy, type DeviceKeys, type Meta } from './keys.ts';
import { letterKeysProjection } from './letters.ts';
import { openNodeLog, type NodeLog } from './logging.ts';
import { lettersMeasured, openNodeMail, type Mail } from './mail.ts';
import { openNodeRooms } from './rooms.ts';
import type { RoomService } from '../rooms/index.ts';
import { openNodeFiles, type NodeFiles } from './node-files.ts';
import type { NodeFolders } from './folders.ts';
import type { FilesService } from '../files/index.ts';
import { applySettings, filesOf } from './capabilities/files.ts';
import { openNodeRecords } from './records.ts';
import { BULK, Session } from './session.ts';
import { system, systemClock, systemRng, systemTimers } from './system.ts';
import type { PartSealer } from '../log/ports.ts';
import { alertProjection } from '../alarms/index.ts';
import { extensionProjection } from '../log/extension.ts';
import type { Run } from '../log/types.ts';

export interface NodeOptions {
  readonly data: string;
  readonly listen: readonly string[];
  readonly peers: readonly string[];
  readonly mdns: boolean;
  /** Reachable from outside: its addresses are listed for all, who then dial them. */
  readonly hub: boolean;
  /** Listen next time where it listens now. A node for one command does not. */
  readonly remembersPort: boolean;
  readonly passphrase: string | undefined;
  readonly version: string;
}

const NETWORK = 'network';
const INCARNATION = 'incarnation';
const PLACE = 'place';
const LISTEN = 'listen';

/** Parts are sealed as rows of one table. */
function sealerFor(table: string, sealer: DeviceKeys['sealer']): PartSealer {
  return {
    seal: (key, bytes) => sealer.seal({ table, key }, bytes),
    open: (key, sealed) => sealer.open({ table, key }, sealed),
  };
}

/** What would be found again is written together with what comes within so long. */
const TOGETHER_MS = 8;

function later(run: () => void): void {
  systemTimers.after(TOGETHER_MS, run);
}

export class Node {
  readonly #options: NodeOptions;
  readonly #folder: DataFolder;
  readonly #nodeLog: NodeLog;
  readonly #verifier = createVerifier();
  readonly #events = eventsFrom();
  readonly #startedMs = systemClock.nowMs();
  readonly #discovered = new Map<LinkKey, readonly string[]>();
  readonly #given: string[];
  readonly #frames = { in: 0, out: 0 };
  #database: Database;
  #meta: Meta;
  #keys: DeviceKeys | undefined;
  #transport: KithTransport | undefined;
  #session: Session | undefined;
  #mail: Mail | undefined;
  #rooms: RoomService | undefined;
  #files: FilesService | undefined;
  #folders: NodeFolders | undefined;
  #joining = false;
  #stopped: Promise<void> | undefined;
  readonly facade: NodeFacade;

  private constructor(options: NodeOptions) {
    this.#options = options;
    this.#given = [...options.peers];
    this.#folder = openDataFolder(options.data);
    this.#nodeLog = openNodeLog(this.#folder.logs);
    this.#database = openDatabase(this.#folder.database, { later });
    this.#meta = openMetaStore(this.#database);
    this.facade = this.#facade();
  }

  /** @throws KithError `data-in-use` | `damaged-data` | `newer-data` | `port-taken` | `bad-address` … */
  static async start(options: NodeOptions): Promise<Node> {
    const node = new Node(options);
    try {
      if (isLocked(node.#meta) && options.passphrase === undefined) node.#log().info({}, 'started, locked');
      else await node.#unlock(options.passphrase);
    } catch (error) {
      await node.stop();
      throw error;
    }
    return node;
  }

  get data(): string {
    return this.#folder.path;
  }

  get nodeLog(): NodeLog {
    return this.#nodeLog;
  }

  /** Ends links, flushes and closes the store, gives the folder back. Once; later calls wait for the first. */
  async stop(): Promise<void> {
    this.#stopped ??= (async () => {
      await this.#rest();
      this.#database.close();
      this.#nodeLog.close();
      this.#folder.release();
    })();
    await this.#stopped;
  }

  #log(): ReturnType<NodeLog['logger']> {
    return this.#nodeLog.logger('node');
  }

  get #state(): NodeState {
    if (this.#keys === undefined) return 'locked';
    return this.#session === undefined ? 'empty' : 'running';
  }

  async #unlock(passphrase: string | undefined): Promise<void> {
    const keys = await openKeys(this.#meta, systemRng, passphrase);
    this.#keys = keys;
    try {
      this.#mustProveContinuity();
      await this.#openTransport(keys);
      const network = this.#meta.get(NETWORK);
      if (network !== undefined) this.#enter(idFromBytes<NetworkId>(network));
    } catch (error) {
      await this.#rest();
      throw error;
    }
    this.#tellState();
  }

  /** Back to locked: links down, keys forgotten, the database stays open. */
  async #rest(): Promise<void> {
    const [mail, files, folders] = [this.#mail, this.#files, this.#folders];
    [this.#files, this.#folders] = [undefined, undefined];
    await folders?.end();
    await this.#rooms?.handOver();
    this.#rooms?.stop();
    this.#rooms = undefined;
    this.#session?.stop();
    this.#session = undefined;
    this.#mail = undefined;
    await mail?.service.stop();
    await files?.stop();
    await this.#transport?.stop();
    this.#transport = undefined;
    this.#keys = undefined;
  }

  /** A database that lies elsewhere than it did is a copy, and its original may go on writing the same feeds. */
  #mustProveContinuity(): void {
    const place = fromHex(this.#folder.place());
    const known = this.#meta.get(PLACE);
    const isSame = known !== undefined && toHex(known) === toHex(place);
    if (isSame && this.#meta.get(INCARNATION) !== undefined) return;
    this.#meta.set(INCARNATION, systemRng.bytes(16));
    this.#meta.set(PLACE, place);
    if (known !== undefined)
      this.#log().warn({}, 'this folder was copied, moved or restored: a new incarnation starts');
  }

  async #openTransport(keys: DeviceKeys): Promise<void> {
    const transport = await createLibp2pTransport({
      linkSeed: keys.linkSeed,
      listen: this.#listenAddresses(),
      mdns: this.#options.mdns,
      gate: { mayLink: (peer) => this.#mayLink(peer) },
      bulk: BULK,
      ...(this.#options.hub ? { relay: this.#relayGate() } : {}),
      logger: this.#nodeLog.logger('net'),
      timers: systemTimers,
      clock: systemClock,
    });
    transport.on({
      discovered: (peer, addresses) => {
        this.#discovered.delete(peer);
        this.#discovered.set(peer, addresses);
        if (this.#discovered.size > 256) this.#discovered.delete([...this.#discovered.keys()][0] ?? peer);
      },
      frame: ({ direction, peer, channel, sizeBytes }) => {
        this.#frames[direction] += 1;
        if (!this.#nodeLog.wantsFrames) return;
        const member = this.#session?.memberOf(peer)?.number ?? null;
        this.#nodeLog.frame({ direction, peer, member, channel, sizeBytes });
      },
    });
    // From here on `stop` ends it, whatever goes wrong.
    this.#transport = transport;
    await transport.start();
    if (this.#options.remembersPort) this.#rememberPort(transport);
  }

  /** Without `--listen`, the port of the last time, so that those who remember us find us again. */
  #listenAddresses(): readonly string[] {
    if (this.#options.listen.length > 0) return this.#options.listen;
    const port = this.#meta.get(LISTEN);
    return port === undefined ? [] : [`:${String((port[0] ?? 0) * 256 + (port[1] ?? 0))}`];
  }

  #rememberPort(transport: Transport): void {
    const port = Number(/\/tcp\/([0-9]+)/.exec(transport.listening()[0] ?? '')?.[1] ?? 0);
    if (port > 0) this.#meta.set(LISTEN, Uint8Array.of(port >> 8, port & 0xff));
  }

  /** While joining, whoever holds the other end of an invitation is a stranger too. */
  #mayLink(peer: LinkKey): boolean {
    return this.#session === undefined ? this.#joining : this.#session.mayLink(peer);
  }

  #relayGate(): RelayGate {
    return {
      mayReserve: (peer) => this.#session?.isMember(peer) === true,
      mayPass: (from, to) => this.#session?.mayPass(from, to) === true,
    };
  }

  #enter(network: NetworkId, genesis?: Run): Session {
    const { keys, transport } = { keys: this.#keys, transport: this.#transport };
    assert(keys !== undefined && transport !== undefined, 'a network is entered with keys and a transport');
    const incarnation = this.#meta.get(INCARNATION);
    assert(incarnation !== undefined, 'continuity was settled before');
    const store = openLogStore(this.#database, sealerFor('parts', keys.sealer), isNarrow);
    const extensions = openExtensionStore(this.#database);
    const alerts = { index: openAlertIndex(this.#database), acks: openAckStore(this.#database) };
    const records = openNodeRecords({
      database: this.#database,
      sealer: keys.sealer,
      network,
      store,
      signer: keys.signer,
      verifier: this.#verifier,
      ...system,
      logger: this.#nodeLog.logger('records'),
      roll: () => this.#session?.log.membership,
    });
    const files = openNodeFiles({
      database: this.#database,
      sealer: keys.sealer,
      store,
      folder: this.#folder.pieces,
      data: this.#folder.path,
      logger: this.#nodeLog.logger('files'),
    });
    const session = new Session({
      network,
      keys,
      store,
      extensions,
      letterKeys: openLetterKeyStore(this.#database, keys.sealer),
      alerts,
      projections: [
        extensionProjection(extensions),
        letterKeysProjection(openLetterDirectory(this.#database), keys.signer.key as DeviceKey),
        alertProjection(alerts.index),
        records.projection,
        files.projection,
      ],
      records,
      files,
      meta: this.#meta,
      transport,
      isHub: this.#options.hub,
      ...system,
      verifier: this.#verifier,
      nodeLog: this.#nodeLog,
      incarnation: toHex(incarnation),
      capacity: this.#options.hub ? TOPOLOGY.hubCapacity : TOPOLOGY.capacity,
      genesis,
      alarm: (of, ...told) => {
        this.#emit(alarmEvent(of, ...told));
      },
    });
    this.#meta.set(NETWORK, idToBytes(network));
    this.#session = session;
    this.#events.watch(session);
    for (const [peer, addresses] of this.#discovered)
      session.links.tell({ type: 'discovered', peer, addresses });
    session.start(this.#given);
    this.#mail = openNodeMail({
      database: this.#database,
      session,
      changed: tellLetters(session, (event) => {
        this.#emit(event);
      }),
    });
    this.#openRooms(session);
    this.#openFiles(session, files);
    if (this.#options.hub) this.#listAsHub(session);
    this.#log().info({ network, listening: transport.listening() }, 'took part in the network');
    this.#tellState();
    return session;
  }

  #openRooms(session: Session): void {
    this.#rooms = openNodeRooms({
      database: this.#database,
      session,
      changed: ({ room, what }) => {
        this.#emit({ type: 'room', room, change: what });
      },
    });
  }

  #openFiles(session: Session, files: NodeFiles): void {
    const emit = this.#emit.bind(this);
    this.#files = files.open(session, emit);
    this.#folders = files.openFolders(session, this.#files, emit);
    applySettings(session, this.#files);
  }

  #listAsHub(session: Session): void {
    try {
      session.listHub(this.#needTransport().listening());
    } catch (error) {
      if (!(error instanceof KithError)) throw error;
      this.#log().warn({ error }, 'this node is not listed as a hub: an admin has to start it, or list it');
    }
  }

  #tellState(): void {
    this.#emit({ type: 'state', state: this.#state, ready: this.#session?.ownMember !== undefined });
  }

  #emit(event: NodeEvent): void {
    this.#events.emit(event);
  }

  // ---- the facade

  #facade(): NodeFacade {
    const context: NodeContext = {
      ...system,
      verifier: this.#verifier,
      nodeLog: this.#nodeLog,
      state: () => this.#state,
      session: () => this.#needSession(),
      meta: () => this.#meta,
      keys: () => this.#needKeys(),
      emit: (event) => {
        this.#emit(event);
      },
    };
    const transport = (): KithTransport => this.#needTransport();
    return {
      status: async () => this.#status(),
      // Loaded when it is asked for: 80 modules, and most nodes are never measured.
      metrics: async () =>
        (await import('./metrics.ts')).metricsOf({
          status: async () => this.#status(),
          entries: () => this.#entriesByLane(),
          frames: () => this.#frames,
          letters: () => lettersMeasured(this.#mail),
          mesh: () => this.#session?.links,
          alarms: () => this.#session?.alarms.counts() ?? {},
        }),
      stop: async () => this.stop(),
      network: networkOf({
        ...context,
        transport,
        addresses: () => [...this.#given, ...[...this.#discovered.values()].flat()],
        enter: (network, genesis) => this.#enter(network, genesis),
        incarnation: () => toHex(this.#meta.get(INCARNATION) ?? systemRng.bytes(16)),
        joining: (on) => {
          if (on && this.#joining) throw new KithError('already-joining', 'This node is joining already.');
          this.#joining = on;
        },
      }),
      invites: invitesOf(context),
      members: membersOf(context),
      devices: devicesOf(context),
      links: linksOf({
        ...context,
        transport,
        give: (address) => {
          this.#give(address);
        },
      }),
      map: mapOf(context),
      hubs: hubsOf(context),
      doctor: doctorOf({ ...context, transport, isJoining: () => this.#joining }),
      log: { lines: async (options, signal) => this.#nodeLog.lines(options, signal) },
      bundles: bundlesOf({ ...context, mail: () => this.#needMail() }),
      safety: safetyOf({
        ...context,
        folder: this.#folder.path,
        copyDatabase: async (path) => this.#copyDatabase(path),
        replaceDatabase: async (path, passphrase) => this.#replaceDatabase(path, passphrase),
        keysWrapped: () => {
          this.#database.compact();
        },
        lock: async () => {
          await this.#rest();
          this.#tellState();
        },
        unlock: async (passphrase) => this.#unlock(passphrase),
        status: async () => this.#status(),
        entries: () => this.#entries(),
      }),
      entries: entriesOf(context),
      letters: lettersOf({ ...context, mail: () => this.#needMail() }),
      rooms: roomsOf({ ...context, rooms: () => this.#needRooms() }),
      alarms: alarmsOf(context),
      records: recordsOf(context),
      exchange: exchangeOf(context),
      files: filesOf({ ...context, files: () => this.#needFiles(), folders: () => this.#needFolders() }),
      events: { subscribe: (listener) => this.#events.subscribe(listener) },
    };
  }

  #give(address: string): void {
    this.#given.push(address);
    this.#session?.links.tell({ type: 'given', address });
  }

  #needKeys(): DeviceKeys {
    if (this.#keys !== undefined) return this.#keys;
    throw new KithError('locked', 'This node is locked.', {
      next: 'Unlock it with its passphrase: kith unlock',
    });
  }

  #needTransport(): KithTransport {
    this.#needKeys();
    assert(this.#transport !== undefined, 'keys and transport come and go together');
    return this.#transport;
  }

  #needSession(): Session {
    this.#needKeys();
    if (this.#session !== undefined) return this.#session;
    throw new KithError('no-network', 'This node belongs to no network yet.', {
      next: 'Found one with kith init, or join one with kith join.',
    });
  }

  #needMail(): Mail {
    this.#needSession();
    assert(this.#mail !== undefined, 'letters open with the session');
    return this.#mail;
  }

  #needRooms(): RoomService {
    this.#needSession();
    assert(this.#rooms !== undefined, 'rooms open with the session');
    return this.#rooms;
  }

  #needFiles(): FilesService {
    this.#needSession();
    assert(this.#files !== undefined, 'files open with the session');
    return this.#files;
  }

  #needFolders(): NodeFolders {
    this.#needSession();
    assert(this.#folders !== undefined, 'folders open with the session');
    return this.#folders;
  }

  async #copyDatabase(path: string): Promise<void> {
    this.#database.copyTo(path);
    const copy = openDatabase(path);
    try {
      await openUpCopy(openMetaStore(copy), this.#needKeys());
    } finally {
      copy.close();
    }
  }

  async #replaceDatabase(
    path: string,
    passphrase: string,
  ): Promise<ReturnType<typeof joinedAs> & { entries: number }> {
    await this.#rest();
    this.#database.close();
    const aside = `${this.#folder.database}.before-restore`;
    renameSync(this.#folder.database, aside);
    renameSync(path, this.#folder.database);
    this.#database = openDatabase(this.#folder.database, { later });
    this.#meta = openMetaStore(this.#database);
    await this.#unlock(undefined);
    await lockAsBefore(this.#meta, this.#needKeys(), passphrase);
    this.#database.compact();
    return { ...joinedAs(this.#needSession()), entries: this.#entries() };
  }

  #entries(): number {
    return Object.values(this.#entriesByLane()).reduce((sum, count) => sum + count, 0);
  }

  #entriesByLane(): Record<string, number> {
    const lanes: Record<string, number> = { roll: 0, urgent: 0, data: 0 };
    for (const { info, seq } of this.#session?.log.feeds() ?? [])
      lanes[info.lane] = (lanes[info.lane] ?? 0) + seq;
    return lanes;
  }

  #status(): NodeStatus {
    const program = {
      state: this.#state,
      passphrase: isLocked(this.#meta),
      joining: this.#joining,
      data: this.#folder.path,
      version: this.#options.version,
      startedAt: iso(this.#startedMs),
    };
    return statusOf(program, this.#transport, this.#session);
  }
}
