/** A random life of a small network from one seed: people write, join, leave and quarrel, machines and links fail. */
import { utf8 } from '../../src/base/bytes.ts';
import { HybridClock } from '../../src/base/hlc.ts';
import { ROLES, type Lane } from '../../src/identity/roles.ts';
import { ERASE_KIND } from '../../src/log/folding.ts';
import type { Draft } from '../../src/log/types.ts';
import { feedIdOf } from '../../src/log/wire.ts';
import { FEED_START, sealDrafts } from '../../src/log/writing.ts';
import { encodeMessage } from '../../src/log/sync-wire.ts';
import { Hostile } from './hostile.ts';
import { YEAR_MS } from './sim-clock.ts';
import { SimLogStore } from './sim-log-store.ts';
import type { SimNode } from './sim-node.ts';
import { CALM, World } from './world.ts';

export interface Outcome {
  readonly simulatedMs: number;
  readonly events: number;
  readonly frames: number;
}

type Operation = (play: Play) => void;

/** How often each happens, of their sum. */
const OPERATIONS: readonly (readonly [number, Operation])[] = [
  [30, writes],
  [6, writesMany],
  [6, writesUrgent],
  [6, erases],
  [5, joins],
  [3, linksDevice],
  [5, changesRole],
  [4, grants],
  [3, revokes],
  [2, revokesDevice],
  [2, quarrels],
  [2, renames],
  [2, accepts],
  [1, listsHub],
  [2, withdraws],
  [8, flaps],
  [4, splits],
  [3, heals],
  [3, rewires],
  [4, crashes],
  [3, restarts],
  [2, diskFails],
  [2, clockJumps],
  [2, backsUp],
  [2, restores],
  [1, copies],
  [1, wipes],
  [3, writesAgainstTheRules],
];
const WEIGHTS = OPERATIONS.reduce((sum, [weight]) => sum + weight, 0);

class Play {
  readonly world: World;
  readonly backups = new Map<SimNode, ReturnType<SimLogStore['image']>>();
  readonly hostile: Hostile | undefined;

  constructor(seed: number) {
    const faults = {
      ...CALM,
      windowBytes: seed % 3 === 0 ? 2000 : 64 * 1024,
      maxDelayMs: [5, 40, 900][(seed % 7) % 3] ?? 40,
    };
    this.world = new World(seed, faults, [Infinity, 2500, 900][(seed % 5) % 3]);
    const { rng } = this.world;
    const size = rng.between(2, 5);
    for (let count = 1; count < size; count += 1) {
      const role = rng.chance(30) ? 'admin' : rng.chance(60) ? 'member' : (rng.pick(ROLES) ?? 'member');
      this.world.admit(this.world.founder, role);
    }
    const { nodes, network } = this.world;
    for (const node of nodes) if (rng.chance(60)) network.want(node.index, rng.below(nodes.length));
    const last = nodes.at(-1);
    if (last !== undefined && last !== this.world.founder && rng.chance(35))
      this.hostile = new Hostile(last, rng.fork());
  }

  get honest(): SimNode[] {
    return this.world.nodes.filter((node) => node !== this.hostile?.node);
  }

  up(): SimNode | undefined {
    return this.world.rng.pick(this.honest.filter((node) => node.isUp()));
  }

  admin(): SimNode | undefined {
    const admins = this.honest.filter(
      (node) => node.isUp() && node.isActive && node.member?.role === 'admin',
    );
    return this.world.rng.pick(admins);
  }
}

/** @throws Violation */
export function playSeed(seed: number, watch?: (world: World) => void): Outcome {
  const play = new Play(seed);
  const { world } = play;
  watch?.(world);
  const { rng, network } = world;
  world.inspectEvery = 1500;
  world.runFor(rng.below(4000));
  network.faults.lossPer10k = rng.pick([0, 0, 20, 200]) ?? 0;
  const operations = rng.between(10, 36);
  const hasChaos = rng.chance(10);
  for (let count = 0; count < operations; count += 1) {
    network.faults.chaos = hasChaos && count % 10 > 4;
    operationAt(rng.below(WEIGHTS))(play);
    play.hostile?.stir();
    world.settle();
    world.runFor(rng.chance(20) ? rng.below(20_000) : rng.below(600));
  }
  comeToRest(play, hasChaos);
  return { simulatedMs: world.timers.nowMs, events: world.events, frames: network.frames };
}

