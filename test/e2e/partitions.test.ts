/**
 * Cables are moved, and nodes killed, while people write letters, talk in a room, raise alarms, keep a registry and edit
 * files: what was acknowledged reaches everybody, once, and what was saved is had by all.
 */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { Lan, type Machine } from '../../scripts/nodes/lan.ts';
import type { NodeProcess } from '../../scripts/nodes/node-process.ts';
import { until } from '../../scripts/nodes/until.ts';
import { isKithError } from '../../src/api/contract.ts';
import { SeededRng } from '../sim/rng.ts';
import { FolderPeople } from '../support/folder-people.ts';
import { FolderSides } from '../support/folder-sides.ts';
import { assemble, RoomRecord } from '../support/room-nodes.ts';
import { scene, step, type Stage } from '../support/stage.ts';

const NO_CABLES = Lan.isPossible() ? false : 'this machine allows no network namespaces';
/** R4 asks for 100; `npm test` does one. */
const ROUNDS = Number(process.env['KITH_PARTITIONS'] ?? 1);
/** R3 asks for 200. */
const KILLS = Number(process.env['KITH_KILLS'] ?? 1);
const SEED = Number(process.env['KITH_SEED'] ?? 1);
const NAMES = ['Ada', 'Ben', 'Cho', 'Dao'];
/** From a moment that no heartbeat notices to longer than it takes to be given up. */
const SHORTEST_MS = 200;
const LONGEST_MS = 12_000;
/** How long all write before one is killed, and while it is away. */
const KILLED_WITHIN_MS = 2000;
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

/**
 * Letters to whom the dice choose, records by whom they choose, and edits of files, until it is told that the round is
 * over. @returns what was acknowledged.
 */
async function writeWhile(
  siege: Siege,
  what: string,
  isOver: () => boolean,
): Promise<Pick<Siege, 'letters' | 'records'>> {
  const { places, rng, people, sides } = siege;
  const nodes = places.map(({ node }) => node);
  const [letters, records]: [Letter[], Written[]] = [[], []];
  for (let turn = 0; !isOver(); turn += 1) {
    const [by, to] = [anyOf(rng, nodes), anyOf(rng, nodes)];
    const name = `${what}.${String(turn)}`;
    const text = `letter ${name}`;
    const sent =
      by === to ? undefined : await answered(siege, by, () => by.call('sendLetter', { to: [to.name], text }));
    if (sent !== undefined) letters.push({ id: sent.id, text, by, to });
    if (turn % EDITS_EVERY === 0) people.act(anyOf(rng, sides.roots));
    else if (turn % EDITS_EVERY === 1) {
      const fields = { full_name: `Person ${name}` };
      const added = await answered(siege, to, () => to.call('addRecord', { kind: 'person', fields }));
      if (added !== undefined) records.push({ id: added.id, text: fields.full_name, by: to });
    }
    await pause(BETWEEN_WRITES_MS);
  }
  return { letters, records };
}

function anyOf<Item>(rng: SeededRng, items: readonly Item[]): Item {
  const item = rng.pick(items);
  assert.ok(item !== undefined);
  return item;
}

/** What a node answers; one that is killed meanwhile has promised nothing. */
async function answered<Value>(
  { killed }: Siege,
  node: NodeProcess,
  ask: () => Promise<Value>,
): Promise<Value | undefined> {
  if (killed.has(node)) return undefined;
  try {
    return await ask();
  } catch (error) {
    if (killed.has(node)) return undefined;
    throw error;
  }
}

/** Some machines are carried to the other switch and back after a while. */
async function part({ places, rng }: Siege): Promise<void> {
  const away = places.filter(() => rng.below(2) === 0);
  for (const { machine } of away) machine.carryTo('away');
  await pause(SHORTEST_MS + rng.below(LONGEST_MS - SHORTEST_MS));
  for (const { machine } of away) machine.carryTo('camp');
}

