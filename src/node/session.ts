/** A node that belongs to a network: log, sync, links and the door for newcomers, wired and started in this order. */
import type { DeviceKey, LinkKey, MemberId, NetworkId } from '../base/ids.ts';
import { HybridClock } from '../base/hlc.ts';
import { decodeCbor, encodeCbor } from '../base/cbor.ts';
import { fromHex, toHex, type Bytes } from '../base/bytes.ts';
import {
  AlarmService,
  type AckStore,
  type AlarmChange,
  type Alarm,
  type AlertIndex,
  type AlertMessage,
} from '../alarms/index.ts';
import type { Clock, Rng, Timers } from '../base/ports.ts';
import type { Standing } from '../identity/roles.ts';
import type { Verifier } from '../identity/signing.ts';
import type { Member } from '../identity/types.ts';
import type { ExtensionIndex, Projection, LogStore } from '../log/ports.ts';
import { Log } from '../log/service.ts';
import type { Run } from '../log/types.ts';
import { reasonOf } from '../net/conduct/reasons.ts';
import { HubClient, serveHub, type Relays } from '../net/hubs/index.ts';
import { parsePeerAddress } from '../net/libp2p/addresses.ts';
import { FILES_CHANNEL } from '../files/index.ts';
import type { ChannelName, Transport } from '../net/ports.ts';
import { MeshService } from '../net/mesh/service.ts';
import type { Capacity } from '../net/presence/types.ts';
import type { RecordService } from '../records/index.ts';
import type { LetterKeyStore, LetterSealer } from '../sealing/index.ts';
import { ErasedWords } from './erased-words.ts';
import { Freshness } from './freshness.ts';
import { JoinHost } from './join-host.ts';
import type { DeviceKeys, Meta } from './keys.ts';
import { LetterKeeper, openNodeLetters } from './letters.ts';
import type { NodeLog } from './logging.ts';
import { NeighbourMemory } from './neighbour-memory.ts';
import { nextEpoch, ownFacts } from './presence.ts';
import type { NodeRecords } from './records.ts';
import { isTierOne, tierOneDevices } from './tier-one.ts';
import { lanesOf, SYNC_CHANNEL, SyncLinks } from './sync-links.ts';

/** Channels that carry much, none of it urgent. */
export const BULK: readonly ChannelName[] = [SYNC_CHANNEL, FILES_CHANNEL];

export interface SessionDeps {
  readonly network: NetworkId;
  readonly keys: DeviceKeys;
  readonly store: LogStore;
  readonly extensions: ExtensionIndex;
  readonly letterKeys: LetterKeyStore;
  readonly alerts: { readonly index: AlertIndex; readonly acks: AckStore };
  readonly records: NodeRecords;
  /** Restricted folders that list a member. */
  readonly files: { foldersOf(member: MemberId): ReadonlySet<string> };
  readonly meta: Meta;
  readonly projections: readonly Projection[];
  readonly transport: Transport & Relays;
  /** It introduces nodes to each other, and passes their connections on. */
  readonly isHub: boolean;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly rng: Rng;
  readonly verifier: Verifier;
  readonly nodeLog: NodeLog;
  readonly incarnation: string;
  /** Neighbours that this node wants at least, and keeps at most. */
  readonly capacity: Capacity;
  /** The network's first entries, when it is founded here. */
  readonly genesis: Run | undefined;
  alarm(session: Session, change: AlarmChange, alarm: Alarm, message: AlertMessage): void;
}

const HEARD = 'heard';
/** Whom the roll puts out while it is linked gets the roll for that long, so that it hears of it. */
const FAREWELL_MS = 2000;
const LINKED_MS = 1000;
const PARTING: Standing = { member: '', role: 'relay', grants: new Set() };

export class Session {
  readonly deps: SessionDeps;
  readonly log: Log;
  readonly links: MeshService;
  readonly sync: SyncLinks;
  readonly alarms: AlarmService;
  readonly records: RecordService;
  readonly host: JoinHost;
  readonly letters: LetterSealer;
  readonly freshness: Freshness;
  readonly #erasedWords: ErasedWords;
  readonly #letterKeeper: LetterKeeper;
  readonly #hubs: HubClient;
  readonly #neighbours: NeighbourMemory;
  readonly #heard: Map<string, number>;
  readonly #parting = new Set<LinkKey>();