function operationAt(point: number): Operation {
  let left = point;
  for (const [weight, operation] of OPERATIONS) {
    left -= weight;
    if (left < 0) return operation;
  }
  return writes;
}

/** Faults end, everybody is up, and after a bounded time all must agree and be silent. */
function comeToRest(play: Play, wasChaos: boolean): void {
  const { world, hostile } = play;
  const { network, nodes } = world;
  network.faults.lossPer10k = 0;
  network.faults.chaos = false;
  if (hostile?.isMute === false) hostile.leave(world);
  if (wasChaos) network.breakAll();
  network.healAll();
  for (const node of play.honest) {
    node.store.failing = 0;
    node.clock.drift(0);
    if (!node.isUp()) restart(play, node);
  }
  const ring = world.rng.shuffled(play.honest);
  ring.forEach((node, at) => network.want(node.index, ring[(at + 1) % ring.length]?.index ?? node.index));
  world.runFor(90_000);
  world.wantAll(nodes.filter((node) => node !== hostile?.node));
  world.runFor(90_000);
  if (hostile?.isMute === true) {
    for (const group of world.groups(play.honest)) world.checks.converged(group, true);
    world.throwIfViolated();
    hostile.leave(world);
  }
  world.mustBeAtRest(play.honest);
}

// ---- writing

const AUDIENCES = ['public', 'public', 'members', 'members', 'admins', 'grant:medical', 'grant:legal'];

function draft({ world }: Play, lane: Lane): Draft {
  const { rng } = world;
  const parts = Array.from({ length: rng.between(0, 3) }, () => ({
    audience: rng.chance(10)
      ? `member:${rng.pick(world.nodes)?.memberId ?? ''}`
      : (rng.pick(AUDIENCES) ?? 'members'),
    payload: rng.bytes(rng.between(0, 60)),
  }));
  return { kind: 'note', lane, parts };
}

function drafts(play: Play, lane: Lane, count: number): Draft[] {
  return Array.from({ length: count }, () => draft(play, lane));
}

function writes(play: Play): void {
  const node = play.up();
  if (node !== undefined) play.world.write(node, drafts(play, 'data', play.world.rng.between(1, 5)));
}

function writesMany(play: Play): void {
  const node = play.up();
  if (node !== undefined) play.world.write(node, drafts(play, 'data', play.world.rng.between(10, 80)));
}

function writesUrgent(play: Play): void {
  const node = play.up();
  if (node !== undefined) play.world.write(node, drafts(play, 'urgent', 1));
}

function erases({ world, honest }: Play): void {
  const node = world.rng.pick(honest.filter((other) => other.isUp()));
  if (node === undefined) return;
  const feed = world.rng.pick(node.log.feeds().filter(({ info, seq }) => info.lane !== 'roll' && seq > 0));
  if (feed === undefined) return;
  const entries = node.store.entries(feed.info.id).filter(({ header }) => header.parts.length > 0);
  const targets = [0, 1].flatMap(() => {
    const entry = world.rng.pick(entries);
    if (entry === undefined || (entry.header.kind === ERASE_KIND && world.rng.chance(50))) return [];
    const link = { feed: feed.info.id, seq: entry.seq, hash: entry.hash };
    return [{ entry: link, part: world.rng.below(entry.header.parts.length) }];
  });
  const before = node.log.ownHeight('data')?.seq ?? 0;
  if (targets.length > 0) node.tryTo(() => node.log.erase(targets));
  const own = node.log.ownFeed('data').id;
  node.acknowledge([...node.log.entriesOf(own, before + 1, node.log.ownHeight('data')?.seq ?? 0)]);
}

// ---- people

function joins(play: Play): void {
  const { world } = play;
  const admin = play.admin();
  if (admin === undefined || world.nodes.length > 6) return;
  const node = world.admit(admin, world.rng.pick(ROLES) ?? 'member');
  if (node !== undefined && world.rng.chance(50))
    world.network.want(node.index, world.rng.below(world.nodes.length));
}

function linksDevice(play: Play): void {
  const { world } = play;
  const node = play.up();
  if (node === undefined || world.nodes.length > 6) return;
  const linked = world.link(node);
  if (linked !== undefined && world.rng.chance(50))
    world.network.want(linked.index, world.rng.below(world.nodes.length));
}

