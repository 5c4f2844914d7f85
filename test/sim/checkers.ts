/**
 * What must hold of any run, apart from what is run. Cheap checks look at each event; `inspect` reads whole stores;
 * `converged` looks at a world at rest. The first violation stays.
 */
import { hash as digest } from 'node:crypto';
import type { EntryHash, FeedId, MemberId } from '../../src/base/ids.ts';
import { memberIdOf } from '../../src/identity/past.ts';
import { needsAdmin } from '../../src/identity/rules.ts';
import { LANES, mayHold, type Lane, type Standing } from '../../src/identity/roles.ts';
import type { Act, Membership, Vector } from '../../src/identity/types.ts';
import { provesFork } from '../../src/log/core.ts';
import { decodeErase, ERASE_KIND } from '../../src/log/folding.ts';
import type { FeedState } from '../../src/log/ports.ts';
import { actOf, rollOf, type RollState } from '../../src/log/roll-state.ts';
import type { Entry, FeedInfo } from '../../src/log/types.ts';
import { NO_ENTRY, partMatches, payloadOf, SEAL_PURPOSE, sealStatement } from '../../src/log/wire.ts';
import type { SeededRng } from './rng.ts';
import { simVerifier } from './sim-crypto.ts';
import type { SimEntry } from './sim-log-store.ts';
import type { NodeWatcher, SimNode } from './sim-node.ts';

export class Violation extends Error {}

interface Height {
  readonly seq: number;
  readonly hash: EntryHash;
}

/** Checked as good once, by digest: the same entry lies on many disks. */
type Verified = Set<string>;

export class Checks implements NodeWatcher {
  violation: Violation | undefined;
  /** All acts that were ever seen anywhere, by digest. */
  readonly #acts = new Map<EntryHash, Act>();
  readonly #foldOf = new Map<string, string>();
  readonly #rightsOf = new Map<MemberId, Map<string, Standing>>();
  readonly #membersOf = new Map<string, Set<MemberId>>();
  readonly #heights = new Map<SimNode, Map<FeedId, Height>>();
  readonly #touched = new Map<SimNode, Set<FeedId>>();
  readonly #promised = new Map<SimNode, Map<string, EntryHash>>();
  readonly #verified: Verified = new Set();
  readonly #rng: SeededRng;

  constructor(rng: SeededRng) {
    this.#rng = rng;
  }

  fail(rule: string, detail: string): void {
    this.violation ??= new Violation(`${rule}: ${detail}`);
  }

  // ---- what nodes tell

  failed(node: SimNode, error: unknown): void {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.fail('nothing throws', `${node.name}: ${text}`);
  }

  stored(node: SimNode, feed: FeedInfo, entries: readonly Entry[]): void {
    const touched = this.#touched.get(node) ?? new Set();
    this.#touched.set(node, touched.add(feed.id));
    if (feed.device === node.device) return;
    for (const { header, parts } of entries) {
      header.parts.forEach(({ audience }, index) => {
        if (parts[index] !== null) this.#mayArrive(node, feed, audience);
      });
    }
  }

  partPut(node: SimNode, feed: FeedInfo, audience: string): void {
    if (feed.device !== node.device) this.#mayArrive(node, feed, audience);
  }

  #mayArrive(node: SimNode, feed: FeedInfo, audience: string): void {
    if (audience === 'roll' || audience === 'public') return;
    for (const member of this.#membersOf.get(node.device) ?? []) {
      for (const standing of this.#rightsOf.get(member)?.values() ?? [])
        if (mayHold(standing, audience)) return;
    }
    this.fail(
      'nobody gets what was never theirs',
      `${node.name} got a part for ${audience} of feed ${short(feed.id)}`,
    );
  }

  membership(node: SimNode, membership: Membership): void {
    for (const { id, role, grants } of membership.members.values()) {
      const key = `${role} ${grants.join()}`;
      const rights = this.#rightsOf.get(id) ?? new Map<string, Standing>();
      this.#rightsOf.set(id, rights);
      if (!rights.has(key)) rights.set(key, { member: id, role, grants: new Set(grants) });
    }
    for (const { key, member } of membership.devices.values()) {
      const members = this.#membersOf.get(key) ?? new Set();
      this.#membersOf.set(key, members.add(member));
    }
    const forks = node.store
      .feeds()
      .filter(({ info, forkedAfter }) => info.lane === 'roll' && forkedAfter !== undefined)
      .map(({ info, forkedAfter }) => `${info.id} ${String(forkedAfter)}`);
    const acts = [...membership.order, ...membership.refused.map(({ act }) => act), ...forks].sort().join();
    const folded = textOf(membership);
    const known = this.#foldOf.get(acts);
    if (known === undefined) this.#foldOf.set(acts, folded);
    else if (known !== folded) this.fail('same acts, same roll', `${node.name}\n${known}\n${folded}`);
  }

