import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { KithError } from '../base/errors.ts';
import { ManualTimers } from '../../test/sim/manual-timers.ts';
import { Sayings, type Speaker } from './sayings.ts';
import type { RoomId, ShownMessage } from './types.ts';

const ROOM = 'r'.repeat(32) as RoomId;

/** A room that takes so many, and confirms when the test says so. */
class FakeRoom implements Speaker {
  hasHost = true;
  room = Infinity;
  readonly flushes: (readonly string[])[] = [];
  readonly own = {
    postSoon: (texts: readonly string[], done: (said: readonly ShownMessage[]) => void): void => {
      if (texts.length > this.room) throw new KithError('outbox-full', 'Too much of yours waits.');
      this.room -= texts.length;
      this.flushes.push(texts);
      done(texts.map((text) => ({ id: text, text }) as ShownMessage));
    },
  } as Speaker['own'];
  readonly #awaited: (() => void)[] = [];

  whenConfirmed(_: string, run: () => void): () => void {
    this.#awaited.push(run);
    return () => undefined;
  }

  confirm(): void {
    for (const run of this.#awaited.splice(0)) run();
  }
}

describe('what is said in the same moment', () => {
  let timers: ManualTimers;
  let room: FakeRoom;
  let sayings: Sayings;
  let ends: string[];

  beforeEach(() => {
    timers = new ManualTimers();
    room = new FakeRoom();
    sayings = new Sayings(timers, () => room);
    ends = [];
  });

  function say(...texts: readonly string[]): void {
    for (const text of texts)
      sayings.add(ROOM, {
        text,
        resolve: () => ends.push(text),
        reject: () => ends.push(`not ${text}`),
      });
  }

  it('goes in one flush, and at once', () => {
    say('a', 'b');
    timers.advance(0);
    assert.deepEqual(room.flushes, [['a', 'b']]);
    assert.deepEqual(ends, ['a', 'b']);
  });

  it('gathers while what went before is on its way, and goes when that is confirmed', () => {
    say('a');
    timers.advance(0);
    say('b');
    timers.advance(10);
    say('c');
    assert.deepEqual(room.flushes, [['a']]);
    room.confirm();
    assert.deepEqual(room.flushes, [['a'], ['b', 'c']]);
  });

  it('does not wait long for a majority that does not answer', () => {
    say('a');
    timers.advance(0);
    say('b');
    timers.advance(25);
    assert.deepEqual(room.flushes, [['a'], ['b']]);
    room.confirm();
    say('c');
    timers.advance(25);
    assert.deepEqual(ends, ['a', 'b', 'c']);
  });

  it('waits for nobody where there is no host', () => {
    room.hasHost = false;
    say('a');
    timers.advance(0);
    say('b');
    timers.advance(0);
    assert.deepEqual(room.flushes, [['a'], ['b']]);
  });

  it('is said in part where not all of it fits', () => {
    room.room = 2;
    say('a', 'b', 'c');
    timers.advance(0);
    assert.deepEqual(ends, ['a', 'b', 'not c']);
  });

  it('is refused, all of it, where the room is gone', () => {
    sayings = new Sayings(timers, () => {
      throw new KithError('unknown-room', 'It is gone.');
    });
    say('a', 'b');
    timers.advance(0);
    assert.deepEqual(ends, ['not a', 'not b']);
  });

  it('goes in several flushes when it is very much', () => {
    room.hasHost = false;
    say(...Array.from({ length: 300 }, (_, at) => String(at)));
    timers.advance(2);
    assert.deepEqual(
      room.flushes.map((texts) => texts.length),
      [128, 128, 44],
    );
  });
});
