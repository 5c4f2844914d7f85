/** One random life of a room: people write while everything breaks; then nothing breaks any more, and all must come right. */
import {
  demoted,
  deviceOf,
  everyone,
  majorityOf,
  welcomed,
  without,
} from '../../../src/rooms/consensus/roster.ts';
import type { ReplicaId } from '../../../src/rooms/consensus/types.ts';
import { AWAY_MS } from '../../../src/rooms/consensus/core-steward.ts';
import { TIMING } from '../../../src/rooms/consensus/timing.ts';
import type { SeededRng } from '../rng.ts';
import type { RoomNode } from './room-node.ts';
import { RoomWorld } from './room-world.ts';

export interface RoomOutcome {
  readonly simulatedMs: number;
  readonly steps: number;
  readonly confirmed: number;
}

const DEVICES = ['A', 'B', 'C', 'D', 'E', 'F', 'G'];
/** The longest that any replica waits for a host. */
const TIMEOUT_MS = 2 * TIMING.electionMs.most;
/** In some lives whoever is cut off or off counts no more after a moment. */
const SOON_AWAY_MS = 3000;

type Deed = (world: RoomWorld, node: RoomNode, rng: SeededRng) => void;

const DEEDS: readonly (readonly [weight: number, deed: Deed])[] = [
  [60, (_world, node) => void node.post()],
  [6, (_world, node) => node.kill()],
  [6, (_world, node) => node.powerCut()],
  [14, (_world, node) => node.start()],
  [3, (_world, node) => node.sleep()],
  [6, (_world, node) => node.wake()],
  [3, (_world, node) => (node.isStalled = true)],
  [5, (_world, node) => (node.isStalled = false)],
  [2, (_world, node) => (node.failsNextFlush = true)],
  [2, lose],
  [2, rot],
  [6, cutSome],
  [3, splitSome],
  [8, (world) => world.heal()],
  [4, transfer],
  [8, changeRoster],
  [4, (world, _node, rng) => (world.lossPer1000 = rng.pick([0, 0, 20, 200]) ?? 0)],
  [2, (world, _node, rng) => (world.echoPer1000 = rng.pick([0, 0, 50]) ?? 0)],
  [3, (world, _node, rng) => (world.delayMs = { least: 1, most: rng.pick([5, 20, 80, 400]) ?? 5 })],
  [2, (_world, node, rng) => (node.flushMs = { least: 0, most: rng.pick([2, 10, 60]) ?? 2 })],
  [6, order],
  [8, strand],
  [5, (world) => world.host?.powerCut()],
];
const WEIGHT = DEEDS.reduce((sum, [weight]) => sum + weight, 0);

/** @throws Error that names the rule. */
export function playRoomSeed(seed: number, watch?: (world: RoomWorld) => void): RoomOutcome {
  const world = newWorld(seed);
  watch?.(world);
  const { rng } = world;
  world.startAll().run(rng.below(3000));
  const deeds = rng.between(20, 80);
  for (let done = 0; done < deeds; done += 1) {
    const node = rng.pick(world.nodes);
    if (node !== undefined) deedFor(rng)(world, node, rng);
    world.run(rng.chance(70) ? rng.below(100) : rng.below(1500));
  }
  comeRight(world);
  return { simulatedMs: world.timers.nowMs, steps: world.steps, confirmed: world.checks.confirmedUpTo };
}

function newWorld(seed: number): RoomWorld {
  // Not from the world's own stream, which it draws from as soon as it is there.
  const size = 1 + ((seed * 7) % 6);
  const devices = DEVICES.slice(0, Math.max(size, seed % 3 === 0 ? 3 : size));
  const voters = devices.slice(0, seed % 5 === 0 ? Math.ceil(devices.length / 2) : devices.length);
  const keepEntries = seed % 4 === 0 ? 8 : 1000;
  const awayMs = seed % 11 === 0 ? SOON_AWAY_MS : AWAY_MS;
  return new RoomWorld({ seed, devices, voters, keepEntries, awayMs, relays: seed % 2 === 0 });
}

function deedFor(rng: SeededRng): Deed {
  let at = rng.below(WEIGHT);
  for (const [weight, deed] of DEEDS) {
    if (at < weight) return deed;
    at -= weight;
  }
  throw new Error('bug: weights');
}

// ---- deeds

/** Rosters that may still decide something: the agreed one, and what some log holds after it. */
function rosters(world: RoomWorld): readonly (readonly ReplicaId[])[] {
  return world.nodes.flatMap(({ core, disk }) => {
    const stored = [...disk.entries.values()].flatMap((entry) =>
      entry.kind === 'change' ? [entry.roster.voters] : [],
    );
    return core === undefined
      ? [disk.base.roster.voters, ...stored]
      : [core.roster.voters, core.agreedRoster.voters, ...stored];
  });
}

