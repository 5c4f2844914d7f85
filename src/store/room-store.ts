/** Rooms on disk: cards, promises, entries and what waits; every body sealed for its own row. */
import { fromHex, toHex, type Bytes } from '../base/bytes.ts';
import { isKithError } from '../base/errors.ts';
import type { RoomRows, RoomSealer } from '../rooms/ports.ts';
import type { RoomId } from '../rooms/types.ts';
import type { Database } from './database.ts';
import { bytesIn, bytesOrNullIn, numberIn, textIn } from './rows.ts';

type Entries = Pick<RoomRows, 'entries' | 'putEntry' | 'dropEntriesFrom' | 'show' | 'shown' | 'countShown'>;
type Waiting = Pick<RoomRows, 'waiting' | 'putWaiting' | 'dropWaiting'>;

export function openRoomStore(database: Database, sealer: RoomSealer): RoomRows {
  const rows = new Map<RoomId, number>();
  const rowOf = (room: RoomId): number => {
    const known = rows.get(room);
    if (known !== undefined) return known;
    const found = database.sql('SELECT row FROM rooms WHERE id = ?').get(fromHex(room));
    const row = found === undefined ? 0 : numberIn(found, 'row');
    if (row > 0) rows.set(room, row);
    return row;
  };
  return {
    transact: (work) => database.transact(work),
    cards: () =>
      database
        .sql('SELECT id, card FROM rooms ORDER BY row')
        .all()
        .map((row) => {
          const room = toHex(bytesIn(row, 'id')) as RoomId;
          return { room, card: sealer.open(`card ${room}`, bytesIn(row, 'card')) };
        }),
    putCard(room, card) {
      database
        .sql(
          `INSERT INTO rooms (id, card, promise, committed) VALUES (?, ?, NULL, 0)
           ON CONFLICT (id) DO UPDATE SET card = excluded.card`,
        )
        .run(fromHex(room), sealer.seal(`card ${room}`, card));
    },
    promise(room) {
      const row = database.sql('SELECT promise FROM rooms WHERE row = ?').get(rowOf(room));
      const sealed = row === undefined ? null : bytesOrNullIn(row, 'promise');
      return sealed === null ? undefined : (opened(sealer, `promise ${room}`, sealed) ?? null);
    },
    putPromise(room, promise) {
      database
        .sql('UPDATE rooms SET promise = ? WHERE row = ?')
        .run(sealer.seal(`promise ${room}`, promise), rowOf(room));
    },
    commit(room) {
      const row = database.sql('SELECT committed FROM rooms WHERE row = ?').get(rowOf(room));
      return row === undefined ? 0 : numberIn(row, 'committed');
    },
    putCommit(room, index) {
      database.sql('UPDATE rooms SET committed = ? WHERE row = ?').run(index, rowOf(room));
    },
    ...entriesIn(database, sealer, rowOf),
    ...waitingIn(database, sealer, rowOf),
  };
}

function entriesIn(database: Database, sealer: RoomSealer, rowOf: (room: RoomId) => number): Entries {
  const readAll = (room: RoomId, rows: readonly ReturnType<typeof placeOf>[]) =>
    rows.flatMap(({ place, body }) => {
      const bytes = opened(sealer, `entry ${room} ${String(place)}`, body);
      return bytes === undefined ? [] : [{ index: place, bytes }];
    });
  return {
    entries: (room, from) =>
      readAll(
        room,
        database
          .sql('SELECT place, body FROM room_entries WHERE room = ? AND place >= ? ORDER BY place')
          .all(rowOf(room), from)
          .map(placeOf),
      ),
    putEntry(room, index, bytes) {
      database
        .sql('INSERT OR REPLACE INTO room_entries (room, place, shown, body) VALUES (?, ?, 0, ?)')
        .run(rowOf(room), index, sealer.seal(`entry ${room} ${String(index)}`, bytes));
    },
    dropEntriesFrom(room, index) {
      database.sql('DELETE FROM room_entries WHERE room = ? AND place >= ?').run(rowOf(room), index);
    },
    show(room, index) {
      database.sql('UPDATE room_entries SET shown = 1 WHERE room = ? AND place = ?').run(rowOf(room), index);
    },
    shown: (room, before, limit) =>
      readAll(
        room,
        database
          .sql(
            `SELECT place, body FROM room_entries
             WHERE room = ? AND shown != 0 AND place < ? ORDER BY place DESC LIMIT ?`,
          )
          .all(rowOf(room), before, limit)
          .map(placeOf)
          .reverse(),
      ),
    countShown(room) {
      const row = database
        .sql('SELECT count(*) AS count FROM room_entries WHERE room = ? AND shown != 0')
        .get(rowOf(room));
      return row === undefined ? 0 : numberIn(row, 'count');
    },
  };
}

function waitingIn(database: Database, sealer: RoomSealer, rowOf: (room: RoomId) => number): Waiting {
  const keyOf = (room: RoomId, session: string, number: number): string =>
    `waiting ${room} ${session} ${String(number)}`;
  return {
    waiting: (room) =>
      database
        .sql('SELECT session, number, body FROM room_waiting WHERE room = ? ORDER BY session, number')
        .all(rowOf(room))
        .map((row) =>
          sealer.open(keyOf(room, textIn(row, 'session'), numberIn(row, 'number')), bytesIn(row, 'body')),
        ),
    putWaiting(room, session, number, bytes) {
      database
        .sql('INSERT OR REPLACE INTO room_waiting (room, session, number, body) VALUES (?, ?, ?, ?)')
        .run(rowOf(room), session, number, sealer.seal(keyOf(room, session, number), bytes));
    },
    dropWaiting(room, session, upTo) {
      database
        .sql('DELETE FROM room_waiting WHERE room = ? AND session = ? AND number <= ?')
        .run(rowOf(room), session, upTo);
    },
  };
}

function placeOf(row: Parameters<typeof numberIn>[0]): { readonly place: number; readonly body: Bytes } {
  return { place: numberIn(row, 'place'), body: bytesIn(row, 'body') };
}

/** Undefined when it was changed where it lies: whoever asked decides what that means. */
function opened(sealer: RoomSealer, key: string, sealed: Bytes): Bytes | undefined {
  try {
    return sealer.open(key, sealed);
  } catch (error) {
    if (isKithError(error, 'damaged-store') || isKithError(error, 'malformed')) return undefined;
    throw error;
  }
}
