/** Rooms in SQLite: what a replica promised comes back, and what was changed where it lies is noticed. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { KithError } from '../../src/base/errors.ts';
import { toHex, type Bytes } from '../../src/base/bytes.ts';
import { recover } from '../../src/rooms/consensus/recover.ts';
import type { Entry } from '../../src/rooms/consensus/types.ts';
import type { RoomRows, RoomSealer } from '../../src/rooms/ports.ts';
import { RoomDisk } from '../../src/rooms/room-disk.ts';
import type { RoomId } from '../../src/rooms/types.ts';
import { openDatabase, type Database } from '../../src/store/database.ts';
import { openRoomStore } from '../../src/store/room-store.ts';
import { chained, genesis } from '../../src/rooms/consensus/chain.ts';

const ROOM = 'ab'.repeat(32) as RoomId;
const BASE = genesis(new Uint8Array(32).fill(0xab));
const AUTHOR = 'cd'.repeat(32);
const LIFE = 'ef'.repeat(8);

/** Not secret, but as strict about the place as the real one. */
const sealer: RoomSealer = {
  seal: (key, bytes) => new Uint8Array([...Buffer.from(key), 0, ...bytes]),
  open: (key, sealed) => {
    const head = sealed.subarray(0, key.length + 1);
    if (Buffer.compare(head, Buffer.from(`${key}\0`)) !== 0)
      throw new KithError('damaged-store', 'not this row');
    return new Uint8Array(sealed.subarray(key.length + 1));
  },
};

const folder = mkdtempSync(join(tmpdir(), 'kith-rooms-'));
const open: Database[] = [];
after(() => {
  for (const database of open) database.close();
  rmSync(folder, { recursive: true, force: true });
});

function setup(): { readonly rows: RoomRows; readonly database: Database; readonly disk: RoomDisk } {
  const database = openDatabase(join(folder, `${String(open.length)}.db`));
  open.push(database);
  const rows = openRoomStore(database, sealer);
  rows.putCard(ROOM, new Uint8Array([1]));
  return { rows, database, disk: rows.transact(() => RoomDisk.begin(rows, ROOM, BASE)) };
}

function words(count: number): Entry[] {
  let { hash } = BASE;
  return Array.from({ length: count }, (_, at) => {
    const command = { author: AUTHOR, incarnation: LIFE, number: at + 1, body: new Uint8Array([at]) };
    const entry = chained(hash, at + 1, { kind: 'command', term: 3, command });
    ({ hash } = entry);
    return entry;
  });
}

describe('a room in SQLite', () => {
  it('comes back as it was: term, vote, entries, what is confirmed and what waits', () => {
    const { rows, disk } = setup();
    const entries = words(4);
    const vote = `${AUTHOR}/${LIFE}` as never;
    const said = entries.flatMap((entry) =>
      entry.kind === 'command' ? [{ command: entry.command, sentMs: 5 }] : [],
    );
    disk.keepWaiting(said);
    rows.transact(() => {
      disk.write([
        { type: 'vote', term: 3, vote },
        { type: 'append', entries },
      ]);
      disk.confirm(
        entries.slice(0, 2).map((entry) => ({ entry, verdict: 'new' as const })),
        2,
      );
    });
    const again = RoomDisk.open(rows, ROOM);
    assert.ok(again !== undefined);
    const stored = again.load();
    assert.deepEqual([stored.term, stored.vote, stored.commit, stored.entries.length], [3, vote, 2, 4]);
    assert.deepEqual(stored.entries, entries);
    assert.deepEqual(
      again.waiting().map(({ command }) => command.number),
      [3, 4],
    );
    assert.deepEqual(
      again.page(100, 10).map(({ entry }) => entry.index),
      [1, 2],
    );
    assert.deepEqual(
      again.page(2, 10).map(({ entry }) => entry.index),
      [1],
    );
  });

  it('forgets the end that another host overwrites', () => {
    const { rows, disk } = setup();
    const entries = words(4);
    const other = chained(entries[1]?.hash ?? '', 3, { kind: 'start', term: 4 });
    rows.transact(() => {
      disk.write([{ type: 'append', entries }]);
    });
    rows.transact(() => {
      disk.write([{ type: 'append', entries: [other] }]);
    });
    const stored = RoomDisk.open(rows, ROOM)?.load();
    assert.ok(stored !== undefined);
    assert.deepEqual(
      stored.entries.map(({ term }) => term),
      [3, 3, 4],
    );
    assert.equal(recover(stored).type, 'whole');
  });

  it('knows that an entry was changed where it lies, and that a promise was', () => {
    const { rows, database, disk } = setup();
    rows.transact(() => {
      disk.write([{ type: 'append', entries: words(4) }]);
    });
    database.sql("UPDATE room_entries SET body = x'00' WHERE place = 2").run();
    const stored = RoomDisk.open(rows, ROOM)?.load();
    assert.ok(stored !== undefined);
    assert.deepEqual(recover(stored), { type: 'corrupt', at: 2 });
    database.sql("UPDATE rooms SET promise = x'00'").run();
    assert.equal(RoomDisk.open(rows, ROOM), undefined);
  });

  it('leaves nothing of a transaction that failed', () => {
    const { rows, disk } = setup();
    assert.throws(() =>
      rows.transact(() => {
        disk.write([{ type: 'append', entries: words(2) }]);
        throw new Error('no room on this disk');
      }),
    );
    assert.equal(RoomDisk.open(rows, ROOM)?.load().entries.length, 0);
  });

  it('keeps cards', () => {
    const { rows } = setup();
    rows.putCard(ROOM, new Uint8Array([2]));
    const cards: readonly { readonly room: string; readonly card: Bytes }[] = rows.cards();
    assert.deepEqual(
      cards.map(({ room, card }) => [room, toHex(card)]),
      [[ROOM, '02']],
    );
  });
});