function lostIn(world: RoomWorld, voters: readonly ReplicaId[]): number {
  return voters.filter((voter) => world.nodes.every(({ replica, isRotten }) => replica !== voter || isRotten))
    .length;
}

/** Whether its disk may go without a majority of any roster going with it. */
function mayLose(world: RoomWorld, node: RoomNode): boolean {
  // Whoever is away counts no more, and whoever is lost does: of those who are left they may be too many.
  if (world.awayMs < AWAY_MS) return false;
  // Whoever joins may count at any moment, without this world being asked.
  if (world.nodes.some(({ core }) => core?.roster.joining.includes(node.replica) === true)) return false;
  return rosters(world).every(
    (voters) =>
      !voters.includes(node.replica) || lostIn(world, voters) + 1 <= voters.length - majorityOf(voters),
  );
}

function lose(world: RoomWorld, node: RoomNode): void {
  if (mayLose(world, node)) node.wipe();
}

function rot(world: RoomWorld, node: RoomNode, rng: SeededRng): void {
  if (node.isRotten || !mayLose(world, node)) return;
  const { base, height } = node.disk;
  if (height.index > base.index) node.rot(base.index + 1 + rng.below(height.index - base.index));
}

function cutSome(world: RoomWorld, node: RoomNode, rng: SeededRng): void {
  const other = rng.pick(world.nodes);
  if (other === undefined || other === node) return;
  world.cut(node.device, other.device);
  if (rng.chance(60)) world.cut(other.device, node.device);
}

function splitSome(world: RoomWorld, _node: RoomNode, rng: SeededRng): void {
  const devices = rng.shuffled(world.nodes.map(({ device }) => device));
  const at = rng.below(devices.length + 1);
  world.split(devices.slice(0, at), devices.slice(at));
}

/** The host is left with too few to confirm anything, and people there write on. */
function strand(world: RoomWorld, _node: RoomNode, rng: SeededRng): void {
  const { host } = world;
  if (host === undefined) return;
  const others = rng.shuffled(world.nodes.filter((node) => node !== host));
  const few = [host, ...others.slice(0, rng.below(Math.ceil(world.nodes.length / 2)))];
  const groups = [few, others.filter((node) => !few.includes(node))];
  world.split(...groups.map((group) => group.map(({ device }) => device)));
  for (const node of few) if (rng.chance(70)) node.post();
  if (rng.chance(50)) world.run(rng.below(4000));
}

function transfer(world: RoomWorld, node: RoomNode): void {
  world.host?.step({ type: 'transfer', to: node.replica });
}

function order(world: RoomWorld, _node: RoomNode, rng: SeededRng): void {
  world.host?.step({ type: 'order', best: rng.shuffled(world.nodes.map(({ replica }) => replica)) });
}

function changeRoster(world: RoomWorld, node: RoomNode, rng: SeededRng): void {
  const { host } = world;
  if (host?.core === undefined) return;
  const { replica } = node;
  const isIn = everyone(host.core.roster).includes(replica);
  if (!isIn) {
    if (node.core === undefined) return;
    host.change((roster) => welcomed(roster, replica));
    return;
  }
  // Whoever is lost must stay a minority of what is left.
  const left = host.core.roster.voters.filter((voter) => voter !== replica);
  if (left.length === 0 || lostIn(world, left) > left.length - majorityOf(left)) return;
  host.change((roster) => (rng.chance(50) ? demoted(roster, replica) : without(roster, replica)));
}

// ---- the end

function comeRight(world: RoomWorld): void {
  world.heal();
  world.lossPer1000 = 0;
  world.echoPer1000 = 0;
  world.delayMs = { least: 1, most: 10 };
  for (const node of world.nodes) {
    node.isStalled = false;
    node.failsNextFlush = false;
    node.flushMs = { least: 0, most: 3 };
    node.wake();
    node.start();
  }
  world.untilHost(5 * TIMEOUT_MS);
  world.untilCalm(5 * TIMEOUT_MS);
  everythingArrived(world);
}

/** Whatever somebody wrote who is still in the room is there, for good. */
function everythingArrived(world: RoomWorld): void {
  const { host, checks } = world;
  const members = new Set(
    everyone(host?.core?.roster ?? { voters: [], joining: [], learners: [] }).map(deviceOf),
  );
  for (const node of world.nodes.filter(({ device }) => members.has(device)))
    for (const { author, incarnation, number } of node.disk.outbox)
      if (!checks.counted.has(`${author} ${incarnation} ${String(number)}`))
        throw new Error(
          `rule broken: what was written is never lost (${author} ${incarnation} ${String(number)})`,
        );
}