function changesRole(play: Play): void {
  const { world } = play;
  const [by, target] = [world.rng.chance(70) ? play.admin() : play.up(), world.rng.pick(world.nodes)];
  if (by !== undefined && target !== undefined)
    world.setRole(by, target.memberId, world.rng.pick(ROLES) ?? 'member');
}

function grants(play: Play): void {
  const { world } = play;
  const [by, target] = [play.admin(), world.rng.pick(world.nodes)];
  if (by === undefined || target === undefined) return;
  const grant = world.rng.pick(['medical', 'legal']) ?? 'medical';
  world.act(by, { kind: 'grant', member: target.memberId, grant, given: world.rng.chance(70) });
}

function revokes(play: Play): void {
  const [by, target] = [play.admin(), play.world.rng.pick(play.world.nodes)];
  if (by !== undefined && target !== undefined) play.world.revoke(by, target.memberId);
}

function revokesDevice(play: Play): void {
  const [by, target] = [play.up(), play.world.rng.pick(play.world.nodes)];
  if (by !== undefined && target !== undefined) play.world.revokeDevice(by, target.device);
}

/** Admins remove each other at one moment, in a circle, each without knowing of the others. */
function quarrels(play: Play): void {
  const { world } = play;
  const admins = world.rng.shuffled(
    play.honest.filter((node) => node.isUp() && node.isActive && node.member?.role === 'admin'),
  );
  if (admins.length < 2) return;
  const circle = admins.slice(0, world.rng.between(2, 3));
  circle.forEach((node, at) => {
    const target = circle[(at + 1) % circle.length];
    if (target === undefined) return;
    if (world.rng.chance(70)) world.revoke(node, target.memberId);
    else world.setRole(node, target.memberId, 'reader');
  });
}

function renames(play: Play): void {
  const [by, target] = [play.up(), play.world.rng.pick(play.world.nodes)];
  if (by === undefined || target === undefined) return;
  const profile = { name: `name ${String(play.world.rng.below(100))}`, org: '', place: '' };
  play.world.act(by, { kind: 'rename', member: target.memberId, profile });
}

function accepts(play: Play): void {
  const admin = play.admin();
  const aside = play.world.rng.pick(admin?.log.asides() ?? []);
  if (admin === undefined || aside === undefined) return;
  const seq = play.world.rng.between(aside.from, aside.to);
  const hash = admin.store.hashAt(aside.feed, seq);
  if (hash !== undefined) play.world.act(admin, { kind: 'accept', upTo: { feed: aside.feed, seq, hash } });
}

function listsHub(play: Play): void {
  const admin = play.admin();
  const address = `/dns4/hub${String(play.world.rng.below(3))}.example/tcp/1`;
  if (admin !== undefined) play.world.act(admin, { kind: 'hub', address, listed: play.world.rng.chance(60) });
}

function withdraws(play: Play): void {
  const admin = play.admin();
  const invite = play.world.rng.pick([...(admin?.log.membership.invites.keys() ?? [])]);
  if (admin !== undefined && invite !== undefined) play.world.act(admin, { kind: 'withdraw', invite });
}

/** A changed program writes what its device may not, with its own good signature. */
function writesAgainstTheRules(play: Play): void {
  const { world } = play;
  const node = play.up();
  if (node === undefined) return;
  const lane: Lane = world.rng.pick(['data', 'urgent', 'roll'] as const) ?? 'data';
  // A feed of its own: what an honest node writes next must not continue it.
  world.checks.mayFork.add(node.device);
  const incarnation = 'ee'.repeat(16);
  const feed = { id: feedIdOf(node.device, incarnation, lane), device: node.device, incarnation, lane };
  const clock = new HybridClock(node.clock);
  const end = node.store.feed(feed.id);
  const after = world.rng.chance(50) ? node.log.membership.heads.slice(0, 8) : [];
  const from = end === undefined ? FEED_START : { seq: end.seq, hash: end.hash };
  const payload = utf8('x');
  const body =
    lane === 'roll'
      ? { kind: 'hub', lane, parts: [{ audience: 'roll', payload }] }
      : { kind: 'note', lane, parts: [{ audience: 'public', payload }] };
  const entries = sealDrafts(
    { clock, rng: world.rng, signer: node.deps.keys.device },
    feed,
    from,
    [body],
    after,
  );
  node.guard(() => node.log.receive({ feed, entries }));
  node.guard(() => node.sendRaw(encodeMessage({ type: 'run', mode: 'entries', run: { feed, entries } })));
}