  acknowledged(node: SimNode, entries: readonly Entry[]): void {
    const promised = this.#promised.get(node) ?? new Map<string, EntryHash>();
    this.#promised.set(node, promised);
    for (const { header, hash } of entries) promised.set(`${header.feed} ${String(header.seq)}`, hash);
  }

  /** Whose history may well be written twice: a folder was copied, or a backup restored, and nobody noticed. */
  readonly mayFork = new Set<string>();

  /** The disk was replaced: what it had promised cannot be asked of it any more. */
  replaced(node: SimNode): void {
    this.#promised.delete(node);
    this.#heights.delete(node);
  }

  /** What was not flushed may be gone; what was promised may not. */
  crashed(node: SimNode): void {
    this.#heights.delete(node);
    this.#keepsPromises(node);
  }

  // ---- after every event

  afterEvent(): void {
    if (this.#touched.size === 0) return;
    for (const [node, feeds] of this.#touched) for (const feed of feeds) this.#grows(node, feed);
    this.#touched.clear();
  }

  #grows(node: SimNode, id: FeedId): void {
    const heights = this.#heights.get(node) ?? new Map<FeedId, Height>();
    this.#heights.set(node, heights);
    const before = heights.get(id) ?? { seq: 0, hash: NO_ENTRY };
    const state = node.store.feed(id);
    if (state === undefined) return;
    if (state.seq < before.seq) {
      this.fail(
        'heights never go back',
        `${node.name} ${short(id)} ${String(before.seq)} → ${String(state.seq)}`,
      );
    }
    let { hash } = before;
    for (const entry of node.store.entries(id).slice(before.seq)) {
      if (entry.header.prev !== hash)
        this.fail('feeds are chains', `${node.name} ${short(id)} at ${String(entry.seq)}`);
      this.#verifyEntry(node, state.info, entry);
      hash = entry.hash;
    }
    if (state.seq > 0 && node.store.entries(id).at(-1)?.seal === null) {
      this.fail(
        'what is stored can be proven',
        `${node.name} ${short(id)} ends unsealed at ${String(state.seq)}`,
      );
    }
    heights.set(id, { seq: state.seq, hash });
  }

  #verifyEntry(node: SimNode, feed: FeedInfo, entry: SimEntry): void {
    const { header, parts, seal, hash } = entry;
    const where = `${node.name} ${short(feed.id)} at ${String(entry.seq)}`;
    header.parts.forEach((ref, index) => {
      const part = parts[index];
      if (part === null || part === undefined) return;
      const key = `${hash} ${String(index)} ${String(part.byteLength)}`;
      if (!partMatches(ref, part)) this.fail('parts are what was signed', where);
      this.#verified.add(key);
    });
    if (this.#verified.has(hash)) return;
    this.#verified.add(hash);
    if (header.feed !== feed.id) this.fail('feeds are chains', where);
    if (seal === null) return;
    if (!simVerifier.verify(feed.device, SEAL_PURPOSE, sealStatement(feed.id, entry.seq, hash), seal)) {
      this.fail('what is stored can be proven', `${where}: the seal does not hold`);
    }
  }

  // ---- now and then, and at the end

  /** Reads everything that a node holds, and computes anew what follows from it. */
  inspect(node: SimNode): void {
    if (!node.isUp()) return;
    this.#keepsPromises(node);
    const roll = this.#rollAgain(node);
    const facts = factsOf(node, this.#acts);
    const expected = new Map<string, string>();
    const erased = new Set<string>();
    for (const state of node.store.feeds()) {
      if (state.info.lane === 'roll') continue;
      for (const { entry, stands, seen } of walk(node, state, roll)) {
        if (stands === undefined) break;
        const isAside = entry.aside !== undefined;
        if (stands === isAside) {
          this.fail(
            'only what stands is folded',
            `${node.name} ${short(state.info.id)} at ${String(entry.seq)}: ${String(stands)}, aside: ${String(entry.aside)}`,
          );
        }
        if (!stands) continue;
        expected.set(entry.hash, maskOf(entry));
        this.#authorMayWrite(node, state.info, entry, facts);
        for (const target of erasedBy(node, state.info, entry, seen)) erased.add(target);
      }
    }
    this.#rowsAre(node, expected);
    this.#staysErased(node, erased);
    this.#actsAreByRight(node, facts);
    this.#forksAreProven(node);
  }

  #keepsPromises(node: SimNode): void {
    for (const [place, hash] of this.#promised.get(node) ?? []) {
      const [feed, seq] = place.split(' ');
      if (node.store.hashAt(feed as FeedId, Number(seq)) !== hash) {
        this.fail('nothing acknowledged is lost', `${node.name} ${short(place)} at ${String(seq)}`);
      }
    }
  }

  #rowsAre(node: SimNode, expected: ReadonlyMap<string, string>): void {
    const rows = node.store.rows();
    for (const [hash, mask] of expected) {
      if (rows.get(hash) !== mask) {
        this.fail(
          'the table is what the log says',
          `${node.name} ${short(hash)}: ${String(rows.get(hash))}, not ${mask}`,
        );
      }
    }
    for (const hash of rows.keys()) {
      if (!expected.has(hash))
        this.fail('only what stands is folded', `${node.name} has a row for ${short(hash)}`);
    }
  }

