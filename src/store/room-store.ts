/** Rooms on disk: cards, promises, entries and what waits; every body sealed for its own row. */
import { fromHex, toHex, type Bytes } from '../base/bytes.ts';
import { isKithError } from '../base/errors.ts';
import type { RoomRows, RoomSealer } from '../rooms/ports.ts';
import type { RoomId } from '../rooms/types.ts';
import type { Database } from './database.ts';
import { bytesIn, bytesOrNullIn, numberIn, textIn } from './rows.ts';
import { SecretTable } from './secret-table.ts';

type Entries = Pick<RoomRows, 'entries' | 'putEntry' | 'dropEntriesFrom' | 'count' | 'shown' | 'countShown'>;
type Keys = Pick<RoomRows, 'keys' | 'putKeys' | 'messageKey' | 'putMessageKey'>;
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
  const shown = new ShownCounts(database);
  return {
    transact(work, keeping) {
      try {
        return database.transact(work, keeping);
      } catch (error) {
        shown.forget();
        throw error;
      }
    },
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
    ...entriesIn(database, sealer, rowOf, shown),
    ...waitingIn(database, sealer, rowOf),
    ...keysIn(database, sealer, rowOf),
  };
}

/** How many messages people see, by the row of the room: asked at every turn, and counted once. */
class ShownCounts {
  readonly #database: Database;
  readonly #counts = new Map<number, number>();
  readonly #last = new Map<number, number>();

  constructor(database: Database) {
    this.#database = database;
  }

  of(row: number): number {
    const known = this.#counts.get(row);
    if (known !== undefined) return known;
    const found = this.#database
      .sql(`SELECT count(*) AS count FROM room_entries WHERE room = ? AND shown = ${String(SEEN)}`)
      .get(row);
    const count = found === undefined ? 0 : numberIn(found, 'count');
    this.#counts.set(row, count);
    return count;
  }

