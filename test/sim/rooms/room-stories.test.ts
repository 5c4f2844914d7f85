/** The scenarios of rooms, one by one, each on the seeds named beside it; and what one replica alone must do. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { recover } from '../../../src/rooms/consensus/recover.ts';
import { demoted, everyone, welcomed, without } from '../../../src/rooms/consensus/roster.ts';
import { A, B, BASE, C, D, Direct, E, chain, roster, word } from './direct.ts';
import type { RoomNode } from './room-node.ts';
import { RoomWorld, type RoomWorldOptions } from './room-world.ts';

const THREE = ['A', 'B', 'C'];
const FIVE = ['A', 'B', 'C', 'D', 'E'];
/** Other seeds, other delays and draws: the story must come out the same. */
const SEEDS = Array.from({ length: 10 }, (_, at) => at + 1);

function story(name: string, tell: (options: { readonly seed: number }) => void): void {
  it(name, () => {
    for (const seed of SEEDS) {
      try {
        tell({ seed });
      } catch (cause) {
        throw new Error(`with seed ${String(seed)}`, { cause });
      }
    }
  });
}

function roomOf(devices: readonly string[], options: Omit<RoomWorldOptions, 'devices'>): RoomWorld {
  return new RoomWorld({ devices, ...options }).startAll();
}

/** The host is asked to hand over until this one has it. */
function makeHost(world: RoomWorld, device: string): RoomNode {
  const node = world.node(device);
  world.until(`${device} is host`, () => {
    if (node.isHost && node.core?.hosting?.hasConfirmedStart === true) return true;
    const { host } = world;
    if (host !== undefined && host !== node) host.step({ type: 'transfer', to: node.replica });
    return false;
  });
  return node;
}

function isConfirmed(world: RoomWorld, key: string): boolean {
  return world.checks.counted.has(key);
}