  constructor(deps: SessionDeps) {
    this.deps = deps;
    const { store, verifier, clock, rng, nodeLog, projections, network, keys, transport, timers, meta } =
      deps;
    this.log = new Log({
      store,
      verifier,
      clock: new HybridClock(clock),
      rng,
      logger: nodeLog.logger('log'),
      projections,
      network,
      self: { signer: keys.signer, incarnation: deps.incarnation },
      foldersOf: (member) => deps.files.foldersOf(member),
    });
    this.#heard = readHeard(meta);
    this.#neighbours = new NeighbourMemory(meta);
    this.host = new JoinHost({
      transport,
      log: this.log,
      meta,
      clock,
      timers,
      rng,
      verifier,
      logger: nodeLog.logger('join'),
      own: this.ownMemberId,
      passesOn: deps.isHub,
    });
    this.links = new MeshService({
      transport,
      clock,
      timers,
      rng,
      logger: nodeLog.logger('net'),
      epoch: nextEpoch(meta, clock),
      sign: (purpose, message) => keys.signer.sign(purpose, message),
      verify: (node, purpose, message, signature) => this.#verify(node, purpose, message, signature),
      facts: () => ownFacts({ capacity: deps.capacity, transport, log: this.log }),
      isArriving: () => this.isArriving,
      mayLink: (peer) => this.isMember(peer),
      remember: (peer, addresses, isNeighbour) => {
        this.#neighbours.note(peer, addresses, isNeighbour);
      },
    });
    // Before sync: what is appended goes over the alarm channel first.
    this.alarms = this.#openAlarms();
    this.sync = new SyncLinks({
      transport,
      log: this.log,
      timers,
      clock,
      logger: nodeLog.logger('sync'),
      standingOf: (peer) => this.standingOf(peer) ?? (this.#parting.has(peer) ? PARTING : undefined),
      ownStanding: () => this.#withFolders(standingOfMember(this.ownMember)),
      isArriving: () => this.isArriving,
      misbehaved: (peer, code) => {
        this.links.conduct.report(peer, 'bad-frame', reasonOf('sync', code));
      },
      ownLanes: () => lanesOf(this.ownMember?.role),
    });
    const logger = nodeLog.logger('letters');
    this.letters = openNodeLetters({
      keys,
      store: deps.letterKeys,
      log: this.log,
      verifier,
      rng,
      clock,
      logger,
    });
    this.#letterKeeper = new LetterKeeper({ sealer: this.letters, log: this.log, clock, timers, logger });
    this.#hubs = this.#useHubs();
    this.records = deps.records.open(this.log);
    this.freshness = this.#keepFreshness();
    this.#erasedWords = this.#carryWords();
    // Before anybody listens: entries of this device's own that come from elsewhere would mean that it was set back.
    if (deps.genesis !== undefined) this.log.receive(deps.genesis);
    this.#watch();
  }

  #keepFreshness(): Freshness {
    const { transport } = this.deps;
    return new Freshness({
      ...this.deps,
      members: () => transport.links().flatMap(({ peer }) => (isTierOne(this.memberOf(peer)) ? [peer] : [])),
      isInStepWith: (peer) => this.sync.isInStepWith(peer),
    });
  }

