import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Command } from '../consensus/types.ts';
import { markInWords, markOf, Timeline, type Said } from './timeline.ts';

const SEED = 20261128;
const LIMITS = { waiting: 1000, perAuthor: 100 };

function said(author: string, number: number, sentMs: number, text = number): Said {
  const command: Command = { author, incarnation: 'one', number, body: new Uint8Array([text]) };
  return { command, sentMs };
}

function names(timeline: Timeline): string[] {
  return timeline.waiting.map(({ command }) => `${command.author}${String(command.number)}`);
}

/** Messages of three authors, each in its own order, and one way in which they arrive. */
const arrivals = fc
  .array(fc.record({ author: fc.constantFrom('a', 'b', 'c'), sentMs: fc.nat(50) }), { maxLength: 30 })
  .map((list) => {
    const counts = new Map<string, number>();
    return list.map(({ author, sentMs }) => {
      const number = (counts.get(author) ?? 0) + 1;
      counts.set(author, number);
      return said(author, number, sentMs);
    });
  });

/** All of it, in another order that keeps each author's. */
function shuffledByAuthor(list: readonly Said[], pick: () => number): readonly Said[] {
  const queues = ['a', 'b', 'c'].map((author) => list.filter(({ command }) => command.author === author));
  const result: Said[] = [];
  while (queues.some((queue) => queue.length > 0)) {
    const open = queues.filter((queue) => queue.length > 0);
    const next = open[pick() % open.length]?.shift();
    if (next !== undefined) result.push(next);
  }
  return result;
}

describe('a timeline', () => {
  it('shows alike what waits, in whatever order it was heard', () => {
    fc.assert(
      fc.property(arrivals, fc.infiniteStream(fc.nat()), (list, draws) => {
        const [one, two] = [new Timeline(LIMITS, []), new Timeline(LIMITS, [])];
        for (const message of list) assert.equal(one.heard(message), 'new');
        for (const message of shuffledByAuthor(list, () => Number(draws.next().value))) two.heard(message);
        assert.deepEqual(names(two), names(one));
        for (const author of ['a', 'b', 'c']) {
          const numbers = one.waiting
            .filter(({ command }) => command.author === author)
            .map(({ command }) => command.number);
          assert.deepEqual(
            numbers,
            [...numbers].sort((a, b) => a - b),
            'an author in order, whatever its clock did',
          );
        }
      }),
      { seed: SEED },
    );
  });

  it('shows each message once, above the line or below it', () => {
    fc.assert(
      fc.property(arrivals, fc.nat(30), (list, count) => {
        const timeline = new Timeline(LIMITS, []);
        for (const message of list) timeline.heard(message);
        const above = list.slice(0, count);
        for (const { command } of above) timeline.confirmed(command);
        for (const message of list) assert.notEqual(timeline.heard(message), 'new');
        assert.equal(timeline.size, list.length - above.length);
        assert.equal(names(timeline).length, timeline.size);
      }),
      { seed: SEED },
    );
  });

  it('fills who lacks something, by saying how far it is', () => {
    fc.assert(
      fc.property(arrivals, fc.nat(30), (list, count) => {
        const [full, partial] = [new Timeline(LIMITS, []), new Timeline(LIMITS, [])];
        for (const message of list) full.heard(message);
        for (const message of list.slice(0, count)) partial.heard(message);
        for (const message of full.above(partial.heights(), 1000))
          assert.equal(partial.heard(message), 'new');
        assert.deepEqual(names(partial), names(full));
        assert.deepEqual(full.above(partial.heights(), 1000), []);
      }),
      { seed: SEED },
    );
  });

  it('takes nothing that has a gap before it, and nothing twice with another text', () => {
    const timeline = new Timeline(LIMITS, [['a one', 4]]);
    assert.equal(timeline.heard(said('a', 4, 1)), 'confirmed');
    assert.equal(timeline.heard(said('a', 6, 1)), 'gap');
    assert.equal(timeline.heard(said('a', 5, 1)), 'new');
    assert.equal(timeline.heard(said('a', 5, 1)), 'known');
    assert.equal(timeline.heard(said('a', 5, 1, 99)), 'other-text');
  });

  it('lets no one author fill it, and turns nothing away that was written here', () => {
    const timeline = new Timeline({ waiting: 3, perAuthor: 2 }, []);
    assert.equal(timeline.heard(said('a', 1, 1)), 'new');
    assert.equal(timeline.heard(said('a', 2, 1)), 'new');
    assert.equal(timeline.heard(said('a', 3, 1)), 'too-many');
    assert.equal(timeline.heard(said('b', 1, 1)), 'new');
    assert.equal(timeline.heard(said('c', 1, 1)), 'too-many');
    assert.equal(timeline.heard(said('c', 1, 1), true), 'new');
  });

  it('knows by a snapshot what was confirmed meanwhile', () => {
    const timeline = new Timeline(LIMITS, []);
    for (const number of [1, 2, 3]) timeline.heard(said('a', number, number));
    timeline.confirmedUpTo([['a one', 2]]);
    assert.deepEqual(names(timeline), ['a3']);
  });

  it('counts who holds a message, and says so', () => {
    const timeline = new Timeline(LIMITS, []);
    timeline.heard(said('a', 1, 1), true);
    timeline.held('me', 'a', 'one', 1);
    const [alone] = timeline.waiting;
    assert.equal(
      markInWords(
        markOf({ confirmed: false, held: alone?.holders.size ?? 0, deliveredTo: 0, devices: 3 }, 3),
      ),
      'saved · waiting (1 of 2 needed)',
    );
    assert.equal(timeline.held('b', 'a', 'one', 1), true);
    assert.equal(timeline.held('b', 'a', 'one', 1), false);
    const [two] = timeline.waiting;
    assert.equal(
      markInWords(markOf({ confirmed: false, held: two?.holders.size ?? 0, deliveredTo: 0, devices: 5 }, 5)),
      'waiting (2 of 3 needed)',
    );
    assert.equal(
      markInWords(markOf({ confirmed: true, held: 3, deliveredTo: 0, devices: 3 }, 3)),
      'confirmed',
    );
    // Here alone: who reads it knows that.
    assert.equal(
      markInWords(markOf({ confirmed: true, held: 3, deliveredTo: 1, devices: 3 }, 3)),
      'confirmed',
    );
    assert.equal(
      markInWords(markOf({ confirmed: true, held: 3, deliveredTo: 2, devices: 3 }, 3)),
      'delivered 2 of 3',
    );
  });
});