describe('a room', () => {
  story('1 · an entry of an old term is never confirmed by counting (Figure 8)', () => {
    const first = roster(1, [A, B, C, D, E]);
    const host = new Direct(A, [first, word(2, 'A', 1)]).elect(B, C);
    assert.equal(host.core.role, 'host');
    host.acknowledge(B, 2);
    host.acknowledge(C, 2);
    assert.equal(host.core.commit, 0, 'on a majority, and may yet be overwritten');
    host.acknowledge(B, 3);
    host.acknowledge(C, 3);
    assert.equal(host.core.commit, 3, 'with the first entry of its own term all before it');
  });

  story('2 · who was cut off for long comes back, and nobody has to be elected', ({ seed }) => {
    const world = roomOf(THREE, { seed });
    const host = world.untilHost();
    const other = world.nodes.find((node) => node !== host);
    assert.ok(other);
    world.split(
      [other.device],
      THREE.filter((device) => device !== other.device),
    );
    const [term, own] = [host.core?.term, other.core?.term];
    world.run(60_000);
    assert.equal(other.core?.term, own, 'asking beforehand raises no term');
    host.post();
    world.heal();
    world.untilCalm();
    assert.equal(world.host, host);
    assert.equal(host.core?.term, term);
  });

  story('3 · a member that is cut off from the host alone disturbs nobody', ({ seed }) => {
    const world = roomOf(THREE, { seed });
    const host = world.untilHost();
    const [cut] = world.nodes.filter((node) => node !== host);
    assert.ok(cut);
    world.cutBoth(host.device, cut.device);
    const term = host.core?.term;
    world.run(30_000);
    assert.equal(world.host, host);
    assert.deepEqual([host.core?.term, cut.core?.term], [term, term]);
  });

  story('3b · and is told all the same where others pass frames on', ({ seed }) => {
    const world = roomOf(THREE, { seed, relays: true });
    const host = world.untilHost();
    const [cut] = world.nodes.filter((node) => node !== host);
    assert.ok(cut);
    world.cutBoth(host.device, cut.device);
    cut.post();
    world.untilCalm();
    assert.equal(world.host, host);
  });

  story('4 · a host that nobody can answer steps down, and another takes over', ({ seed }) => {
    const world = roomOf(THREE, { seed });
    const host = world.untilHost();
    for (const node of world.nodes) if (node !== host) world.cut(node.device, host.device);
    world.until('it steps down', () => !host.isHost, 5 * (host.core?.electionMs ?? 0));
    world.until('another', () => world.host !== undefined && world.host !== host);
  });

  story('5 · a member that can send and not receive puts no host out', ({ seed }) => {
    const world = roomOf(THREE, { seed });
    const host = world.untilHost();
    const [deaf] = world.nodes.filter((node) => node !== host);
    assert.ok(deaf);
    for (const node of world.nodes) if (node !== deaf) world.cut(node.device, deaf.device);
    const term = host.core?.term;
    world.run(30_000);
    assert.deepEqual([world.host, host.core?.term], [host, term]);
  });

  story('6 · where all reach A only, A is host', ({ seed }) => {
    const world = roomOf(FIVE, { seed });
    for (const a of FIVE) for (const b of FIVE) if (a !== b && a !== 'A' && b !== 'A') world.cut(a, b);
    world.until(
      'A',
      () => world.host?.core?.hosting?.hasConfirmedStart === true && world.host.device === 'A',
      60_000,
    );
    for (const node of world.nodes) node.post();
    world.untilCalm();
  });

  story('7 · the only well-connected node is behind: its frames help, its log does not win', ({ seed }) => {
    const world = roomOf(FIVE, { seed, relays: true });
    world.untilHost();
    makeHost(world, 'B');
    world.split(['A'], ['B', 'C', 'D', 'E']);
    const key = world.node('C').post();
    world.until('it is confirmed', () => isConfirmed(world, key));
    world.heal();
    for (const a of FIVE) for (const b of FIVE) if (a !== b && a !== 'A' && b !== 'A') world.cut(a, b);
    world.node('B').kill();
    world.untilHost(60_000);
    assert.ok(world.node('C').post());
    world.node('B').start();
    world.untilCalm(60_000);
  });

  story('8 · a chain with the host at its end', ({ seed }) => {
    const world = roomOf(FIVE, { seed, relays: true });
    world.untilHost();
    makeHost(world, 'A');
    for (const [at, a] of FIVE.entries()) for (const b of FIVE.slice(at + 2)) world.cutBoth(a, b);
    for (const node of world.nodes) node.post();
    world.until('four of five have it', () => world.checks.counted.size >= 4, 60_000);
    makeHost(world, 'C');
    world.untilCalm(60_000);
  });

  story('9 · a host among few steps down; what was said there waits, and comes through', ({ seed }) => {
    const world = roomOf(FIVE, { seed });
    const host = world.untilHost();
    const [friend, ...rest] = world.nodes.filter((node) => node !== host);
    assert.ok(friend);
    const few = [host.device, friend.device];
    world.split(
      few,
      rest.map(({ device }) => device),
    );
    const waits = [host.post(), friend.post()];
    world.until('it steps down', () => !host.isHost);
    world.until('the many have one', () => world.host !== undefined && !few.includes(world.host.device));
    const key = rest[0]?.post() ?? '';
    world.until('the many go on', () => isConfirmed(world, key));
    assert.ok(
      waits.every((one) => !isConfirmed(world, one)),
      'the few can confirm nothing',
    );
    world.heal();
    world.untilCalm();
    assert.ok(waits.every((one) => isConfirmed(world, one)));
  });

  story('10 · two against two: nobody confirms anything, and nothing is lost', ({ seed }) => {
    const world = roomOf(['A', 'B', 'C', 'D'], { seed });
    world.untilHost();
    world.split(['A', 'B'], ['C', 'D']);
    world.run(2 * (world.node('A').core?.electionMs ?? 0));
    const before = world.checks.confirmedUpTo;
    const keys = world.nodes.map((node) => node.post());
    world.run(20_000);
    assert.equal(world.checks.confirmedUpTo, before);
    world.heal();
    world.untilCalm();
    assert.ok(keys.every((key) => isConfirmed(world, key)));
  });

  story('11 · the word that it was confirmed is lost, and it is said again to the next host', ({ seed }) => {
    const world = roomOf(THREE, { seed });
    const host = world.untilHost();
    const [author] = world.nodes.filter((node) => node !== host);
    assert.ok(author);
    world.cut(host.device, author.device);
    const key = author.post();
    world.until('it is confirmed', () => isConfirmed(world, key));
    host.powerCut();
    world.heal();
    world.until('the author knows', () => author.waiting.length === 0);
    host.start();
    world.untilCalm();
  });

  story('12 · said again while the old copy waits in the log: it counts once', ({ seed }) => {
    const world = roomOf(FIVE, { seed });
    world.untilHost();
    const old = makeHost(world, 'A');
    world.split(['A', 'B'], ['C', 'D', 'E']);
    const key = old.post();
    const end = old.core?.end.lastIndex ?? 0;
    world.until('B has it in its log', () => world.node('B').core?.end.lastIndex === end);
    old.kill();
    world.split(['A'], ['B', 'C', 'D', 'E']);
    world.until('another host', () => world.host !== undefined && world.host !== old);
    makeHost(world, 'B');
    world.heal();
    old.start();
    world.untilCalm();
    assert.ok(isConfirmed(world, key));
  });

  story('12b · one copy in the log counts, the next does not', () => {
    const { effects } = heard([word(1, 'A', 1), word(1, 'A', 1), word(1, 'A', 2)]);
    assert.deepEqual(effects, ['new', 'new', 'again', 'new']);
  });

  story('12c · and none before the one before it', () => {
    const { effects } = heard([word(1, 'A', 2), word(1, 'A', 1), word(1, 'A', 2)]);
    assert.deepEqual(effects, ['new', 'gap', 'new', 'new']);
  });

  story('13 · the host dies when it alone has it: it is not lost, and comes once', ({ seed }) => {
    const world = roomOf(THREE, { seed });
    const host = world.untilHost();
    for (const node of world.nodes) if (node !== host) world.cut(host.device, node.device);
    const key = host.post();
    world.run(20);
    host.kill();
    world.heal();
    world.untilHost();
    assert.ok(!isConfirmed(world, key));
    host.start();
    world.untilCalm();
    assert.ok(isConfirmed(world, key));
  });

  story('14 · power fails between voting and saying so: no second vote in that term', () => {
    const voter = new Direct(C, [roster(1, [A, B, C])]);
    const ask = { type: 'vote', term: 2, transfer: true, lastIndex: 1, lastTerm: 1 } as const;
    voter.step({ type: 'message', from: A, message: ask }, false);
    assert.equal(voter.sent.length, 0, 'nothing is said before it is on disk');
    const writes = voter.effects.flatMap((effect) => (effect.type === 'persist' ? effect.writes : []));
    const last = writes.at(-1);
    assert.deepEqual(last, { type: 'vote', term: 2, vote: A });
    const again = new Direct(C, [roster(1, [A, B, C])], { term: 2, vote: A });
    again.hear(B, ask);
    assert.deepEqual(again.last, { type: 'vote-answer', term: 2, granted: false });
    again.hear(A, ask);
    assert.deepEqual(again.last, { type: 'vote-answer', term: 2, granted: true });
  });

  story('15 · a torn tail is cut off, and nobody had been told of it', () => {
    const entries = chain([roster(1, [A, B, C]), word(1, 'A', 1), word(1, 'A', 2)]);
    const height = { index: 2, hash: entries[1]?.hash ?? '' };
    const heard = { term: 0, silent: [] };
    const stored = { term: 1, vote: undefined, base: BASE, height, commit: 0, heard, entries };
    const recovered = recover(stored);
    assert.ok(recovered.type === 'whole');
    assert.equal(recovered.stored.entries.length, 2);
  });

  story('16 · a bit flips in what was confirmed: it votes no more, and comes back as another', ({ seed }) => {
    const world = roomOf(THREE, { seed });
    const host = world.untilHost();
    const keys = [host.post(), host.post()];
    world.untilCalm();
    const [victim] = world.nodes.filter((node) => node !== host);
    assert.ok(victim);
    const old = victim.replica;
    victim.rot(2);
    assert.equal(recover(victim.disk.load()).type, 'corrupt');
    victim.start();
    world.until('it counts again, as another', () => {
      const voters = world.host?.core?.agreedRoster.voters ?? [];
      return voters.includes(victim.replica) && !voters.includes(old) && voters.length === 3;
    });
    world.untilCalm();
    assert.ok(keys.every((key) => isConfirmed(world, key)));
    assert.notEqual(victim.replica, old);
  });

  story('17 · a wiped disk, the same person', ({ seed }) => {
    const world = roomOf(THREE, { seed });
    const host = world.untilHost();
    const [victim] = world.nodes.filter((node) => node !== host);
    assert.ok(victim);
    victim.post();
    world.untilCalm();
    victim.wipe();
    victim.start();
    const key = victim.post();
    world.until('it counts', () => world.host?.core?.agreedRoster.voters.includes(victim.replica) === true);
    world.untilCalm();
    assert.ok(isConfirmed(world, key), 'its numbers begin anew, in an incarnation of their own');
  });

  story('18 · a restored backup: numbers come again, messages do not', ({ seed }) => {
    const world = roomOf(THREE, { seed });
    const host = world.untilHost();
    const [author] = world.nodes.filter((node) => node !== host);
    assert.ok(author);
    author.post();
    world.untilCalm();
    const backup = author.disk.copy();
    const lost = [author.post(), author.post()];
    world.untilCalm();
    author.kill();
    author.restore(backup);
    author.start();
    const fresh = [author.post(), author.post()];
    world.untilCalm();
    assert.ok([...lost, ...fresh].every((key) => isConfirmed(world, key)));
    assert.ok(fresh.every((key) => !lost.includes(key)));
  });

  story('19 · two changes across terms: only one of them can come to be', ({ seed }) => {
    const world = roomOf([...FIVE, 'F', 'G'], { seed, voters: FIVE });
    world.untilHost();
    const old = makeHost(world, 'A');
    const [f, g] = [world.node('F'), world.node('G')];
    world.split(['A', 'F'], ['B', 'C', 'D', 'E', 'G']);
    old.change((list) => welcomed(list, f.replica));
    old.change((list) => demoted(list, g.replica));
    assert.equal(old.lastRefusal, 'change-pending');
    world.until(
      'another host',
      () =>
        world.host !== undefined &&
        world.host !== old &&
        world.host.core?.hosting?.hasConfirmedStart === true,
    );
    world.host?.change((list) => welcomed(list, g.replica));
    world.until('G counts', () => world.host?.core?.agreedRoster.voters.includes(g.replica) === true);
    world.heal();
    world.untilCalm();
    const agreed = world.host?.core?.agreedRoster;
    assert.ok(agreed !== undefined && !everyone(agreed).includes(f.replica));
  });

  story('19b · no change before something of the term is agreed on, and none of two voters', () => {
    const host = new Direct(A, [roster(1, [A, B, C])]).elect(B);
    const refused = (): unknown => host.effects.findLast((effect) => effect.type === 'refused');
    host.step({ type: 'change', roster: { voters: [A, B], joining: [], learners: [] } });
    assert.deepEqual(refused(), { type: 'refused', what: 'change', code: 'not-ready' });
    host.acknowledge(B, 2);
    assert.equal(host.core.commit, 2);
    host.step({ type: 'change', roster: { voters: [A], joining: [], learners: [] } });
    assert.deepEqual(refused(), { type: 'refused', what: 'change', code: 'bad-change' });
    host.step({ type: 'change', roster: { voters: [A, B, C, D], joining: [], learners: [] } });
    assert.deepEqual(refused(), { type: 'refused', what: 'change', code: 'not-caught-up' });
  });

  story('20 · a host takes itself out, names who comes, and leaves', ({ seed }) => {
    const world = roomOf(THREE, { seed });
    const host = world.run(3000).untilHost();
    host.change((list) => without(list, host.replica));
    const tookMs = world.until('another', () => world.host !== undefined && world.host !== host);
    assert.ok(!host.isHost);
    assert.ok(tookMs < (host.core?.electionMs ?? 0), 'nobody had to wait for a timeout');
    world.untilCalm();
    assert.equal(world.host?.core?.agreedRoster.voters.length, 2);
    const term = world.host.core.term;
    world.run(30_000);
    assert.equal(world.host.core.term, term, 'and it disturbs nobody');
  });

  story('21 · the host dies right after a learner was made to count', ({ seed }) => {
    const world = roomOf(['A', 'B', 'C', 'D'], { seed, voters: THREE });
    const host = world.untilHost();
    const learner = world.node('D');
    host.change((list) => welcomed(list, learner.replica));
    world.until('it is made to count', () => host.core?.roster.voters.includes(learner.replica) === true);
    host.powerCut();
    world.untilHost();
    const key = learner.post();
    host.start();
    world.until(
      'it is in for good',
      () => world.host?.core?.agreedRoster.voters.includes(learner.replica) === true,
    );
    world.untilCalm();
    assert.ok(isConfirmed(world, key));
  });

  story('22 · the first candidate is behind: the next one is elected without long waiting', ({ seed }) => {
    const world = roomOf(FIVE, { seed });
    world.untilHost();
    const host = makeHost(world, 'A');
    host.step({ type: 'order', best: ['B', 'C', 'D', 'E', 'A'].map((one) => world.node(one).replica) });
    world.run(2000);
    assert.equal(world.node('E').core?.order.length, 5, 'all know the order');
    world.split(['B'], ['A', 'C', 'D', 'E']);
    const key = world.node('C').post();
    world.until('B lacks something', () => isConfirmed(world, key));
    host.kill();
    world.heal();
    const next = world.untilHost();
    assert.notEqual(next.device, 'B');
    world.untilCalmWithout(host);
  });

  story('23 · who should take over dies: the host goes on', ({ seed }) => {
    const world = roomOf(THREE, { seed });
    const host = world.untilHost();
    const [target] = world.nodes.filter((node) => node !== host);
    assert.ok(target);
    world.cut(host.device, target.device);
    host.post();
    world.run(10);
    host.step({ type: 'transfer', to: target.replica });
    target.kill();
    const key = host.post();
    world.until('it is confirmed', () => isConfirmed(world, key), 10_000);
    assert.equal(world.host, host);
    world.heal();
    target.start();
    world.untilCalm();
  });

  story('23b · who lacks something is not told to take over', () => {
    const host = new Direct(A, [roster(1, [A, B, C])]).elect(B);
    host.step({ type: 'transfer', to: B });
    assert.ok(host.sent.every(({ message }) => message.type !== 'campaign'));
    host.acknowledge(B, 2);
    assert.equal(host.sent.filter(({ message }) => message.type === 'campaign').length, 1);
  });

  story('23c · a transfer passes the lease', ({ seed }) => {
    const world = roomOf(FIVE, { seed });
    const host = world.untilHost();
    const [target] = world.nodes.filter((node) => node !== host);
    assert.ok(target);
    world.untilCalm();
    host.step({ type: 'transfer', to: target.replica });
    const tookMs = world.until('it is host', () => target.isHost, 1000);
    assert.ok(tookMs < (host.core?.electionMs ?? 0));
  });

  story('24 · all are off, and come back in any order', ({ seed }) => {
    const world = roomOf(FIVE, { seed, keepEntries: 4 });
    world.untilHost();
    const keys = world.nodes.flatMap((node) => [node.post(), node.post(), node.post()]);
    world.untilCalm();
    for (const node of world.nodes)
      if (world.rng.chance(50)) node.powerCut();
      else node.kill();
    for (const node of world.rng.shuffled(world.nodes)) {
      world.run(world.rng.below(5000));
      node.start();
    }
    keys.push(world.node('A').post());
    world.untilCalm();
    assert.ok(keys.every((key) => isConfirmed(world, key)));
  });

  story('25 · a disk that does not answer, a laptop that sleeps and wakes', ({ seed }) => {
    const world = roomOf(THREE, { seed });
    const host = world.untilHost();
    host.isStalled = true;
    host.post();
    world.until('the host gives up', () => !host.isHost, 20_000);
    const next = world.untilHost();
    assert.notEqual(next, host);
    host.isStalled = false;
    world.untilCalm();
    next.sleep();
    world.until('another takes over', () => world.host !== undefined && world.host !== next);
    next.wake();
    assert.ok(!next.isHost, 'it steps down before it says anything');
    world.untilCalm();
  });

  story('25b · after a flush that failed nothing more is said, until it is started anew', () => {
    const one = new Direct(B, [roster(1, [A, B, C])]);
    one.step(
      {
        type: 'message',
        from: A,
        message: { type: 'vote', term: 2, transfer: true, lastIndex: 1, lastTerm: 1 },
      },
      false,
    );
    const effects = one.step({ type: 'flush-failed' });
    assert.ok(effects.some((effect) => effect.type === 'stopped' && effect.fault === 'flush-failed'));
    assert.deepEqual(one.core.step(9, { type: 'flushed', ticket: 1 }), []);
    assert.deepEqual(one.core.step(99_999, { type: 'tick' }), []);
  });

  story('25c · who slept says nothing as host any more', () => {
    const host = new Direct(A, [roster(1, [A, B, C])]).elect(B);
    host.acknowledge(B, 2);
    host.nowMs += 60_000;
    const effects = host.step({
      type: 'propose',
      commands: [{ author: 'A', incarnation: 'x', number: 1, body: new Uint8Array(1) }],
    });
    assert.ok(effects.some((effect) => effect.type === 'refused' && effect.code === 'not-host'));
  });

  story('26 · history stays the same over a change of host and a snapshot', ({ seed }) => {
    const world = roomOf(THREE, { seed, keepEntries: 5 });
    world.untilHost();
    const [behind] = world.nodes.filter((node) => !node.isHost);
    assert.ok(behind);
    const rest = THREE.filter((device) => device !== behind.device);
    world.split([behind.device], rest);
    for (let said = 0; said < 30; said += 1) {
      world.node(rest[said % 2] ?? '').post();
      world.run(50);
    }
    world.until('said', () => rest.every((device) => world.node(device).waiting.length === 0));
    makeHost(world, rest.find((device) => !world.node(device).isHost) ?? '');
    world.heal();
    world.untilCalm();
    assert.ok((behind.core?.base.index ?? 0) > 5, 'it came as a snapshot');
    for (let index = 1; index <= (world.host?.core?.commit ?? 0); index += 1) {
      const hashes = new Set(
        world.nodes.map(({ core }) => core?.hashAt(index)).filter((hash) => hash !== undefined),
      );
      assert.ok(hashes.size <= 1);
    }
  });

  story('26b · a snapshot of what is known undoes nothing', () => {
    const entries = [roster(1, [A, B, C]), word(1, 'A', 1), word(1, 'A', 2)];
    const one = new Direct(B, entries, { commit: 3 });
    const snapshot = { ...BASE, index: 1, term: 1, hash: chain(entries)[0]?.hash ?? '', sessions: [] };
    one.hear(A, { type: 'install', term: 1, snapshot, stamp: 0 });
    assert.deepEqual([one.core.commit, one.core.end.lastIndex], [3, 3]);
    const odd = { ...snapshot, hash: BASE.hash };
    one.hear(A, { type: 'install', term: 1, snapshot: odd, stamp: 0 });
    assert.deepEqual([one.core.commit, one.core.end.lastIndex], [3, 3]);
  });

  story('27 · delays that rise and fall around what is waited for elect nobody', ({ seed }) => {
    const world = roomOf(FIVE, { seed });
    world.untilHost();
    world.run(10_000);
    const before = world.host;
    const term = before?.core?.term ?? 0;
    for (let round = 0; round < 30; round += 1) {
      world.delayMs = round % 2 === 0 ? { least: 1, most: 60 } : { least: 1, most: 5 };
      world.run(1000);
    }
    assert.ok((world.host?.core?.term ?? 0) - term <= 2, 'hardly ever');
    world.untilCalm();
  });
});