/** Without a word to anybody, and started again: somebody else raises an alarm meanwhile. */
async function killOne({ places, rng, killed }: Siege): Promise<void> {
  const { node } = anyOf(rng, places);
  await pause(rng.below(KILLED_WITHIN_MS));
  killed.add(node);
  await node.kill();
  await pause(rng.below(KILLED_WITHIN_MS));
  await node.up();
  killed.delete(node);
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

async function holdsAll(node: NodeProcess, records: readonly Written[]): Promise<void> {
  for (const { id, text } of records)
    await until(
      `${node.name} has the record of ${text}`,
      async () => {
        try {
          return (await node.call('record', { id })).fields['full_name'] === text;
        } catch (error) {
          if (!isKithError(error, 'unknown-record')) throw error;
          return false;
        }
      },
      HEALING_MS,
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
  readonly records: Written[];
  /** Those that do not run now. */
  readonly killed: Set<NodeProcess>;
}

async function oneRound(siege: Siege, what: string, trouble: (siege: Siege) => Promise<void>): Promise<void> {
  const { places, rng, room, people, sides, letters, alarms, records } = siege;
  const nodes = places.map(({ node }) => node);
  let over = false;
  const writing = writeWhile(siege, what, () => over);
  const talking = nodes.map(async (node) => room.write(node, what, () => over));
  const by = anyOf(rng, nodes);
  const text = `alarm ${what}`;
  alarms.push({ id: (await by.call('raiseAlarm', { text, escalateAfterMs: 0 })).id, text, by });
  await trouble(siege);
  over = true;
  const written = await writing;
  await Promise.all(talking);
  for (const letter of written.letters) await arrivedOnce(letter);
  letters.push(...written.letters);
  records.push(...written.records);
  await room.settle(nodes, HEALING_MS);
  for (const node of nodes) await showsEachOnce(node, alarms);
  for (const node of nodes) await holdsAll(node, written.records);
  await sides.agree(people, HEALING_MS);
  people.deleteDoomed(anyOf(rng, sides.roots));
}

function count({ letters, room, people, alarms, records }: Siege): string {
  const { acknowledged, confirmed } = room;
  return `${String(letters.length)} letters, ${String(acknowledged)} messages, ${String(confirmed)} of them told to be confirmed, ${String(alarms.length)} alarms, ${String(records.length)} records, ${String(people.count)} words in files`;
}

scene(
  'letters, messages of a room, alarms, records and files pass through partitions and kills, none lost and none twice',
  async (stage, t) => {
    t.diagnostic(`seed ${String(SEED)}, ${String(ROUNDS)} partitions, ${String(KILLS)} kills`);
    const places = await four(stage);
    const nodes = places.map(({ node }) => node);
    await assemble(nodes, HEALING_MS);
    const rng = new SeededRng(SEED);
    const people = new FolderPeople(rng);
    const sides = await shared(stage, places, people);
    const told = { letters: [], alarms: [], records: [], killed: new Set<NodeProcess>() };
    const siege: Siege = { places, rng, room: new RoomRecord(), people, sides, ...told };
    const troubles = [
      { name: 'partition', rounds: ROUNDS, trouble: part },
      { name: 'kill', rounds: KILLS, trouble: killOne },
    ];
    for (const { name, rounds, trouble } of troubles)
      for (let first = 0; first < rounds; first += AT_ONCE)
        await step(t, `after ${String(first)} times ${name}`, async () => {
          for (let round = first; round < Math.min(rounds, first + AT_ONCE); round += 1)
            await oneRound(siege, `${name} ${String(round)}`, trouble);
          t.diagnostic(count(siege));
        });
    await sides.agree(people, HEALING_MS);
    for (const node of nodes) await holdsAll(node, siege.records);
  },
  { skip: NO_CABLES, hangingMs: HEALING_MS + (ROUNDS + KILLS) * 60_000 },
);
