/** Logs of one network without links: who is in it, and what each node has heard of the others is up to the test. */
import assert from 'node:assert/strict';
import { HybridClock } from '../../src/base/hlc.ts';
import { toHex, type Bytes } from '../../src/base/bytes.ts';
import type { DeviceKey, FeedId, InviteKey, MemberId, NetworkId } from '../../src/base/ids.ts';
import { silentLogger, type Rng } from '../../src/base/ports.ts';
import { certify, type Certificate } from '../../src/identity/certificate.ts';
import { signDeviceConsent, signRequest } from '../../src/identity/request.ts';
import type { Role, Standing } from '../../src/identity/roles.ts';
import { createSigner, createVerifier, type Signer, type Verifier } from '../../src/identity/signing.ts';
import { extensionProjection } from '../../src/log/extension.ts';
import { foundNetwork } from '../../src/log/found.ts';
import type { ExtensionIndex, LogStore, Projection } from '../../src/log/ports.ts';
import { Log, type Received } from '../../src/log/service.ts';
import type { Draft, Entry, Run } from '../../src/log/types.ts';
import { MemoryDisk } from '../sim/memory-disk.ts';
import { MemoryExtensionIndex } from '../sim/memory-extension-index.ts';
import { MemoryLogStore } from '../sim/memory-log-store.ts';
import { SeededRng } from '../sim/rng.ts';
import { simSigner, simVerifier } from '../sim/sim-crypto.ts';
import { START_MS } from './author.ts';
import { PartsTable } from './parts-table.ts';

export interface Signatures {
  signer(rng: Rng): Signer;
  readonly verifier: Verifier;
}

export const REAL_SIGNATURES: Signatures = {
  signer: (rng) => createSigner(rng.bytes(32)),
  verifier: createVerifier(),
};

/** Some fifty times faster, for tests that run thousands of networks. */
export const FAST_SIGNATURES: Signatures = { signer: simSigner, verifier: simVerifier };

export interface NodeStores {
  readonly store: LogStore;
  readonly index: ExtensionIndex;
}

export function memoryStores(): NodeStores {
  const disk = new MemoryDisk();
  return { store: new MemoryLogStore(disk), index: new MemoryExtensionIndex(disk) };
}

export interface WorldOptions {
  readonly seed?: number;
  readonly signatures?: Signatures;
  readonly stores?: () => NodeStores;
  /** Of the feature that is looked at, beside those that every node has. */
  readonly projections?: (node: LogNode, network: NetworkId) => readonly Projection[];
}

const PROFILE = { org: 'Org', place: 'Camp North' };
const LIMIT_BYTES = 64 * 1024;

export class LogNode {
  readonly name: string;
  readonly device: DeviceKey;
  readonly member: MemberId;
  readonly signer: Signer;
  readonly certificate: Certificate;
  /** Secrets of the link key and the MLS key. */
  readonly seeds: { readonly link: Bytes; readonly mls: Bytes };
  store: LogStore;
  index: ExtensionIndex;
  /** In memory only. */
  parts: PartsTable;
  readonly nowMs = { value: START_MS };
  readonly #world: LogWorld;
  #incarnation: string;
  log: Log;

  constructor(world: LogWorld, name: string, member?: MemberId, stores: NodeStores = world.stores()) {
    this.#world = world;
    this.name = name;
    const [device, link, mls] = [world.rng.bytes(32), world.rng.bytes(32), world.rng.bytes(32)];
    const sign = (seed: Bytes): Signer => world.signatures.signer({ bytes: () => seed, below: () => 0 });
    const signers = { device: sign(device), link: sign(link), mls: sign(mls) };
    this.seeds = { link, mls };
    this.signer = signers.device;
    this.device = signers.device.key as DeviceKey;
    this.member = member ?? (signers.device.key as MemberId);
    this.certificate = certify(signers);
    this.store = stores.store;
    this.index = stores.index;
    this.parts = new PartsTable(this.store);
    this.#incarnation = toHex(world.rng.bytes(16));
    this.log = this.#openLog();
  }

