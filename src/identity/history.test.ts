import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DAY_MS, linkTo, START_MS, Story } from '../../test/support/acts.ts';
import { compareHlc } from '../base/hlc.ts';
import { areConcurrent, inOrder, isBefore, isSeen, placeActs, type PlacedAct } from './history.ts';
import type { Act } from './types.ts';

function placedOf(acts: readonly Act[], act: Act): PlacedAct {
  const placed = placeActs(acts).find((candidate) => candidate.act.id === act.id);
  assert.ok(placed !== undefined, 'the act is placed');
  return placed;
}

function lineOf(acts: readonly Act[]): string[] {
  return placeActs(acts).map(({ act }) => act.id);
}

test('an act comes after what its author had seen, in its feed and in others, and what those had seen', () => {
  const story = new Story();
  const alice = story.found('Alice');
  const bo = story.newcomer('Bo');
  const cy = story.newcomer('Cy');
  story.apart();
  const a1 = alice.rename(alice, 'A');
  const b1 = bo.rename(bo, 'B', { after: [a1] });
  const b2 = bo.rename(bo, 'B', { after: [] });
  const c1 = cy.rename(cy, 'C', { after: [b2] });
  const [pa, pb1, pb2, pc] = [a1, b1, b2, c1].map((act) => placedOf(story.acts, act));
  assert.ok(pa !== undefined && pb1 !== undefined && pb2 !== undefined && pc !== undefined);
  for (const [before, after] of [
    [pa, pb1],
    [pb1, pb2],
    [pb2, pc],
    [pa, pc],
  ] as const) {
    assert.ok(isBefore(before, after) && !isBefore(after, before) && !areConcurrent(before, after));
    assert.ok(compareHlc(before.at, after.at) < 0);
    assert.ok(inOrder(before, after) < 0 && inOrder(after, before) > 0);
  }
  assert.equal(inOrder(pa, pa), 0);
  assert.ok(!isBefore(pa, pa) && !areConcurrent(pa, pa) && isSeen(a1, pa.vector));
});

test('who has not heard of each other is concurrent, whatever the clocks say', () => {
  const story = new Story();
  const alice = story.found('Alice');
  const bo = story.newcomer('Bo');
  story.apart();
  const a1 = alice.rename(alice, 'A');
  const b1 = bo.rename(bo, 'B', { atMs: START_MS - 1000 * DAY_MS });
  assert.ok(areConcurrent(placedOf(story.acts, a1), placedOf(story.acts, b1)));
});

test('the line is the same in whatever order the acts come, and however often', () => {
  const story = new Story();
  const alice = story.found('Alice');
  const others = ['Bo', 'Cy', 'Di'].map((name) => story.join(alice, name, 'admin'));
  story.apart();
  for (const who of [alice, ...others, ...others]) who.rename(who, 'x');
  story.together();
  alice.rename(alice, 'y');
  const line = lineOf(story.acts);
  assert.equal(line.length, story.acts.length);
  assert.deepEqual(lineOf(story.acts.toReversed()), line);
  assert.deepEqual(lineOf([...story.acts.toSorted((a, b) => (a.id < b.id ? -1 : 1)), ...story.acts]), line);
});

test('time is bounded by what the author had seen: a clock that runs ahead wins a day, and then loses', () => {
  const story = new Story();
  const alice = story.found('Alice');
  const bo = story.newcomer('Bo');
  story.later(1000);
  const ahead = bo.rename(bo, 'B', { atMs: START_MS + 10_000 * DAY_MS });
  const next = alice.rename(alice, 'A');
  const [first, second] = [placedOf(story.acts, ahead), placedOf(story.acts, next)];
  assert.equal(first.at.ms, START_MS + DAY_MS);
  assert.ok(compareHlc(first.at, second.at) < 0);
});

test('a clock that is behind does not put an act before what it builds on', () => {
  const story = new Story();
  const alice = story.found('Alice');
  const act = alice.rename(alice, 'A', { atMs: 5 });
  const [genesis] = story.acts;
  assert.ok(genesis !== undefined);
  assert.ok(compareHlc(placedOf(story.acts, genesis).at, placedOf(story.acts, act).at) < 0);
});

test('where bounded time says nothing, the claimed time does: after a quiet month too the later act counts later', () => {
  const story = new Story();
  const alice = story.found('Alice');
  const bo = story.newcomer('Bo');
  story.apart();
  story.later(30 * DAY_MS);
  const acts = Array.from({ length: 8 }, (_, day) => {
    const who = day % 2 === 0 ? alice : bo;
    who.startIncarnation(`on day ${day}`);
    return who.rename(who, 'x', { atMs: START_MS + (40 - day) * DAY_MS, after: story.acts.slice(0, 1) });
  });
  assert.deepEqual(
    lineOf(story.acts).slice(1),
    acts.toReversed().map(({ id }) => id),
  );
});

test('a link that leads nowhere, or to another place, says nothing', () => {
  const story = new Story();
  const alice = story.found('Alice');
  const bo = story.newcomer('Bo');
  const [genesis] = story.acts;
  assert.ok(genesis !== undefined);
  const elsewhere = { ...linkTo(genesis), seq: 7 };
  const nowhere = { ...linkTo(genesis), hash: bo.device as never };
  const act = { ...bo.rename(bo, 'B', { after: [] }), after: [elsewhere, nowhere] };
  assert.ok(areConcurrent(placedOf([genesis, act], genesis), placedOf([genesis, act], act)));
  assert.ok(alice.feed === genesis.feed);
});

test('of a feed that was written twice, only what both histories share is placed, whichever comes', () => {
  const story = new Story();
  const alice = story.found('Alice');
  const bo = story.join(alice, 'Bo', 'admin');
  const shared = bo.rename(bo, 'one');
  const one = bo.rename(bo, 'two');
  bo.rename(bo, 'three');
  bo.goBackTo(shared);
  bo.rename(bo, 'zwei', { after: [one] });
  bo.rename(bo, 'drei');
  const built = alice.rename(alice, 'on what is gone', { after: [one] });
  const kept = story.acts.filter((act) => act.feed !== bo.feed || act.seq <= shared.seq);
  assert.equal(kept.length, story.acts.length - 4);
  assert.deepEqual(lineOf(story.acts), lineOf(kept));
  assert.deepEqual(lineOf(story.acts.toReversed()), lineOf(kept));
  assert.ok(!isBefore(placedOf(story.acts, shared), placedOf(story.acts, built)));
});

test('what an act builds on directly is named once, without what that covers', () => {
  const story = new Story();
  const alice = story.found('Alice');
  const bo = story.newcomer('Bo');
  story.join(alice, 'Cy');
  const act = bo.rename(bo, 'B', { after: story.acts });
  assert.deepEqual(
    placedOf(story.acts, act).past.map((placed) => placed.act.id),
    [story.acts.at(-2)?.id],
  );
});
