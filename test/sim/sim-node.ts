/** One simulated node: the real log, fold, clock and sync driver on a simulated disk, clock and network. */
import { toHex } from '../../src/base/bytes.ts';
import { isKithError } from '../../src/base/errors.ts';
import { HybridClock } from '../../src/base/hlc.ts';
import type { DeviceKey, LinkKey, MemberId, NetworkId } from '../../src/base/ids.ts';
import { silentLogger } from '../../src/base/ports.ts';
import { LANES, type Lane, type Standing } from '../../src/identity/roles.ts';
import type { Member, Membership } from '../../src/identity/types.ts';
import type { Erasure, FoldedEntry, LogStore, Projection } from '../../src/log/ports.ts';
import { Log } from '../../src/log/service.ts';
import { SyncDriver } from '../../src/log/sync-driver.ts';
import type { Entry, FeedInfo, Run } from '../../src/log/types.ts';
import type { SeededRng } from './rng.ts';
import { SimClock } from './sim-clock.ts';
import { simVerifier, type SimKeys } from './sim-crypto.ts';
import { SimLogStore, type StoreWatcher } from './sim-log-store.ts';
import type { ChannelEnd, ChannelHost, SimNetwork } from './sim-network.ts';

const TICK_MS = 5000;

/** What happens at a node, for whoever checks. */
export interface NodeWatcher {
  stored(node: SimNode, feed: FeedInfo, entries: readonly Entry[]): void;
  partPut(node: SimNode, feed: FeedInfo, audience: string): void;
  membership(node: SimNode, membership: Membership): void;
  /** Said to its writer, and on disk. */
  acknowledged(node: SimNode, entries: readonly Entry[]): void;
  /** What no node may throw. */
  failed(node: SimNode, error: unknown): void;
}

export interface SimNodeDeps {
  readonly name: string;
  readonly keys: SimKeys;
  readonly rng: SeededRng;
  readonly network: SimNetwork;
  readonly networkId: NetworkId;
  readonly watcher: NodeWatcher;
  /** Runs are served in pieces of at most this size, so that small worlds have large feeds. */
  readonly serveBytes: number;
  /** Of the founder, who wrote before there was a node. */
  readonly incarnation?: string;
  /** Of features, kept in step with its log. */
  readonly projections?: (store: LogStore) => readonly Projection[];
}

/** One row an entry: which of its parts are here. */
export class RowsProjection implements Projection {
  readonly name = 'rows';
  readonly #store: SimLogStore;

  constructor(store: SimLogStore) {
    this.#store = store;
  }

  wants(): boolean {
    return true;
  }

  apply(entry: FoldedEntry): void {
    this.#store.putRow(entry.hash, entry.parts.map((part) => (part === null ? '-' : 'x')).join(''));
  }

  erased({ target, part }: Erasure): void {
    const row = this.#store.row(target.hash);
    if (row !== undefined) this.#store.putRow(target.hash, `${row.slice(0, part)}-${row.slice(part + 1)}`);
  }

  reset(): void {
    this.#store.clearRows();
  }
}

/** Serves small pieces. */
class SmallServings extends Log {
  servings = Infinity;

  override runFor(...[reader, feed, from, limitBytes]: Parameters<Log['runFor']>): Run | undefined {
    return super.runFor(reader, feed, from, Math.min(limitBytes, this.servings));
  }
}

export class SimNode implements ChannelHost {
  readonly deps: SimNodeDeps;
  readonly index: number;
  readonly clock: SimClock;
  readonly storeWatcher: StoreWatcher;
  store: SimLogStore;
  log: Log;
  driver: SyncDriver;
  incarnation: string;
  /** Bytes to send in place of a frame; how a hostile neighbour lies. */
  tamper: ((frame: Uint8Array) => readonly Uint8Array[]) | undefined;
  readonly #ends = new Map<string, ChannelEnd>();
  readonly #lanes = new Map<string, string>();
  #up = true;
  #life = 0;
  #nextEnd = 0;