  #staysErased(node: SimNode, erased: ReadonlySet<string>): void {
    for (const { info } of node.store.feeds()) {
      for (const { seq } of node.store.entries(info.id)) {
        for (const { target, part } of node.store.erasedBy(info.id, seq)) {
          if (!erased.has([target.feed, target.seq, target.hash, part].join(' '))) {
            this.fail('nothing is erased without right', `${node.name} ${short(info.id)} at ${String(seq)}`);
          }
        }
      }
    }
    for (const target of erased) {
      const [feed, seq, hash, part] = target.split(' ');
      const entry = node.store.entries(feed as FeedId)[Number(seq) - 1];
      if (entry?.header.kind === ERASE_KIND) continue;
      const known = node.store.erasedBy(feed as FeedId, Number(seq));
      if (!known.some((erasure) => erasure.part === Number(part))) {
        this.fail(
          'an erasure is remembered',
          `${node.name} ${short(target)} at ${String(seq)} part ${String(part)}`,
        );
      }
      if (entry === undefined || entry.hash !== hash) continue;
      if ((entry.parts[Number(part)] ?? null) !== null) {
        this.fail(
          'what was erased is gone',
          `${node.name} ${short(target)} at ${String(seq)} part ${String(part)}`,
        );
      }
    }
  }

  /** Independent of the rules: who never was an admin decided nothing about others. */
  #actsAreByRight(node: SimNode, facts: Facts): void {
    const { order, devices } = node.log.membership;
    for (const id of order) {
      const act = this.#acts.get(id);
      const author = act === undefined ? undefined : devices.get(act.device)?.member;
      if (act === undefined || (author !== undefined && facts.adminOnce.has(author))) continue;
      if (author === undefined || needsAdmin(act.body, author)) {
        this.fail(
          'only admins decide about others',
          `${node.name}: ${act.body.kind} by ${short(act.device)}`,
        );
      }
    }
  }

  #forksAreProven(node: SimNode): void {
    for (const { info, forkedAfter } of node.store.feeds()) {
      if (forkedAfter === undefined) continue;
      if (!this.mayFork.has(info.device)) {
        this.fail(
          'who keeps the rules never forks',
          `${node.name} holds ${short(info.id)} of ${short(info.device)}`,
        );
      }
      const evidence = node.log.evidenceOf(info.id);
      if (evidence === undefined || evidence.seq !== forkedAfter + 1 || !provesFork(evidence, simVerifier)) {
        this.fail('a fork is proven', `${node.name} ${short(info.id)} after ${String(forkedAfter)}`);
      }
    }
  }

  /** Independent of `Authority`: straight from the acts that count. */
  #authorMayWrite(node: SimNode, feed: FeedInfo, entry: SimEntry, facts: Facts): void {
    const where = `${node.name} ${short(feed.id)} at ${String(entry.seq)}`;
    const member = node.log.membership.devices.get(feed.device)?.member;
    if (member === undefined || !facts.wroteOnce.has(member)) {
      this.fail('nothing of whoever may not write is folded', where);
      return;
    }
    const accepted = facts.accepted.get(feed.id) ?? 0;
    for (const cut of facts.cutsOf.get(feed.device) ?? []) {
      if (entry.seq > Math.max(accepted, cut.get(feed.id) ?? 0))
        this.fail('nothing past a cut is folded', where);
    }
  }

  /** From the store alone, with the acts in another order than they came in. */
  #rollAgain(node: SimNode): RollState {
    const acts: Act[] = [];
    const forks = new Map<FeedId, number>();
    for (const { info, seq, forkedAfter } of node.store.feeds()) {
      if (info.lane !== 'roll') continue;
      if (forkedAfter !== undefined) forks.set(info.id, forkedAfter);
      const shared = node.store.entries(info.id).slice(0, Math.min(seq, forkedAfter ?? Infinity));
      for (const entry of shared) acts.push(this.#actOf(node, info, entry));
    }
    const again = rollOf(node.log.network, this.#rng.shuffled(acts), forks);
    if (textOf(again.membership) !== textOf(node.log.membership)) {
      this.fail(
        'same acts, same roll',
        `${node.name}\n${textOf(again.membership)}\n${textOf(node.log.membership)}`,
      );
    }
    return again;
  }

  #actOf(node: SimNode, info: FeedInfo, entry: SimEntry): Act {
    const known = this.#acts.get(entry.hash);
    if (known !== undefined) return known;
    const act = actOf(info, entry, { verifier: simVerifier, network: node.log.network });
    this.#acts.set(entry.hash, act);
    return act;
  }

  // ---- a world at rest

  /** All that can reach each other are in step: the same roll, the same feeds, the same tables, nothing under way. */
  converged(group: readonly SimNode[], mayStillAsk = false): void {
    // Whose admission was lost with a disk stays a newcomer for ever.
    const nodes = group.filter((node) => node.log.membership.devices.has(node.device));
    const [first] = nodes;
    if (first === undefined) return;
    for (const node of nodes) {
      if (!mayStillAsk && !node.driver.isInStep())
        this.fail('all come into step', `${node.name} still wants something`);
      const [ours, theirs] = [inForce(first.log.membership), inForce(node.log.membership)];
      if (ours !== theirs) {
        this.fail(
          'all come into step',
          `${first.name} and ${node.name} differ in the roll\n${ours}\n${theirs}`,
        );
      }
    }
    this.#sameRoll(nodes);
    // Who was made a relay keeps what it had, and hears of nothing outside the roll any more.
    const holders = nodes.filter((node) => node.member?.role !== 'relay');
    this.#sameForks(nodes, ['roll']);
    this.#sameForks(holders, LANES);
    this.#sameRows(holders);
    this.#sameParts(holders);
  }

  /** Who is in, knows one of the others, and holds no act that they have not heard of, is not left outside. */
  leavesNobodyOut([main, ...others]: readonly (readonly SimNode[])[]): void {
    const [first] = main ?? [];
    if (main === undefined || main.length < 2 || first === undefined) return;
    for (const node of others.flat()) {
      const isIn = first.log.membership.devices.get(node.device)?.active === true;
      const knowsThem = main.some(({ device }) => node.log.membership.devices.get(device)?.active === true);
      if (isIn && knowsThem && node.isUp() && this.#holdsNoMoreActs(node, first)) {
        this.fail('nobody is left out', `${node.name} reaches nobody, and ${first.name} counts it in`);
      }
    }
  }

  #holdsNoMoreActs(node: SimNode, other: SimNode): boolean {
    return node.store
      .feeds()
      .filter(({ info }) => info.lane === 'roll')
      .every(({ info, seq }) => (other.store.feed(info.id)?.seq ?? 0) >= seq);
  }

  #sameRoll(nodes: readonly SimNode[]): void {
    const [first] = nodes;
    if (first === undefined) return;
    for (const node of nodes.slice(1)) {
      const [ours, theirs] = [rollHeights(first), rollHeights(node)];
      if (ours !== theirs)
        this.fail('all come into step', `${first.name} and ${node.name} hold other acts\n${ours}\n${theirs}`);
    }
  }

  #sameForks(nodes: readonly SimNode[], lanes: readonly Lane[]): void {
    const forks = new Map<FeedId, Set<number | undefined>>();
    for (const node of nodes) {
      for (const { info, forkedAfter } of node.store.feeds()) {
        const places = forks.get(info.id) ?? new Set();
        if (lanes.includes(info.lane)) forks.set(info.id, places.add(forkedAfter));
      }
    }
    for (const [feed, places] of forks) {
      if (places.size > 1 && isKnownToAll(nodes, feed)) {
        this.fail('a fork stops everybody at one place', `${short(feed)}: ${[...places].join()}`);
      }
    }
    for (const [feed, seq] of conflictsOf(nodes, lanes)) {
      const [place] = forks.get(feed) ?? [];
      if ((place ?? Infinity) >= seq)
        this.fail('no fork goes unseen', `${short(feed)} at ${String(seq)}: ${String(place)}`);
    }
  }

  #sameRows(nodes: readonly SimNode[]): void {
    const [first] = nodes;
    if (first === undefined) return;
    const ours = first.store.rows();
    for (const node of nodes.slice(1)) {
      const theirs = node.store.rows();
      for (const [has, rows, lacks, other] of [
        [first, ours, node, theirs],
        [node, theirs, first, ours],
      ] as const) {
        for (const hash of rows.keys()) {
          if (!other.has(hash))
            this.fail(
              'all come into step',
              `${lacks.name} lacks ${describe(has, hash)}, which ${has.name} has`,
            );
        }
      }
    }
  }

  #sameParts(nodes: readonly SimNode[]): void {
    const held = new Map<string, SimNode>();
    const lacking: [string, SimNode][] = [];
    for (const node of nodes) {
      const standing = node.ownStanding();
      for (const { info } of node.store.feeds()) {
        if (info.lane === 'roll') continue;
        for (const { header, hash, parts, aside } of node.store.entries(info.id)) {
          if (aside !== undefined) continue;
          header.parts.forEach(({ audience }, index) => {
            const key = `${hash} ${String(index)}`;
            if (parts[index] !== null) held.set(key, node);
            else if (standing !== undefined && mayHold(standing, audience)) lacking.push([key, node]);
          });
        }
      }
    }
    for (const [key, node] of lacking) {
      const holder = held.get(key);
      if (holder !== undefined)
        this.fail(
          'everybody gets what is theirs',
          `${node.name} lacks ${describe(holder, key.slice(0, 64))} part ${key.slice(65)}, which ${holder.name} has`,
        );
    }
  }
}

