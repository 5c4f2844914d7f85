/** A voter that is away for long: it follows from then on, by a change that a majority agreed on, and counts again when it is back. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { A, B, C, Direct, roster } from './direct.ts';
import type { Message, ReplicaId, Silence } from '../../../src/rooms/consensus/types.ts';
import type { RoomNode } from './room-node.ts';
import { RoomWorld } from './room-world.ts';

const AWAY_MS = 10_000;
/** So long that the thousandth part of it is more than the time between two heartbeats. */
const WEEK_MS = 400_000;
const YEAR_MS = 365 * 24 * 60 * 60 * 1000;

/** A host of three who hears these all the time. */
function hears(host: Direct, peers: readonly ReplicaId[], forMs: number): void {
  for (let passedMs = 0; passedMs < forMs; passedMs += 100) {
    host.wait(100);
    for (const peer of peers) host.acknowledge(peer, host.core.end.lastIndex);
  }
}

function host(awayMs = AWAY_MS): Direct {
  const made = new Direct(A, [roster(1, [A, B, C])], {}, { awayMs }).elect(B);
  hears(made, [B, C], 1000);
  return made;
}

describe('a voter that is away', () => {
  it('follows after a while, by agreement, and counts again once it has caught up', () => {
    const room = host();
    hears(room, [B], AWAY_MS - 1000);
    assert.deepEqual(room.core.roster.voters, [A, B, C], 'not too soon');
    room.wait(2000);
    // Nobody answers meanwhile: it is no change before a majority has it.
    assert.deepEqual(room.core.agreedRoster.voters, [A, B, C]);
    room.elect(B);
    hears(room, [B], AWAY_MS + 1000);
    assert.deepEqual(room.core.agreedRoster, { voters: [A, B], joining: [], learners: [C] });
    hears(room, [B, C], 1000);
    assert.deepEqual(room.core.agreedRoster, { voters: [A, B, C], joining: [], learners: [] });
  });

  it('goes on counting where those who are left are no majority', () => {
    const room = host();
    room.wait(3 * AWAY_MS);
    assert.equal(room.core.role === 'host', false);
    assert.deepEqual(room.core.roster.voters, [A, B, C]);
  });
});

/** What a replica was told by the host of that term before it stopped. */
function restarted(term: number, silent: Silence): Direct {
  const before = [roster(1, [A, B, C]), { kind: 'start', term: 2 }] as const;
  return new Direct(A, before, { heard: { term, silent } }, { awayMs: WEEK_MS }).elect(B);
}

function saidSilent(room: Direct): Silence | undefined {
  const orders = room.sent.flatMap(({ message }) => orderIn(message));
  return orders.at(-1)?.silent;
}

function orderIn(message: Message): readonly { readonly silent: Silence }[] {
  return message.type === 'append' && message.order !== undefined ? [message.order] : [];
}

