/**
 * P9: a thousand simulated nodes. All join through three of them, forty a second; a hundred die at once; two halves lose
 * sight of each other and meet again. How long the mesh is split while its nodes could reach each other, and what
 * travels at rest. Times are simulated; only the last figure is of this machine.
 */
import { mistaken, isWhole, outOfBounds, parts } from '../test/sim/mesh/mesh-checkers.ts';
import { grow, splitMs } from '../test/sim/mesh/mesh-play.ts';
import { MeshWorld } from '../test/sim/mesh/mesh-world.ts';
import { PRESENCE } from '../src/net/presence/core.ts';
import { report, say } from './processes.ts';

const NODES = Number(process.argv[2] ?? 1000);
const SEED = Number(process.argv[3] ?? 1);
const JOIN_EVERY_MS = 25;
const REST_MS = 10 * 60_000;
const BAR = { splitMs: 10_000, bytes: 1000, dreamBytes: 200 };

const began = performance.now();
const world = new MeshWorld({ seed: SEED });
const bytesEach = (): number => world.traffic.bytes / world.running().length;
const inS = (ms: number | undefined): string => (ms === undefined ? 'never' : `${(ms / 1000).toFixed(1)} s`);

grow(world, NODES, JOIN_EVERY_MS);
const joinedMs = world.until(() => isWhole(world) && outOfBounds(world).length === 0, 120_000);
const knownMs = world.until(() => mistaken(world).length === 0, 120_000);
say(
  `${String(NODES)} joined; within bounds after ${inS(joinedMs)}, all know all after ${inS(knownMs)} more; ${(bytesEach() / 1000).toFixed(0)} KB a node`,
);

world.run(15_000);
world.resetTraffic();
world.run(REST_MS);
const { linksUp, linksDown } = world.traffic;
const measured = bytesEach() / (REST_MS / 1000);
const refresh = refreshRate();
const atRest = Math.max(measured, refresh);
say(
  `at rest ${measured.toFixed(0)} B/s a node; ${refresh.toFixed(0)} B/s with refreshes; ${String(linksUp + linksDown)} links changed`,
);

for (const node of world.rng.shuffled(world.nodes).slice(0, Math.floor(NODES / 10))) node.crash();
const death = splitMs(world, 30_000);
const repairedMs = world.until(() => outOfBounds(world).length === 0, 60_000);
say(
  `a tenth died: split ${inS(death.lastingMs)}, known dead after ${inS(death.deadMs)}, bounds after ${inS(repairedMs)} more`,
);

for (const [at, node] of world.nodes.entries()) node.room = at % 2;
world.run(5 * 60_000);
const halves = parts(world).length;
for (const node of world.nodes) node.room = 0;
const healedMs = world.until(() => isWhole(world), 60_000);
say(
  `two halves (${String(halves)} parts) met again: whole after ${inS(healedMs)}; ${((performance.now() - began) / 1000).toFixed(0)} s of this machine`,
);

const longestMs = Math.max(death.lastingMs, healedMs ?? Infinity);
report({
  id: 'P9',
  unit: 'bytes a second and node at rest',
  ours: Math.round(atRest),
  rival: null,
  ratio: Math.round((atRest / BAR.bytes) * 1000) / 1000,
  bar: BAR.bytes,
  dream: BAR.dreamBytes,
  splitMs: longestMs,
  splitBarMs: BAR.splitMs,
  pass: atRest <= BAR.bytes && longestMs <= BAR.splitMs && linksUp + linksDown === 0,
});

/** Refreshes come every few hours in a network of this size: what one costs, spread over that time, on top of the beats. */
function refreshRate(): number {
  const [first] = world.running();
  const size = 100 + (first?.core.presence.own?.signed.byteLength ?? 0);
  const intervalMs = Math.max(PRESENCE.leastRefreshMs, NODES * PRESENCE.refreshPerNodeMs);
  // Each crosses every link about once; half of the links' ends are a node's to send on.
  const sends = (world.links.size / world.running().length) * 1.3;
  return measured + (NODES * size * sends) / (intervalMs / 1000);
}