/** Where nodes hold different entries at one place: feed → the first such place. */
function conflictsOf(nodes: readonly SimNode[], lanes: readonly Lane[]): ReadonlyMap<FeedId, number> {
  const seen = new Map<string, EntryHash>();
  const conflicts = new Map<FeedId, number>();
  for (const node of nodes) {
    for (const { info } of node.store.feeds().filter((state) => lanes.includes(state.info.lane))) {
      for (const { seq, hash } of node.store.entries(info.id)) {
        const place = `${info.id} ${String(seq)}`;
        const known = seen.get(place) ?? hash;
        seen.set(place, known);
        if (known !== hash) conflicts.set(info.id, Math.min(seq, conflicts.get(info.id) ?? Infinity));
      }
    }
  }
  return conflicts;
}

interface Facts {
  /** Members that had a role which writes at some time. */
  readonly wroteOnce: Set<MemberId>;
  readonly adminOnce: Set<MemberId>;
  readonly invited: Map<string, string>;
  /** What revocations that count leave standing of each device. */
  readonly cutsOf: Map<string, ReadonlyMap<FeedId, number>[]>;
  readonly accepted: Map<FeedId, number>;
}

function factsOf(node: SimNode, acts: ReadonlyMap<EntryHash, Act>): Facts {
  const facts: Facts = {
    wroteOnce: new Set(),
    adminOnce: new Set(),
    invited: new Map(),
    cutsOf: new Map(),
    accepted: new Map(),
  };
  for (const id of node.log.membership.order) {
    const body = acts.get(id)?.body;
    if (body !== undefined) note(facts, body, node.log.membership);
  }
  return facts;
}