describe('a replica', () => {
  it('holds no more for confirmed than it knows to be the same', () => {
    const one = new Direct(B, [roster(1, [A, B, C]), word(2, 'B', 1)]);
    one.append(A, 3, 1, [], 2);
    assert.equal(one.core.commit, 1);
    assert.ok(one.last?.type === 'appended' && one.last.match === 1);
  });

  it('cuts nothing off because of a message that came late', () => {
    const one = new Direct(B, [roster(1, [A, B, C])]);
    one.append(A, 2, 1, [word(2, 'A', 1), word(2, 'A', 2)]);
    one.append(A, 2, 1, [word(2, 'A', 1)]);
    assert.equal(one.core.end.lastIndex, 3);
  });

  it('stops when a host tells another history in the same place and term', () => {
    const one = new Direct(B, [roster(1, [A, B, C])]);
    one.hear(A, {
      type: 'append',
      term: 1,
      prevIndex: 1,
      prevTerm: 1,
      prevHash: BASE.hash,
      entries: [],
      commit: 0,
      electionMs: 300,
      stamp: 0,
      order: undefined,
    });
    assert.ok(one.core.isStopped);
  });

  it('stands for election though it comes last in the order', () => {
    const one = new Direct(C, [roster(1, [A, B, C])]);
    one.hear(A, {
      type: 'append',
      term: 1,
      prevIndex: 1,
      prevTerm: 1,
      prevHash: one.core.hashAt(1) ?? '',
      entries: [],
      commit: 1,
      electionMs: 300,
      stamp: 0,
      order: { term: 1, version: 1, best: [A, B, C], slotMs: 50, silent: [] },
    });
    one.wait(300);
    assert.equal(one.core.role, 'follower', 'later than those before it');
    one.wait(200);
    assert.equal(one.core.role, 'pre-candidate');
  });

  it('that lives anew takes the place of its old life in two steps', () => {
    const again = 'B/life2' as typeof B;
    const first = roster(1, [A, B, C]);
    const host = new Direct(A, [first]).elect(C);
    host.acknowledge(C, 2);
    host.step({ type: 'change', roster: { voters: [A, B, C], joining: [again], learners: [] } });
    host.acknowledge(C, 3);
    host.acknowledge(again, 3);
    const keep = (): void => {
      host.acknowledge(C, host.core.end.lastIndex);
      host.acknowledge(again, host.core.end.lastIndex);
      host.wait(60);
    };
    for (let round = 0; round < 3 && host.core.roster.voters.includes(B); round += 1) keep();
    assert.deepEqual(host.core.roster, { voters: [A, C], joining: [again], learners: [] });
    for (let round = 0; round < 3 && !host.core.roster.voters.includes(again); round += 1) keep();
    assert.deepEqual(host.core.roster, { voters: [A, C, again], joining: [], learners: [] });
  });
});

/** What counts of these when a host says that all is confirmed. */
function heard(entries: Parameters<Direct['append']>[3]): { readonly effects: readonly string[] } {
  const one = new Direct(B, [roster(1, [A, B, C])]);
  one.append(A, 1, 1, entries, entries.length + 1);
  return {
    effects: one.effects.flatMap((effect) =>
      effect.type === 'apply' ? effect.applied.map(({ verdict }) => verdict) : [],
    ),
  };
}