  get incarnation(): string {
    return this.#incarnation;
  }

  /** As after a restart: what is in memory only is gone. */
  restart(): void {
    this.log = this.#openLog();
  }

  /** The same over a store that was closed and opened. */
  reopen({ store, index }: NodeStores): void {
    this.store = store;
    this.index = index;
    this.parts = new PartsTable(store);
    this.restart();
  }

  startIncarnation(): void {
    this.#incarnation = toHex(this.#world.rng.bytes(16));
    this.log.startIncarnation(this.#incarnation);
  }

  /** Another node with this one's keys and incarnation: a copied folder. */
  twin(): LogNode {
    const twin = new LogNode(this.#world, `${this.name}'`, this.member);
    Object.assign(twin, { signer: this.signer, device: this.device, certificate: this.certificate });
    twin.#incarnation = this.#incarnation;
    twin.restart();
    return twin;
  }

  write(...drafts: readonly Draft[]): readonly Entry[] {
    return this.log.append(drafts);
  }

  /** What this node says that another one may hold. */
  standingOf(other: LogNode): Standing | undefined {
    const found = this.log.membership.members.get(other.member);
    if (found?.status !== 'active') return undefined;
    return { member: found.id, role: found.role, grants: new Set(found.grants) };
  }

  /** The same; who has not heard of it yet takes the founder's word. */
  readerOf(other: LogNode): Standing | undefined {
    return this.standingOf(other) ?? this.#world.founder.standingOf(other);
  }

  runFor(other: LogNode, feed: FeedId, from = 1, limitBytes = LIMIT_BYTES): Run {
    const reader = this.readerOf(other);
    const run = reader && this.log.runFor(reader, feed, from, limitBytes);
    assert.ok(run !== undefined, `${this.name} has something of that feed for ${other.name}`);
    return run;
  }

  /** Takes everything of one feed that `from` has, and says what came of the last piece. */
  pullFeed(from: LogNode, feed: FeedId): Received {
    for (;;) {
      const next = (this.log.feed(feed)?.seq ?? 0) + 1;
      if (next > (from.log.feed(feed)?.seq ?? 0)) return { kind: 'nothing-new' };
      const outcome = this.log.receive(from.runFor(this, feed, next));
      if (outcome.kind !== 'appended') return outcome;
    }
  }

  #openLog(): Log {
    const { network, rng, signatures } = this.#world;
    return new Log({
      store: this.store,
      verifier: signatures.verifier,
      clock: new HybridClock({ nowMs: () => this.nowMs.value, monotonicMs: () => 0 }),
      rng,
      logger: silentLogger,
      projections: [this.parts, extensionProjection(this.index), ...this.#world.projections(this, network)],
      network,
      self: { signer: this.signer, incarnation: this.#incarnation },
    });
  }
}

export class LogWorld {
  readonly rng: SeededRng;
  readonly signatures: Signatures;
  readonly stores: () => NodeStores;
  readonly projections: (node: LogNode, network: NetworkId) => readonly Projection[];
  readonly founder: LogNode;
  /** Of the founding; until then nobody asks. */
  network = '' as NetworkId;
  readonly #genesis: Run;

  constructor({
    seed = 1,
    signatures = REAL_SIGNATURES,
    stores = memoryStores,
    projections = () => [],
  }: WorldOptions = {}) {
    this.rng = new SeededRng(seed);
    this.signatures = signatures;
    this.stores = stores;
    this.projections = projections;
    this.founder = new LogNode(this, 'founder');
    const { signer, certificate, incarnation } = this.founder;
    const clock = new HybridClock({ nowMs: () => START_MS, monotonicMs: () => 0 });
    const { network, run } = foundNetwork({ clock, rng: this.rng, signer }, incarnation, {
      network: 'Camp',
      certificate,
      profile: { name: 'Founder', ...PROFILE },
    });
    this.network = network;
    this.#genesis = run;
    this.founder.restart();
    this.#enter(this.founder);
  }

  /** A member that `by` admits; both know it, others do not yet. */
  admit(name: string, role: Role = 'member', by: LogNode = this.founder): LogNode {
    const node = new LogNode(this, name);
    const invite = this.signatures.signer(this.rng);
    const key = invite.key as InviteKey;
    by.log.act({ kind: 'invite', invite: key, role, name, expiresMs: START_MS * 2, uses: 1, form: 'link' });
    const signers = { invite, device: node.signer };
    const request = signRequest(this.network, signers, node.certificate, { name, ...PROFILE });
    by.log.act({ kind: 'admit', ...request, number: by.log.membership.members.size + 1 });
    this.#enter(node);
    pull(node, by);
    return node;
  }

  /** Another device of the same member. */
  link(owner: LogNode, name: string): LogNode {
    const node = new LogNode(this, name, owner.member);
    const consent = signDeviceConsent(this.network, owner.member, node.certificate, node.signer);
    owner.log.act({ kind: 'device', member: owner.member, certificate: node.certificate, consent });
    this.#enter(node);
    pull(node, owner);
    return node;
  }

  #enter(node: LogNode): void {
    assert.equal(node.log.receive(this.#genesis).kind, 'appended');
  }
}

/** `to` takes what `from` has and may give it. @returns whether anything was new. */
export function pull(to: LogNode, from: LogNode): boolean {
  let news = false;
  for (const lane of ['roll', 'urgent', 'data']) {
    for (const { info } of from.log.feeds())
      if (info.lane === lane) news = pullFeed(to, from, info.id) || news;
  }
  return pullParts(to, from) || news;
}

function pullFeed(to: LogNode, from: LogNode, feed: FeedId): boolean {
  const before = endOf(to, feed);
  const evidence = from.log.evidenceOf(feed);
  if (evidence !== undefined) to.log.receiveEvidence(evidence);
  if (from.readerOf(to) !== undefined) {
    const outcome = to.pullFeed(from, feed);
    if (outcome.kind === 'diverged' || holdAnother(to, from, feed)) pullAgain(to, from, feed);
  }
  return before !== endOf(to, feed);
}

function endOf(node: LogNode, feed: FeedId): string {
  const state = node.log.feed(feed);
  return `${String(state?.seq)} ${String(state?.forkedAfter)}`;
}

/** As long as the other's, and not the same: nobody is behind, so nobody asks. */
function holdAnother(to: LogNode, from: LogNode, feed: FeedId): boolean {
  const [ours, theirs] = [to.log.feed(feed), from.log.feed(feed)];
  if (ours === undefined || theirs === undefined || ours.forkedAfter !== undefined) return false;
  return ours.seq === theirs.seq && ours.hash !== theirs.hash;
}

function pullAgain(to: LogNode, from: LogNode, feed: FeedId): void {
  const end = from.log.feed(feed)?.seq ?? 0;
  for (let next = 1; next <= end;) {
    const run = from.runFor(to, feed, next);
    to.log.receive(run);
    next += run.entries.length;
  }
}

function pullParts(to: LogNode, from: LogNode): boolean {
  const reader = to.standingOf(to);
  if (reader === undefined || from.readerOf(to) === undefined) return false;
  let filled = 0;
  for (const { info } of to.log.feeds()) {
    for (const range of to.log.missingFor(reader, info.id)) {
      const run = from.log.runFor(reader, info.id, range.from, LIMIT_BYTES);
      if (run !== undefined) filled += to.log.fillParts(info.id, run.entries);
    }
  }
  return filled > 0;
}

/** Everybody hears everybody until nothing is new. */
export function syncAll(...nodes: readonly LogNode[]): void {
  for (let round = 0; ; round += 1) {
    assert.ok(round < 50, 'sync comes to an end');
    let news = false;
    for (const to of nodes) for (const from of nodes) if (to !== from) news = pull(to, from) || news;
    if (!news) return;
  }
}