function note(facts: Facts, body: Act['body'], { members }: Membership): void {
  const had = (member: MemberId, role: string | undefined): void => {
    if (role === 'admin') facts.adminOnce.add(member);
    if (role === 'admin' || role === 'member') facts.wroteOnce.add(member);
  };
  switch (body.kind) {
    case 'genesis':
      had(memberIdOf(body.certificate.device), 'admin');
      break;
    case 'invite':
      facts.invited.set(body.invite, body.role);
      break;
    case 'admit':
      had(memberIdOf(body.certificate.device), facts.invited.get(body.invite));
      break;
    case 'role':
      had(body.member, body.role);
      break;
    case 'accept':
      facts.accepted.set(body.upTo.feed, Math.max(body.upTo.seq, facts.accepted.get(body.upTo.feed) ?? 0));
      break;
    case 'revoke': {
      const { target } = body;
      const devices =
        target.scope === 'device' ? [target.device] : (members.get(target.member)?.devices ?? []);
      const cuts = new Map(body.cuts.map(({ feed, seq }) => [feed, seq]));
      for (const device of devices) facts.cutsOf.set(device, [...(facts.cutsOf.get(device) ?? []), cuts]);
      break;
    }
    default:
      break;
  }
}

interface Walked {
  readonly entry: SimEntry;
  readonly seen: Vector;
  /** Undefined: what it builds on is not here. */
  readonly stands: boolean | undefined;
}