describe('the word of how long somebody is away', () => {
  it('outlives the host that counted, and who counts on ends where one host alone would have', () => {
    const room = host(WEEK_MS);
    hears(room, [B], WEEK_MS / 2);
    const silent = saidSilent(room) ?? [];
    assert.deepEqual(
      silent.map(([voter]) => voter),
      [C],
    );
    const next = restarted(2, silent);
    hears(next, [B], WEEK_MS / 2 - 1000);
    assert.deepEqual(next.core.roster.voters, [A, B, C]);
    hears(next, [B], 2000);
    assert.deepEqual(next.core.agreedRoster, { voters: [A, B], joining: [], learners: [C] });
  });

  it('says at once when somebody is back', () => {
    const room = restarted(2, [[C, WEEK_MS - 1000]]);
    hears(room, [B], 500);
    assert.equal(saidSilent(room)?.length, 1);
    hears(room, [B, C], 200);
    assert.deepEqual(saidSilent(room), []);
    hears(room, [B], WEEK_MS - 1000);
    assert.deepEqual(room.core.roster.voters, [A, B, C]);
  });

  it('counts for nothing where there was another host since', () => {
    const room = restarted(1, [[C, WEEK_MS - 1000]]);
    hears(room, [B], WEEK_MS - 1000);
    assert.deepEqual(room.core.roster.voters, [A, B, C]);
  });

  it('puts nobody out who answers the new host', () => {
    const room = restarted(2, [[C, 2 * WEEK_MS]]);
    hears(room, [B], WEEK_MS / 2000);
    assert.deepEqual(room.core.roster.voters, [A, B, C], 'it has so long to answer');
    hears(room, [B, C], WEEK_MS / 100);
    assert.deepEqual(room.core.roster.voters, [A, B, C]);
  });

  it('grows no longer than it takes, whatever was said', () => {
    const silent = [B, C].map((voter): [ReplicaId, number] => [voter, 2 ** 48 - 1]);
    const room = restarted(2, silent);
    hears(room, [B], 300);
    assert.equal(room.sent.flatMap(({ message }) => orderIn(message)).length > 1, true);
    for (const [voter, ms] of saidSilent(room) ?? []) {
      assert.equal(voter, C);
      assert.ok(ms <= WEEK_MS + room.nowMs, 'it can be said to others');
    }
  });

  it('knows of no time that a clock jumped over', () => {
    const room = host(WEEK_MS);
    hears(room, [B], WEEK_MS / 2);
    room.nowMs += YEAR_MS;
    // Somebody is heard before it looks at who is not.
    room.acknowledge(B, room.core.end.lastIndex);
    assert.notEqual(room.core.role, 'host', 'whoever stood still is host no more');
    room.elect(B);
    hears(room, [B], WEEK_MS / 2 - 1000);
    assert.deepEqual(room.core.roster.voters, [A, B, C]);
    hears(room, [B], 2000);
    assert.deepEqual(room.core.agreedRoster.learners, [C]);
  });
});

const FIVE = ['A', 'B', 'C', 'D', 'E'];
/** Other seeds, other delays, draws and hosts. */
const SEEDS = Array.from({ length: 5 }, (_, at) => at + 1);
const REIGN_MS = 10_000;
/** What all of them have to be away for. */
const REIGNS = 12;

/** One after the other is host for a while, is killed or loses power, and comes back when there is another. */
function passReigns(world: RoomWorld, reigns: number): void {
  for (let reign = 0; reign < reigns; reign += 1) {
    world.run(REIGN_MS);
    const gone = world.untilHost();
    if (reign % 2 === 0) gone.kill();
    else gone.powerCut();
    world.untilHost();
    gone.start();
  }
}

function isVoter(world: RoomWorld, node: RoomNode): boolean {
  return world.untilHost().core?.agreedRoster.voters.includes(node.replica) === true;
}

function story(name: string, tell: (world: RoomWorld, away: RoomNode) => void): void {
  it(name, () => {
    for (const seed of SEEDS) {
      const world = new RoomWorld({ seed, devices: FIVE, awayMs: REIGNS * REIGN_MS }).startAll();
      try {
        world.untilHost();
        tell(world, world.node('E'));
      } catch (cause) {
        throw new Error(`with seed ${String(seed)}`, { cause });
      }
    }
  });
}

describe('a room whose hosts come and go', () => {
  story('makes a learner of whoever is away all the time, and a voter when it is back', (world, away) => {
    const term = world.host?.core?.term ?? 0;
    away.kill();
    passReigns(world, REIGNS - 2);
    assert.ok(isVoter(world, away), 'not too soon');
    passReigns(world, 4);
    assert.ok(!isVoter(world, away));
    assert.ok((world.host?.core?.term ?? 0) > term + REIGNS, 'nobody was host for long');
    away.start();
    world.until('it counts again', () => isVoter(world, away));
    world.untilCalm();
  });

  story('goes on counting whoever is back now and then', (world, away) => {
    for (let times = 0; times < 3; times += 1) {
      away.kill();
      passReigns(world, REIGNS - 4);
      assert.ok(isVoter(world, away));
      away.start();
      world.untilCalm();
      world.run(1000);
    }
  });

  story('counts no time in which nothing could be agreed on', (world, away) => {
    const [first, second] = world.nodes;
    assert.ok(first !== undefined && second !== undefined);
    away.kill();
    passReigns(world, REIGNS / 2);
    for (const node of [first, second]) node.kill();
    world.run(2 * REIGNS * REIGN_MS);
    for (const node of [first, second]) node.start();
    world.untilHost();
    passReigns(world, REIGNS / 4);
    assert.ok(isVoter(world, away));
  });
});