  constructor(deps: SimNodeDeps) {
    this.deps = deps;
    this.clock = new SimClock(() => deps.network.timers.nowMs);
    this.storeWatcher = {
      appended: (feed, entries) => {
        deps.watcher.stored(this, feed, entries);
      },
      partPut: (feed, header, part) => {
        deps.watcher.partPut(this, feed, header.parts[part]?.audience ?? '');
      },
    };
    this.store = new SimLogStore(this.storeWatcher);
    this.incarnation = deps.incarnation ?? toHex(deps.rng.bytes(16));
    this.index = deps.network.add(this);
    [this.log, this.driver] = this.#boot();
  }

  get name(): string {
    return this.deps.name;
  }

  get device(): DeviceKey {
    return this.deps.keys.device.key as DeviceKey;
  }

  get memberId(): MemberId {
    return this.log.membership.devices.get(this.device)?.member ?? (this.device as string as MemberId);
  }

  get member(): Member | undefined {
    return this.log.membership.members.get(this.memberId);
  }

  get isActive(): boolean {
    return this.member?.status === 'active' && this.log.membership.devices.get(this.device)?.active === true;
  }

  isUp(): boolean {
    return this.#up;
  }

  // ---- life

  /** Loses what was not flushed, but for the first `keep` transactions, and all its channels. */
  crash(keep: number): void {
    this.#up = false;
    this.#life += 1;
    this.store.crash(keep);
    this.deps.network.breakOf(this.index);
    this.#ends.clear();
    this.#lanes.clear();
  }

  restart(): void {
    this.#up = true;
    [this.log, this.driver] = this.#boot();
  }

  /** @param proven the store cannot prove that it goes on where it stopped, and says so. */
  restore(store: SimLogStore, proven: boolean): void {
    this.crash(0);
    this.store = store;
    if (proven) this.incarnation = toHex(this.deps.rng.bytes(16));
    this.restart();
  }