/** The same rule as in the log, from the beginning each time. */
function* walk(node: SimNode, { info, forkedAfter }: FeedState, roll: RollState): Generator<Walked> {
  let seen: Vector = new Map();
  for (const entry of node.store.entries(info.id)) {
    if (entry.seq > (forkedAfter ?? Infinity)) return;
    const past = roll.pastOf(entry.header.after);
    if (past === undefined) {
      yield { entry, seen, stands: undefined };
      return;
    }
    seen = roll.authority.vectorOf(seen, past.links);
    const { upTo } = roll.authority.boundOf({ device: info.device, lane: info.lane, feed: info.id, seen });
    yield { entry, seen, stands: upTo !== undefined && entry.seq <= upTo };
  }
}

function erasedBy(node: SimNode, feed: FeedInfo, entry: SimEntry, seen: Vector): string[] {
  const part = entry.parts[0];
  if (entry.header.kind !== ERASE_KIND || part === null || part === undefined) return [];
  const author = node.log.authority.authorAt(feed.device, seen);
  if (author === undefined) return [];
  const { devices } = node.log.membership;
  return decodeErase(payloadOf(part))
    .filter(
      ({ feed: target }) => author.role === 'admin' || devices.get(target.device)?.member === author.member,
    )
    .filter(({ feed: target, part: number }) => target.lane !== 'roll' || number !== 0)
    .map(({ feed: target, entry: link, part: number }) => [target.id, link.seq, link.hash, number].join(' '));
}

function maskOf(entry: SimEntry): string {
  return entry.parts.map((part) => (part === null ? '-' : 'x')).join('');
}

/** Feeds of whoever counts as a device. */
function rollHeights(node: SimNode): string {
  return node.store
    .feeds()
    .filter(({ info }) => info.lane === 'roll' && node.log.membership.devices.has(info.device))
    .map(
      ({ info, seq, forkedAfter }) => `${short(info.id)} ${String(Math.min(seq, forkedAfter ?? Infinity))}`,
    )
    .filter((line) => !line.endsWith(' 0'))
    .sort()
    .join('\n');
}

function isKnownToAll(nodes: readonly SimNode[], feed: FeedId): boolean {
  return nodes.every((node) => node.store.feed(feed) !== undefined);
}

function describe(node: SimNode, hash: string): string {
  for (const { info } of node.store.feeds()) {
    const entry = node.store.entries(info.id).find((other) => other.hash === hash);
    if (entry !== undefined)
      return `${entry.header.kind} ${short(hash)} at ${String(entry.seq)} of ${info.lane} feed ${short(info.id)} of ${short(info.device)}`;
  }
  return short(hash);
}

/**
 * What counts. What was refused may differ: of a device whose admission a fork took away, some hold the acts that it had
 * written by then, and others never let them in.
 */
function inForce(membership: Membership): string {
  return textOf({ ...membership, refused: [], heads: [] });
}

export function textOf(membership: Membership): string {
  const { members, devices, invites, hubs, order, refused, heads, name } = membership;
  const text = JSON.stringify([
    name,
    [...members.values()].map((m) => [
      m.number,
      short(m.id),
      m.name,
      m.role,
      m.grants,
      m.status,
      m.devices.map(short),
      m.since,
    ]),
    [...devices.values()].map((d) => [short(d.key), d.active]),
    [...invites.values()].map((i) => [short(i.key), i.role, i.used, i.withdrawn]),
    hubs,
    order.map(short),
    refused.map(({ act, code }) => [short(act), code]),
    heads.map(({ hash }) => short(hash)).sort(),
  ]);
  return `${digest('sha256', text, 'hex').slice(0, 8)} ${text}`;
}

export function short(id: string): string {
  return id.slice(0, 8);
}