// ---- machines and links

function flaps({ world }: Play): void {
  const [a, b] = [world.rng.below(world.nodes.length), world.rng.below(world.nodes.length)];
  if (world.rng.chance(30)) world.network.breakOf(a);
  else world.network.breakBetween(a, b);
}

function splits({ world }: Play): void {
  const inside = new Set(world.nodes.filter(() => world.rng.chance(50)));
  const oneWay = world.rng.chance(30);
  for (const a of world.nodes) {
    for (const b of world.nodes) {
      if (inside.has(a) === inside.has(b) || (oneWay && inside.has(a))) continue;
      world.network.block(a.index, b.index);
    }
  }
}

function heals({ world }: Play): void {
  world.network.healAll();
}

function rewires({ world }: Play): void {
  const [a, b] = [world.rng.below(world.nodes.length), world.rng.below(world.nodes.length)];
  if (world.network.wants(a, b)) world.network.unwant(a, b);
  else world.network.want(a, b);
}

function crashes(play: Play): void {
  const node = play.up();
  if (node === undefined) return;
  node.crash(play.world.rng.between(0, node.store.unflushed));
  play.world.checks.crashed(node);
  if (play.world.rng.chance(60)) restart(play, node);
}

function restart({ world }: Play, node: SimNode): void {
  node.guard(() => {
    node.restart();
  });
  world.settle();
}

function restarts(play: Play): void {
  const node = play.world.rng.pick(play.honest.filter((other) => !other.isUp()));
  if (node !== undefined) restart(play, node);
}

function diskFails(play: Play): void {
  const node = play.up();
  if (node !== undefined) node.store.failing = play.world.rng.between(1, 4);
}

function clockJumps(play: Play): void {
  const node = play.up();
  const { rng } = play.world;
  if (node === undefined) return;
  if (rng.chance(30)) node.clock.drift((rng.below(200) - 100) / 1000);
  else node.clock.jump(rng.pick([YEAR_MS, -YEAR_MS, 3_600_000, -3_600_000, 90_000_000, 70 * YEAR_MS]) ?? 0);
}

function backsUp(play: Play): void {
  const node = play.up();
  if (node !== undefined) play.backups.set(node, node.store.image());
}

/** Set back to an older state; mostly it says that it cannot prove its continuity, sometimes nobody noticed. */
function restores(play: Play): void {
  const node = play.world.rng.pick(
    [...play.backups.keys()].filter((other) => other.isUp() && other !== play.hostile?.node),
  );
  const image = node === undefined ? undefined : play.backups.get(node);
  if (node === undefined || image === undefined) return;
  const proven = play.world.rng.chance(60);
  if (!proven) play.world.checks.mayFork.add(node.device);
  replaceStore(play, node, new SimLogStore(node.storeWatcher, image), proven);
  if (play.world.rng.chance(50)) play.world.write(node, drafts(play, 'data', 2));
}

function wipes(play: Play): void {
  const node = play.up();
  // The founder alone knows the genesis at first; a network whose only copy is burnt is gone.
  if (node === undefined || node === play.world.founder) return;
  replaceStore(play, node, new SimLogStore(node.storeWatcher), true);
}

/** Nobody notices that the folder was copied: the copy's owner goes on in the same history, set back a little. */
function copies(play: Play): void {
  const node = play.up();
  if (node === undefined) return;
  play.world.checks.mayFork.add(node.device);
  const copy = new SimLogStore(node.storeWatcher, node.store.image());
  const entries = drafts(play, 'data', 2);
  play.world.write(node, entries);
  play.world.runFor(play.world.rng.below(3000));
  if (node.isUp()) replaceStore(play, node, copy, false);
  if (node.isUp()) play.world.write(node, drafts(play, 'data', play.world.rng.between(1, 3)));
}

function replaceStore(play: Play, node: SimNode, store: SimLogStore, proven: boolean): void {
  node.guard(() => {
    node.restore(store, proven);
  });
  play.world.checks.replaced(node);
  play.world.settle();
}