  #boot(): [Log, SyncDriver] {
    const { keys, networkId, rng, network, watcher } = this.deps;
    const log = new SmallServings({
      store: this.store,
      verifier: simVerifier,
      clock: new HybridClock(this.clock),
      rng,
      logger: silentLogger,
      projections: [new RowsProjection(this.store), ...(this.deps.projections?.(this.store) ?? [])],
      network: networkId,
      self: { signer: keys.device, incarnation: this.incarnation },
    });
    log.servings = this.deps.serveBytes;
    const driver = new SyncDriver(
      log,
      {
        send: (peer, frame) => {
          this.#send(peer, frame);
        },
        hasRoom: (peer) => this.#ends.get(peer)?.hasRoom ?? true,
        cut: (peer) => this.#ends.get(peer)?.abort(),
        standingOf: (peer) => {
          const end = this.#ends.get(peer);
          return end === undefined ? undefined : this.#standingOfNode(end);
        },
        ownStanding: () => standingIn(log.membership, keys.link.key as LinkKey),
      },
      silentLogger,
    );
    log.on({
      membership: (membership) => {
        watcher.membership(this, membership);
        this.#followRoll();
      },
      forked: ({ feed }) => {
        if (feed.device === this.device && feed.incarnation === this.incarnation) this.#startIncarnation();
      },
      setBack: () => {
        this.#startIncarnation();
      },
    });
    this.#tick(driver, this.#life, network);
    return [log, driver];
  }

  #startIncarnation(): void {
    this.incarnation = toHex(this.deps.rng.bytes(16));
    this.log.startIncarnation(this.incarnation);
  }

  #tick(driver: SyncDriver, life: number, network: SimNetwork): void {
    if (life !== this.#life) return;
    this.guard(() => {
      driver.handle({ type: 'tick', nowMs: this.clock.monotonicMs() });
      this.store.flush();
    });
    network.timers.after(TICK_MS, () => {
      this.#tick(driver, life, network);
    });
  }

  // ---- writing

  /** Does something that may be refused in words; whatever else it throws is a finding. */
  tryTo(work: () => void): boolean {
    let done = false;
    this.guard(() => {
      try {
        work();
        done = true;
      } catch (error) {
        if (!isExpected(error)) throw error;
      }
    });
    return done;
  }

  acknowledge(entries: readonly Entry[]): void {
    this.store.whenFlushed(() => {
      this.deps.watcher.acknowledged(this, entries);
    });
  }

  guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (isSimulated(error)) return;
      this.deps.watcher.failed(this, error);
    }
  }

  // ---- channels

  attach(end: ChannelEnd): boolean {
    if (!this.#up) return false;
    const standing = this.#standingOfNode(end);
    if (standing === undefined && !this.#isNewcomer) return false;
    this.#nextEnd += 1;
    const peer = `${String(end.peer)}.${String(this.#nextEnd)}`;
    const life = this.#life;
    this.#ends.set(peer, end);
    const lanes = this.#lanesFor(standing);
    this.#lanes.set(peer, lanes.join());
    const ifAlive = (work: () => void): void => {
      if (life === this.#life && this.#ends.get(peer) === end) this.guard(work);
    };
    end.onFrame = (frame) => {
      ifAlive(() => {
        this.driver.frame(peer, frame);
      });
    };
    end.onDrain = () => {
      ifAlive(() => {
        this.driver.drained(peer);
      });
    };
    end.onClose = () => {
      ifAlive(() => {
        this.#ends.delete(peer);
        this.#lanes.delete(peer);
        this.driver.closed(peer);
      });
    };
    this.guard(() => {
      this.driver.opened(peer, lanes);
    });
    return true;
  }

  /** Sends bytes that no driver chose. */
  sendRaw(frame: Uint8Array): void {
    for (const end of this.#ends.values()) end.send(frame);
  }

  #send(peer: string, frame: Uint8Array): void {
    const end = this.#ends.get(peer);
    if (end === undefined) return;
    // Persist, then send: what others have seen must not be forgotten here.
    this.beforeSending();
    for (const bytes of this.tamper?.(frame) ?? [frame]) end.send(bytes);
  }

  beforeSending(): void {
    this.store.flush();
  }

  /** Who is at the other end, as its link key proves. */
  #standingOfNode(end: ChannelEnd): Standing | undefined {
    const other = this.deps.network.host(end.peer);
    return other instanceof SimNode ? this.standingOf(other.deps.keys.link.key as LinkKey) : undefined;
  }

  standingOf(link: LinkKey): Standing | undefined {
    return standingIn(this.log.membership, link);
  }

  ownStanding(): Standing | undefined {
    return this.standingOf(this.deps.keys.link.key as LinkKey);
  }

  #lanesFor(peer: Standing | undefined): readonly Lane[] {
    return peer?.role === 'relay' || this.member?.role === 'relay' ? ['roll'] : LANES;
  }

  /** Until it has found itself in the roll, it cannot know who else is. */
  get #isNewcomer(): boolean {
    return !this.log.membership.devices.has(this.device);
  }

  /** Hangs up on whoever is out, and opens anew where more or fewer lanes may be spoken of. */
  #followRoll(): void {
    if (this.#isNewcomer) return;
    for (const [peer, end] of [...this.#ends]) {
      const standing = this.#standingOfNode(end);
      if (standing === undefined || this.#lanesFor(standing).join() !== this.#lanes.get(peer)) end.abort();
    }
  }
}

/** A refusal in words, or a disk that fails by design. */
function isExpected(error: unknown): boolean {
  return isKithError(error) || isSimulated(error);
}

function isSimulated(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('simulated:');
}

function standingIn({ byLink, devices, members }: Membership, link: LinkKey): Standing | undefined {
  const device = devices.get(byLink.get(link) ?? ('' as DeviceKey));
  const member = device?.active === true ? members.get(device.member) : undefined;
  if (member?.status !== 'active') return undefined;
  return { member: member.id, role: member.role, grants: new Set(member.grants) };
}
