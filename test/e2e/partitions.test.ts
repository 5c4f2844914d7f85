/**
 * Cables are moved while people write letters, talk in a room, raise alarms and edit files: what was acknowledged reaches
 * everybody, once, and what was saved is had by all.
 */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { Lan, type Machine } from '../../scripts/nodes/lan.ts';
import type { NodeProcess } from '../../scripts/nodes/node-process.ts';
import { until } from '../../scripts/nodes/until.ts';
import { SeededRng } from '../sim/rng.ts';
import { FolderPeople } from '../support/folder-people.ts';
import { FolderSides } from '../support/folder-sides.ts';
import { assemble, RoomRecord } from '../support/room-nodes.ts';
import { scene, step, type Stage } from '../support/stage.ts';

const NO_CABLES = Lan.isPossible() ? false : 'this machine allows no network namespaces';
/** R4 asks for 100; `npm test` does one. */
const ROUNDS = Number(process.env['KITH_PARTITIONS'] ?? 1);
const SEED = Number(process.env['KITH_SEED'] ?? 1);
const NAMES = ['Ada', 'Ben', 'Cho', 'Dao'];
/** From a moment that no heartbeat notices to longer than it takes to be given up. */
const SHORTEST_MS = 200;
const LONGEST_MS = 12_000;
const BETWEEN_WRITES_MS = 150;
const EDITS_EVERY = 3;
const HEALING_MS = 180_000;
/** So that what is edited is little beside them. */
const FILES = 40;
/** Rounds that are told of together: whoever waits hears that it goes on. */
const AT_ONCE = 5;

interface Place {
  readonly node: NodeProcess;
  readonly machine: Machine;
}

interface Written {
  readonly id: string;
  readonly text: string;
  readonly by: NodeProcess;
}

interface Letter extends Written {
  readonly to: NodeProcess;
}

async function four(stage: Stage): Promise<Place[]> {
  const lan = stage.lan();
  const [first, ...others] = NAMES.map((name) => ({ name, machine: lan.machine() }));
  assert.ok(first);
  const ada = await stage.founder(first.name, [], first);
  const places = [{ node: ada, machine: first.machine }];
  for (const { name, machine } of others)
    places.push({ node: await stage.joiner(ada, name, [], { machine }), machine });
  const nodes = places.map(({ node }) => node);
  await until('all know all', async () => {
    const all = await Promise.all(nodes.map((node) => node.call('status', {})));
    return all.every(({ neighbours, rollHead }) => neighbours > 0 && rollHead === all[0]?.rollHead);
  });
  return places;
}

/** A folder that all four keep in step. */
async function shared(stage: Stage, places: readonly Place[], people: FolderPeople): Promise<FolderSides> {
  const sides = new FolderSides(
    places.map(({ node }) => ({ node, root: stage.path(`${node.name}'s reports`) })),
  );
  for (const root of sides.roots) mkdirSync(root);
  people.fill(sides.roots[0] ?? '', FILES);
  await sides.begin('Reports', HEALING_MS);
  return sides;
}

/** Each node writes to whom the dice choose, and edits a file, until it is told that the round is over. */
async function writeWhile(
  nodes: readonly NodeProcess[],
  rng: SeededRng,
  round: number,
  isOver: () => boolean,
  edit: () => void,
): Promise<Letter[]> {
  const letters: Letter[] = [];
  for (let turn = 0; !isOver(); turn += 1) {
    const by = nodes[rng.below(nodes.length)];
    const to = nodes[rng.below(nodes.length)];
    if (by !== undefined && to !== undefined && by !== to) {
      const text = `letter ${String(round)}.${String(turn)}`;
      const { id } = await by.call('sendLetter', { to: [to.name], text });
      letters.push({ id, text, by, to });
    }
    if (turn % EDITS_EVERY === 0) edit();
    await pause(BETWEEN_WRITES_MS);
  }
  return letters;
}

