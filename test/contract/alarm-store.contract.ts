/** What alarms rely on in a store, whichever it is. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { idFromBytes, type DeviceKey, type EntryHash, type FeedId } from '../../src/base/ids.ts';
import type { AckStore, AlertIndex } from '../../src/alarms/ports.ts';
import type { Ack, AlertPlace } from '../../src/alarms/types.ts';

export interface AlarmStores {
  readonly index: AlertIndex;
  readonly acks: AckStore;
  transact<Result>(work: () => Result): Result;
}

function bytes(fill: number): Uint8Array {
  return new Uint8Array(32).fill(fill);
}

function place(id: number, alarm: number, ms: number, n = 0): AlertPlace {
  return {
    id: idFromBytes<EntryHash>(bytes(id)),
    alarm: idFromBytes<EntryHash>(bytes(alarm)),
    feed: idFromBytes<FeedId>(bytes(200 + id)),
    seq: id,
    hlc: { ms, n },
  };
}

function ack(alert: number, device: number, state: Ack['state'], atMs = 5): Ack {
  return {
    alert: idFromBytes<EntryHash>(bytes(alert)),
    device: idFromBytes<DeviceKey>(bytes(device)),
    state,
    atMs,
    signature: new Uint8Array(64).fill(device),
  };
}

export function alarmStoreContract(name: string, open: () => AlarmStores): void {
  describe(`${name}: the index of alerts`, () => {
    it('gives an alarm’s messages and the newest of all, in the order of time', () => {
      const { index, transact } = open();
      const places = [place(3, 1, 300), place(1, 1, 100), place(4, 4, 100, 1), place(2, 1, 300)];
      transact(() => {
        for (const each of [...places, ...places]) index.add(each);
      });
      const ids = (found: readonly AlertPlace[]): number[] => found.map(({ seq }) => seq);
      assert.deepEqual(ids(index.ofAlarm(place(1, 1, 0).id)), [1, 2, 3]);
      assert.deepEqual(ids(index.since(0, 10)), [1, 4, 2, 3]);
      assert.deepEqual(ids(index.since(0, 3)), [4, 2, 3]);
      assert.deepEqual(ids(index.since(300, 10)), [2, 3]);
      assert.deepEqual(index.ofAlarm(place(4, 4, 0).id), [place(4, 4, 100, 1)]);
      transact(() => {
        index.remove(place(2, 1, 0).id);
      });
      assert.deepEqual(ids(index.since(0, 10)), [1, 4, 3]);
      transact(() => {
        index.clear();
      });
      assert.deepEqual(index.since(0, 10), []);
    });

    it('is undone with its transaction', () => {
      const { index, transact } = open();
      assert.throws(() =>
        transact(() => {
          index.add(place(1, 1, 1));
          throw new Error('no');
        }),
      );
      assert.deepEqual(index.since(0, 10), []);
    });
  });

  describe(`${name}: acknowledgements`, () => {
    it('keeps the first one of each device, message and state, and says which were news', () => {
      const { acks } = open();
      const first = [ack(1, 7, 'received'), ack(1, 6, 'seen')];
      assert.deepEqual(acks.add(first, 'lasting'), first);
      const more = [ack(1, 7, 'received', 99), ack(1, 7, 'seen'), ack(2, 7, 'received')];
      assert.deepEqual(acks.add(more, 'replaceable'), more.slice(1));
      assert.deepEqual(acks.add(more, 'replaceable'), []);
      assert.deepEqual(acks.of(ack(1, 0, 'seen').alert), [
        ack(1, 6, 'seen'),
        ack(1, 7, 'received'),
        ack(1, 7, 'seen'),
      ]);
      assert.deepEqual(acks.of(ack(3, 0, 'seen').alert), []);
      assert.deepEqual(acks.add([], 'lasting'), []);
    });
  });
}