  /** Readers’ nodes write no entries: what they have erased, a member's node writes down for them. */
  #carryWords(): ErasedWords {
    const { transport, timers } = this.deps;
    const words = new ErasedWords({
      ...this.deps,
      relay: this.links.relay,
      desk: this.records.desk,
      logger: this.deps.nodeLog.logger('records'),
      members: () =>
        tierOneDevices(this.log.membership, transport.self).map((peer) => ({
          peer,
          linked: transport.links().some((link) => link.peer === peer),
        })),
    });
    this.records.onLook(() => {
      words.say();
    });
    // The relay's channel opens after the link.
    transport.on({
      link: () =>
        void timers.after(LINKED_MS, () => {
          words.say();
        }),
    });
    return words;
  }

  #openAlarms(): AlarmService {
    const { transport, clock, timers, verifier, keys, nodeLog } = this.deps;
    return new AlarmService({
      transport,
      log: this.log,
      ...this.deps.alerts,
      clock,
      timers,
      verifier,
      signer: keys.signer,
      logger: nodeLog.logger('alarms'),
      standingOf: (peer) => this.standingOf(peer),
      misbehaved: (peer, code) => {
        this.links.conduct.report(peer, 'bad-frame', reasonOf('alarms', code));
      },
      told: (change, alarm, message) => {
        this.deps.alarm(this, change, alarm, message);
      },
    });
  }

  start(given: readonly string[]): void {
    for (const address of given) this.links.tell({ type: 'given', address });
    for (const [peer, addresses] of [...this.#neighbours.all()])
      this.links.tell({ type: 'remembered', peer, addresses });
    this.#dialHubs();
    this.links.start();
    this.#letterKeeper.start();
    this.#hubs.start();
    this.freshness.start();
  }

  /** Both sides of hubs: this node may be one, and uses those that the roll lists. */
  #useHubs(): HubClient {
    const { transport, clock, timers, nodeLog, isHub, capacity } = this.deps;
    const logger = nodeLog.logger('hub');
    if (isHub) {
      serveHub({
        transport,
        logger,
        isMember: (peer) => this.isMember(peer),
        misbehaved: (peer, reason) => {
          this.links.conduct.report(peer, 'bad-frame', reason);
        },
      });
    }
    return new HubClient({
      transport,
      clock,
      timers,
      logger,
      hubs: () => this.hubs(),
      addressesOf: (peer) => this.links.addressesOf(peer),
      room: () => capacity.max - transport.links().length,
      introduced: (peer, addresses) => {
        this.links.tell({ type: 'discovered', peer, addresses });
      },
    });
  }

  /** Who is there, if the address says so and can be read: the roll may hold addresses of later versions. */
  peerIn(address: string): LinkKey | undefined {
    try {
      return parsePeerAddress(address).peer;
    } catch {
      return undefined;
    }
  }

  /** Where this device was reached, and the ways to it through hubs that are linked. */
  addressesOf(peer: LinkKey): readonly string[] {
    const { transport } = this.deps;
    const through = [...this.hubs()]
      .filter(([hub]) => hub !== peer && transport.reservedAt().includes(hub))
      .flatMap(([hub, addresses]) => transport.through(hub, addresses.slice(0, 1), peer));
    return [...this.#neighbours.of(peer), ...through];
  }

  /** The network's hubs, with the addresses under which they are listed; without this node. */
  hubs(): Map<LinkKey, string[]> {
    const hubs = new Map<LinkKey, string[]>();
    for (const address of this.log.membership.hubs) {
      const peer = this.peerIn(address);
      if (peer === undefined || peer === this.deps.transport.self) continue;
      hubs.set(peer, [...(hubs.get(peer) ?? []), address]);
    }
    return hubs;
  }

  /** @throws KithError `not-an-admin` */
  listHub(addresses: readonly string[]): void {
    for (const address of addresses.filter((own) => !own.includes('/p2p-circuit'))) {
      if (!this.log.membership.hubs.includes(address)) this.log.act({ kind: 'hub', address, listed: true });
    }
  }

  #dialHubs(): void {
    const own = new Set(this.deps.transport.listening());
    for (const address of this.log.membership.hubs)
      if (!own.has(address)) this.links.tell({ type: 'given', address });
  }

  stop(): void {
    this.freshness.stop();
    this.#erasedWords.stop();
    this.#letterKeeper.stop();
    this.#hubs.stop();
    this.links.stop();
    this.alarms.stop();
    this.records.stop();
    this.sync.stop();
    this.#saveHeard();
  }

  get device(): DeviceKey {
    return this.deps.keys.signer.key as DeviceKey;
  }

  /** Before the roll is here, what this device will be if it is a member's first. */
  get ownMemberId(): MemberId {
    return this.log.membership.devices.get(this.device)?.member ?? (this.device as string as MemberId);
  }

  get ownMember(): Member | undefined {
    return this.log.membership.members.get(this.ownMemberId);
  }

  /** Revoked, as far as this node has heard. */
  get isRevoked(): boolean {
    const { devices, members } = this.log.membership;
    return devices.get(this.device)?.active === false || members.get(this.ownMemberId)?.status === 'revoked';
  }

  isMember(peer: LinkKey): boolean {
    return this.standingOf(peer) !== undefined;
  }

  /** Let in, and not yet in the roll that this node holds: whoever lets it in may be unknown so far. */
  get isArriving(): boolean {
    return !this.log.membership.devices.has(this.device);
  }

  mayLink(peer: LinkKey): boolean {
    if (this.links.isResting || this.links.conduct.isCut(peer)) return false;
    if (this.isArriving) return true;
    // Whoever was revoked is no stranger who might have been invited.
    return this.#isKnown(peer) ? this.isMember(peer) : this.host.mayKnock(peer);
  }

  /** What this peer may hold, as of what this node has heard; undefined for strangers and revoked devices. */
  standingOf(peer: LinkKey): Standing | undefined {
    return this.#withFolders(standingOfMember(this.memberOf(peer)));
  }

  #withFolders(standing: Standing | undefined): Standing | undefined {
    if (standing === undefined) return undefined;
    return { ...standing, folders: this.deps.files.foldersOf(standing.member as MemberId) };
  }

  memberOf(peer: LinkKey): Member | undefined {
    const { byLink, devices, members } = this.log.membership;
    const device = devices.get(byLink.get(peer) ?? ('' as DeviceKey));
    return device?.active === true ? members.get(device.member) : undefined;
  }

  /** As a hub: may this peer, perhaps a newcomer on its way to an admin, reach that one through this node? */
  mayPass(from: LinkKey, to: LinkKey): boolean {
    const target = this.memberOf(to);
    if (target === undefined || this.links.isResting) return false;
    if (this.#isKnown(from)) return this.isMember(from);
    return target.role === 'admin' && this.host.mayKnock(from);
  }

  /** Whoever is in reach is heard now, over whomever. */
  heardMs(device: DeviceKey): number | undefined {
    const link = this.log.membership.devices.get(device)?.link;
    const heardMs = link === undefined ? undefined : this.links.lastHeardMs(link);
    return heardMs ?? this.#heard.get(device);
  }

  #verify(node: LinkKey, purpose: string, message: Bytes, signature: Bytes): 'good' | 'unknown' | 'bad' {
    const device = this.log.membership.byLink.get(node);
    if (device === undefined || !this.isMember(node)) return 'unknown';
    return this.deps.verifier.verify(device, purpose, message, signature) ? 'good' : 'bad';
  }

  #watch(): void {
    const { transport, clock } = this.deps;
    this.log.on({
      membership: () => {
        for (const link of transport.links()) if (!this.mayLink(link.peer)) this.#partFrom(link.peer);
        this.#dialHubs();
        this.#hubs.look();
        this.links.tell({ type: 'roll' });
      },
      forked: ({ feed }) => {
        if (feed.device === this.device) this.startIncarnation();
      },
      setBack: () => {
        this.startIncarnation();
      },
    });
    const heard = (peer: LinkKey): void => {
      const device = this.log.membership.byLink.get(peer);
      if (device !== undefined) this.#heard.set(device, clock.nowMs());
    };
    transport.on({
      link: (link) => {
        heard(link.peer);
      },
      unlink: (link) => {
        heard(link.peer);
        this.#saveHeard();
      },
    });
  }

  #isKnown(peer: LinkKey): boolean {
    return this.log.membership.byLink.has(peer);
  }

  #partFrom(peer: LinkKey): void {
    const { transport, timers } = this.deps;
    if (this.#parting.has(peer)) return;
    if (!this.#isKnown(peer)) {
      transport.hangUp(peer);
      return;
    }
    this.#parting.add(peer);
    timers.after(FAREWELL_MS, () => {
      this.#parting.delete(peer);
      if (!this.mayLink(peer)) transport.hangUp(peer);
    });
  }

  /** This device goes on in new feeds, because its old ones may be written elsewhere too. */
  startIncarnation(): void {
    const incarnation = toHex(this.deps.rng.bytes(16));
    this.deps.meta.set('incarnation', fromHex(incarnation));
    this.log.startIncarnation(incarnation);
    this.deps.nodeLog.logger('log').warn({ incarnation }, 'started a new incarnation of this device');
  }

  #saveHeard(): void {
    for (const device of this.log.membership.devices.keys()) {
      const heardMs = this.heardMs(device);
      if (heardMs !== undefined) this.#heard.set(device, heardMs);
    }
    this.deps.meta.set(HEARD, encodeCbor([...this.#heard].map(([device, ms]) => [device, ms])));
  }
}

function readHeard(meta: Meta): Map<string, number> {
  const stored = meta.get(HEARD);
  return new Map(stored === undefined ? [] : (decodeCbor(stored) as [string, number][]));
}

function standingOfMember(member: Member | undefined): Standing | undefined {
  if (member?.status !== 'active') return undefined;
  return { member: member.id, role: member.role, grants: new Set(member.grants) };
}