  /** An entry is written: in the place of one that was counted, perhaps, where it is not above all before. */
  wrote(row: number, index: number): void {
    if (index <= (this.#last.get(row) ?? Infinity)) this.#counts.delete(row);
    this.#last.set(row, index);
  }

  /** One more is seen. */
  add(row: number): void {
    const known = this.#counts.get(row);
    if (known !== undefined) this.#counts.set(row, known + 1);
  }

  forget(): void {
    this.#counts.clear();
  }
}

/** Of an entry: whether it counted, and whether people see it. What they see is found by an index that names the number. */
const [SEEN, COUNTED] = [1, 2];

function entriesIn(
  database: Database,
  sealer: RoomSealer,
  rowOf: (room: RoomId) => number,
  counts: ShownCounts,
): Entries {
  const readAll = (room: RoomId, rows: readonly (Placed & { readonly key?: Bytes | undefined })[]) =>
    rows.flatMap(({ place, body, counted, key }) => {
      const bytes = opened(sealer, `entry ${room} ${String(place)}`, body);
      return bytes === undefined ? [] : [{ index: place, bytes, counted, key }];
    });
  return {
    entries: (room, from, to = Number.MAX_SAFE_INTEGER) =>
      readAll(
        room,
        database
          .sql(
            'SELECT place, shown, body FROM room_entries WHERE room = ? AND place BETWEEN ? AND ? ORDER BY place',
          )
          .all(rowOf(room), from, to)
          .map(placeOf),
      ),
    /** One that is written again, as it was, keeps the key of its message. */
    putEntry(room, index, bytes) {
      const row = rowOf(room);
      database
        .sql(
          `INSERT INTO room_entries (room, place, shown, body) VALUES (?, ?, 0, ?)
           ON CONFLICT (room, place) DO UPDATE SET shown = 0, body = excluded.body`,
        )
        .run(row, index, sealer.seal(`entry ${room} ${String(index)}`, bytes));
      counts.wrote(row, index);
    },
    dropEntriesFrom(room, index) {
      database.sql('DELETE FROM room_entries WHERE room = ? AND place >= ?').run(rowOf(room), index);
      counts.forget();
    },
    count(room, index, isSeen) {
      const row = rowOf(room);
      database
        .sql('UPDATE room_entries SET shown = ? WHERE room = ? AND place = ?')
        .run(isSeen ? SEEN : COUNTED, row, index);
      if (isSeen) counts.add(row);
    },
    shown: (room, before, limit) =>
      readAll(
        room,
        database
          .sql(
            `SELECT place, shown, body, key FROM room_entries
             WHERE room = ? AND shown = ${String(SEEN)} AND place < ? ORDER BY place DESC LIMIT ?`,
          )
          .all(rowOf(room), before, limit)
          .map((row) => ({ ...placeOf(row), key: keyOf(sealer, room, row) }))
          .reverse(),
      ),
    countShown: (room) => counts.of(rowOf(room)),
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

type Row = Parameters<typeof numberIn>[0];

interface Placed {
  readonly place: number;
  readonly body: Bytes;
  readonly counted: boolean;
}

function placeOf(row: Row): Placed {
  return {
    place: numberIn(row, 'place'),
    body: bytesIn(row, 'body'),
    counted: numberIn(row, 'shown') !== 0,
  };
}

function keyOf(sealer: RoomSealer, room: RoomId, row: Row): Bytes | undefined {
  const sealed = bytesOrNullIn(row, 'key');
  return sealed === null ? undefined : opened(sealer, keyName(room, numberIn(row, 'place')), sealed);
}

function keyName(room: RoomId, place: number): string {
  return `key ${room} ${String(place)}`;
}

/** Keys that are replaced have to be gone: they lie in rows that are overwritten where they are. */
function keysIn(database: Database, sealer: RoomSealer, rowOf: (room: RoomId) => number): Keys {
  const secrets = new SecretTable(database, {
    seal: ({ key }, bytes) => sealer.seal(`secret ${key}`, bytes),
    open: ({ key }, sealed) => sealer.open(`secret ${key}`, sealed),
  });
  const placeOfKeys = (room: RoomId): number | undefined => {
    const row = database.sql('SELECT keys FROM rooms WHERE row = ? AND keys IS NOT NULL').get(rowOf(room));
    return row === undefined ? undefined : numberIn(row, 'keys');
  };
  return {
    keys(room) {
      const row = placeOfKeys(room);
      if (row === undefined) return undefined;
      try {
        const bytes = secrets.at(row, 0, 1);
        return bytes === undefined ? null : unfilled(bytes);
      } catch (error) {
        if (isKithError(error, 'damaged-store') || isKithError(error, 'malformed')) return null;
        throw error;
      }
    },
    putKeys(room, keys) {
      database.transact(() => {
        const before = placeOfKeys(room);
        const row = keys === undefined ? null : secrets.add([filled(keys)]);
        database.sql('UPDATE rooms SET keys = ? WHERE row = ?').run(row, rowOf(room));
        if (before !== undefined) secrets.free(before);
      });
    },
    messageKey(room, index) {
      const row = database
        .sql('SELECT place, key FROM room_entries WHERE room = ? AND place = ?')
        .get(rowOf(room), index);
      return row === undefined ? undefined : keyOf(sealer, room, row);
    },
    putMessageKey(room, index, key) {
      database
        .sql('UPDATE room_entries SET key = ? WHERE room = ? AND place = ?')
        .run(sealer.seal(keyName(room, index), key), rowOf(room), index);
    },
  };
}

/** Rows of secrets are used again by those of the same size, so there are few sizes. */
const FILL_BYTES = 4096;
const LENGTH_BYTES = 4;

function filled(bytes: Bytes): Bytes {
  const sizeBytes = Math.ceil((bytes.byteLength + LENGTH_BYTES) / FILL_BYTES) * FILL_BYTES;
  const out = new Uint8Array(sizeBytes);
  new DataView(out.buffer).setUint32(0, bytes.byteLength);
  out.set(bytes, LENGTH_BYTES);
  return out;
}

function unfilled(bytes: Bytes): Bytes {
  const size = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
  return bytes.slice(LENGTH_BYTES, LENGTH_BYTES + size);
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