/** Some machines are carried to the other switch and back after a while. */
async function part(places: readonly Place[], rng: SeededRng): Promise<void> {
  const away = places.filter(() => rng.below(2) === 0);
  for (const { machine } of away) machine.carryTo('away');
  await pause(SHORTEST_MS + rng.below(LONGEST_MS - SHORTEST_MS));
  for (const { machine } of away) machine.carryTo('camp');
}

async function arrivedOnce({ id, text, to }: Letter): Promise<void> {
  const shown = await until(
    `${to.name} has ${text}`,
    async () => {
      const { letters } = await to.call('inbox', { limit: 1000 });
      const found = letters.filter((letter) => letter.id === id);
      return found.length > 0 ? found : undefined;
    },
    HEALING_MS,
  );
  assert.deepEqual(
    shown.map((letter) => letter.text),
    [text],
  );
}

async function showsEachOnce(node: NodeProcess, alarms: readonly Written[]): Promise<void> {
  const shown = await until(
    `${node.name} has all alarms`,
    async () => {
      const all = (await node.call('alarms', { all: true })).alarms;
      return all.length >= alarms.length ? all : undefined;
    },
    HEALING_MS,
  );
  assert.deepEqual(
    shown.map(({ id }) => id).sort(),
    alarms.map(({ id }) => id).sort(),
    `${node.name} shows each alarm once`,
  );
}

interface Siege {
  readonly places: readonly Place[];
  readonly rng: SeededRng;
  readonly room: RoomRecord;
  readonly people: FolderPeople;
  readonly sides: FolderSides;
  readonly letters: Letter[];
  readonly alarms: Written[];
}

async function oneRound(siege: Siege, round: number): Promise<void> {
  const { places, rng, room, people, sides, letters, alarms } = siege;
  const nodes = places.map(({ node }) => node);
  let over = false;
  const edit = (): void => {
    people.act(rng.pick(sides.roots) ?? '');
  };
  const writing = writeWhile(nodes, rng, round, () => over, edit);
  const talking = nodes.map(async (node) => room.write(node, String(round), () => over));
  const by = nodes[round % nodes.length] ?? places[0]?.node;
  assert.ok(by);
  const parting = part(places, rng);
  const text = `alarm ${String(round)}`;
  alarms.push({ id: (await by.call('raiseAlarm', { text, escalateAfterMs: 0 })).id, text, by });
  await parting;
  over = true;
  const written = await writing;
  await Promise.all(talking);
  for (const letter of written) await arrivedOnce(letter);
  letters.push(...written);
  await room.settle(nodes, HEALING_MS);
  for (const node of nodes) await showsEachOnce(node, alarms);
  await sides.agree(people, HEALING_MS);
  people.deleteDoomed(rng.pick(sides.roots) ?? '');
}

function told({ letters, room, people, alarms }: Siege): string {
  const { acknowledged, confirmed } = room;
  return `${String(letters.length)} letters, ${String(acknowledged)} messages, ${String(confirmed)} of them told to be confirmed, ${String(alarms.length)} alarms, ${String(people.count)} words in files`;
}

scene(
  'letters, messages of a room, alarms and files pass through partitions, none lost and none twice',
  async (stage, t) => {
    t.diagnostic(`seed ${String(SEED)}, ${String(ROUNDS)} rounds`);
    const places = await four(stage);
    await assemble(
      places.map(({ node }) => node),
      HEALING_MS,
    );
    const rng = new SeededRng(SEED);
    const people = new FolderPeople(rng);
    const sides = await shared(stage, places, people);
    const siege = { places, rng, room: new RoomRecord(), people, sides, letters: [], alarms: [] };
    for (let first = 0; first < ROUNDS; first += AT_ONCE)
      await step(t, `after ${String(first)} rounds`, async () => {
        for (let round = first; round < Math.min(ROUNDS, first + AT_ONCE); round += 1)
          await oneRound(siege, round);
        t.diagnostic(told(siege));
      });
    await sides.agree(people, HEALING_MS);
  },
  { skip: NO_CABLES, hangingMs: HEALING_MS + ROUNDS * 60_000 },
);
