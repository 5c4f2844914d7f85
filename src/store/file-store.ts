/** The index of files: folders, versions and who holds what, computed from the log. */
import { fromHex, toHex, type Bytes } from '../base/bytes.ts';
import { assert } from '../base/errors.ts';
import { Recent } from '../base/recent.ts';
import { idFromBytes, idToBytes, type DeviceKey, type FeedId } from '../base/ids.ts';
import type { FileSealer } from '../files/ports-pieces.ts';
import type { FilePlace, IndexedVersion, IndexRows, VersionCodec } from '../files/ports-index.ts';
import type { FolderId, FolderMode } from '../files/types.ts';
import type { Database, Row } from './database.ts';
import { bytesIn, numberIn } from './rows.ts';

const FEED_STRIDE = 2 ** 32;
/** Paths whose heads are in memory as well. */
const HEADS_KEPT = 8192;
const FEEDS_KEPT = 1024;
/** Heads of one path, and authors of one version, that are looked at: the first. */
const MOST_ALIKE = 256;

export function openFileIndex(database: Database, sealer: FileSealer, codec: VersionCodec): IndexRows {
  const places = placesIn(database);
  const key = (label: string, value: string): Bytes => sealer.indexKey(`${label} ${value}`);
  const reading = (row: Row): IndexedVersion =>
    codec.decode(sealer.open(`version ${toHex(bytesIn(row, 'version'))}`, bytesIn(row, 'body')));
  const read = (rows: readonly Row[]): readonly IndexedVersion[] => rows.map(reading);
  const { headsAt, changing, adding } = headRows(database, key, read);
  const { addVersions } = versionWriting(database, sealer, codec, places);
  fillIn(database, key, reading);
  return {
    ...folderRows(database, sealer, places, codec.modes),
    ...heldRows(database, key, places),
    addVersions(place, versions) {
      adding(versions);
      addVersions(place, versions);
    },
    removePlace(place) {
      changing();
      for (const row of removePlace(database, places.numberOf(place)))
        addBelow(database, sealer, numberIn(row, 'row'), reading(row));
    },
    clear() {
      changing();
      for (const table of ['folders', 'modes', 'versions', 'parents', 'held', 'below'])
        database.sql(`DELETE FROM file_${table}`).run();
    },
    ...headLists(database, key, reading),
    versionsAt: (folder, path, limit) =>
      read(
        database
          .sql('SELECT version, body FROM file_versions WHERE folder = ? AND path = ? ORDER BY row LIMIT ?')
          .all(key('folder', folder), key('path', path), limit),
      ),
    headsAt,
    version: (id) =>
      read(
        database
          .sql('SELECT version, body FROM file_versions WHERE version = ? ORDER BY row LIMIT ?')
          .all(key('version', id), MOST_ALIKE),
      ),
    hasLiveBelow: (folder, path) =>
      database
        .sql('SELECT 1 FROM file_below WHERE above = ? LIMIT 1')
        .get(key('above', `${folder} ${path}`)) !== undefined,
    hasContent: (folder, content, exceptPath) =>
      database
        .sql(
          // The plus keeps SQLite from walking through all heads of the folder.
          'SELECT 1 FROM file_versions WHERE content = ? AND +folder = ? AND path != ? AND head != 0 LIMIT 1',
        )
        .get(key('content', content), key('folder', folder), key('path', exceptPath)) !== undefined,
    ofContent: (content, limit) =>
      read(
        database
          .sql('SELECT version, body FROM file_versions WHERE content = ? ORDER BY row LIMIT ?')
          .all(key('content', content), limit),
      ),
  };
}

const HEADS_AT =
  'SELECT version, body FROM file_versions WHERE folder = ? AND path = ? AND head != 0 ORDER BY row LIMIT ?';
const IS_AGAIN = 'EXISTS (SELECT 1 FROM file_versions o WHERE o.version = v.version AND o.row < v.row)';

type HeadLists = Pick<IndexRows, 'heads' | 'rowOf' | 'headsNamed' | 'countHeads' | 'contested'>;

function headLists(
  database: Database,
  key: (label: string, value: string) => Bytes,
  reading: (row: Row) => IndexedVersion,
): HeadLists {
  const page = (after: number, limit: number, folder: FolderId | undefined): readonly Row[] => {
    const columns = `SELECT row, version, body, ${IS_AGAIN} AS again FROM file_versions v`;
    const rest = 'row > ? AND head != 0 ORDER BY row LIMIT ?';
    return folder === undefined
      ? database.sql(`${columns} WHERE ${rest}`).all(after, limit)
      : database.sql(`${columns} WHERE folder = ? AND ${rest}`).all(key('folder', folder), after, limit);
  };
  return {
    heads: (after, limit, folder) =>
      page(after, limit, folder).map((row) => ({
        row: numberIn(row, 'row'),
        version: reading(row),
        again: numberIn(row, 'again') !== 0,
      })),
    rowOf(version) {
      const row = database
        .sql('SELECT row FROM file_versions WHERE version = ? ORDER BY row LIMIT 1')
        .get(key('version', version));
      return row === undefined ? undefined : numberIn(row, 'row');
    },
    headsNamed: (name, limit) =>
      database
        .sql('SELECT version, body FROM file_versions WHERE name = ? AND head != 0 ORDER BY row LIMIT ?')
        .all(key('name', name), limit)
        .map(reading),
    countHeads: (folder, audience) =>
      database
        .sql(
          `SELECT device, count(*) AS files, sum(size) AS bytes FROM file_versions v
           WHERE folder = ? AND head != 0 AND size IS NOT NULL AND audience = ? AND NOT ${IS_AGAIN} GROUP BY device`,
        )
        .all(key('folder', folder), key('audience', audience))
        .map((row) => ({
          device: idFromBytes<DeviceKey>(bytesIn(row, 'device')),
          files: numberIn(row, 'files'),
          bytes: numberIn(row, 'bytes'),
        })),
    contested: (folder, after, limit) =>
      database
        .sql(
          `SELECT path FROM file_versions WHERE folder = ? AND path > ? AND head != 0
           GROUP BY path HAVING count(*) > 1 ORDER BY path LIMIT ?`,
        )
        .all(key('folder', folder), fromHex(after), limit)
        .map((row) => {
          const path = bytesIn(row, 'path');
          const heads = database.sql(HEADS_AT).all(key('folder', folder), path, MOST_ALIKE);
          return { place: toHex(path), heads: heads.map(reading) };
        }),
  };
}

const FILL_AT_ONCE = 500;

/** Versions that an earlier program wrote: what they are found by is in their bodies. */
function fillIn(
  database: Database,
  key: (label: string, value: string) => Bytes,
  reading: (row: Row) => IndexedVersion,
): void {
  const found = database.sql('SELECT row, version, body FROM file_versions WHERE name IS NULL LIMIT ?');
  for (let rows = found.all(FILL_AT_ONCE); rows.length > 0; rows = found.all(FILL_AT_ONCE))
    database.transact(() => {
      for (const row of rows)
        database
          .sql('UPDATE file_versions SET name = ?, audience = ?, device = ?, size = ? WHERE row = ?')
          .run(...findingOf(key, reading(row)), numberIn(row, 'row'));
    });
}

/** What a version is found and counted by. */
function findingOf(
  key: (label: string, value: string) => Bytes,
  { path, audiences, device, state }: IndexedVersion,
): readonly [Bytes, Bytes, Bytes, number | null] {
  return [
    key('name', path.slice(path.lastIndexOf('/') + 1)),
    key('audience', audiences.join(' ')),
    idToBytes(device),
    state.type === 'file' ? state.content.sizeBytes : null,
  ];
}

/** Heads of a path, read once as long as no version comes or goes. */
function headRows(
  database: Database,
  key: (label: string, value: string) => Bytes,
  read: (rows: readonly Row[]) => readonly IndexedVersion[],
): Pick<IndexRows, 'headsAt'> & {
  readonly changing: () => void;
  readonly adding: (versions: readonly IndexedVersion[]) => void;
} {
  const recent = new Recent<string, readonly IndexedVersion[]>(HEADS_KEPT);
  const keyOf = (folder: string, path: string): string => `${folder} ${path}`;
  const look = (folder: string, path: string): readonly IndexedVersion[] =>
    read(database.sql(HEADS_AT).all(key('folder', folder), key('path', path), MOST_ALIKE));
  /** Inside a transaction, which may come to nothing. */
  const changing = (): void => {
    recent.clear();
    database.onRollback(() => {
      recent.clear();
    });
  };
  return {
    headsAt: (folder, path) => recent.of(keyOf(folder, path), () => look(folder, path)),
    changing,
    adding(versions) {
      // What is replaced may stand at any path; of thousands of new ones each is looked at as they come.
      if (versions.some(({ parents }) => parents.length > 0)) {
        changing();
        return;
      }
      const forget = (): void => {
        for (const { folder, path } of versions) recent.delete(keyOf(folder, path));
      };
      forget();
      database.onRollback(forget);
    },
  };
}

interface Places {
  numberOf(place: FilePlace): number;
  placeOf(number: number): FilePlace;
}

function placesIn(database: Database): Places {
  const numbers = new Recent<FeedId, number>(FEEDS_KEPT);
  const numberOf = (feed: FeedId): number => {
    const known = database.sql('SELECT no FROM file_feeds WHERE feed = ?').get(idToBytes(feed));
    if (known !== undefined) return numberIn(known, 'no');
    const added = database.sql('INSERT INTO file_feeds (feed) VALUES (?) RETURNING no').get(idToBytes(feed));
    assert(added !== undefined, 'what was inserted has a number');
    // Of a transaction that may come to nothing.
    database.onRollback(() => {
      numbers.delete(feed);
    });
    return numberIn(added, 'no');
  };
  return {
    numberOf: ({ feed, seq }) => numbers.of(feed, () => numberOf(feed)) * FEED_STRIDE + seq,
    placeOf(number) {
      const no = Math.floor(number / FEED_STRIDE);
      const row = database.sql('SELECT feed FROM file_feeds WHERE no = ?').get(no);
      assert(row !== undefined, 'feeds of places are known');
      return { feed: idFromBytes<FeedId>(bytesIn(row, 'feed')), seq: number - no * FEED_STRIDE };
    },
  };
}

type Folders = Pick<IndexRows, 'addFact' | 'facts' | 'factsOf' | 'setMode' | 'modesOf'>;

function folderRows(
  database: Database,
  sealer: FileSealer,
  places: Places,
  modes: readonly FolderMode[],
): Folders {
  const key = (folder: string): Bytes => sealer.indexKey(`folder ${folder}`);
  return {
    addFact(place, folder, bytes) {
      const number = places.numberOf(place);
      database
        .sql('INSERT INTO file_folders (place, key, body) VALUES (?, ?, ?)')
        .run(number, key(folder), sealer.seal(`fact ${String(number)}`, bytes));
    },
    facts: () =>
      database
        .sql('SELECT place, body FROM file_folders ORDER BY row')
        .all()
        .map((row) => {
          const number = numberIn(row, 'place');
          const bytes = sealer.open(`fact ${String(number)}`, bytesIn(row, 'body'));
          return { place: places.placeOf(number), bytes };
        }),
    factsOf(feed) {
      const from = places.numberOf({ feed, seq: 0 });
      const row = database
        .sql('SELECT count(*) AS count FROM file_folders WHERE place BETWEEN ? AND ?')
        .get(from, from + FEED_STRIDE - 1);
      return row === undefined ? 0 : numberIn(row, 'count');
    },
    setMode(place, device, folder, mode, hlc) {
      database
        .sql(
          `INSERT OR REPLACE INTO file_modes (folder, device, place, mode, hlc_ms, hlc_n) VALUES (?, ?, ?, ?, ?, ?)`,
        )
        .run(
          key(folder),
          idToBytes(device),
          places.numberOf(place),
          mode === undefined ? modes.length : modes.indexOf(mode),
          hlc.ms,
          hlc.n,
        );
    },
    modesOf: (folder) =>
      new Map<DeviceKey, FolderMode | undefined>(
        database
          .sql('SELECT device, mode FROM file_modes WHERE folder = ? ORDER BY device, hlc_ms, hlc_n, place')
          .all(key(folder))
          .map((row) => [idFromBytes<DeviceKey>(bytesIn(row, 'device')), modes[numberIn(row, 'mode')]]),
      ),
  };
}

type Held = Pick<IndexRows, 'setHeld' | 'heldBy'>;

function heldRows(database: Database, key: (label: string, value: string) => Bytes, places: Places): Held {
  return {
    setHeld(place, device, contents, held, hlc) {
      const number = places.numberOf(place);
      for (const content of contents)
        database
          .sql(
            `INSERT OR REPLACE INTO file_held (content, device, place, held, hlc_ms, hlc_n) VALUES (?, ?, ?, ?, ?, ?)`,
          )
          .run(key('content', content), idToBytes(device), number, held ? 1 : 0, hlc.ms, hlc.n);
    },
    heldBy: (content) =>
      new Map(
        database
          .sql('SELECT device, held FROM file_held WHERE content = ? ORDER BY device, hlc_ms, hlc_n, place')
          .all(key('content', content))
          .map(
            (row) => [idFromBytes<DeviceKey>(bytesIn(row, 'device')), numberIn(row, 'held') !== 0] as const,
          ),
      ),
  };
}

function versionWriting(
  database: Database,
  sealer: FileSealer,
  codec: VersionCodec,
  places: Places,
): Pick<IndexRows, 'addVersions'> {
  const key = (label: string, value: string): Bytes => sealer.indexKey(`${label} ${value}`);
  const add = (place: number, version: IndexedVersion): void => {
    const id = key('version', version.id);
    const isReplaced =
      database.sql('SELECT 1 FROM file_parents WHERE parent = ? LIMIT 1').get(id) !== undefined;
    const row = database
      .sql(
        `INSERT INTO file_versions (place, version, folder, path, content, head, body, name, audience, device, size)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING row`,
      )
      .get(
        place,
        id,
        key('folder', version.folder),
        key('path', version.path),
        version.state.type === 'file' ? key('content', version.state.content.id) : null,
        isReplaced ? 0 : 1,
        sealer.seal(`version ${toHex(id)}`, codec.encode(version)),
        ...findingOf(key, version),
      );
    assert(row !== undefined, 'what was inserted has a row');
    if (!isReplaced) addBelow(database, sealer, numberIn(row, 'row'), version);
    for (const parent of version.parents) {
      const replaced = key('version', parent);
      database
        .sql('INSERT OR IGNORE INTO file_parents (parent, child) VALUES (?, ?)')
        .run(replaced, numberIn(row, 'row'));
      database.sql('UPDATE file_versions SET head = 0 WHERE version = ?').run(replaced);
      database
        .sql('DELETE FROM file_below WHERE child IN (SELECT row FROM file_versions WHERE version = ?)')
        .run(replaced);
    }
  };
  return {
    addVersions(place, versions) {
      const number = places.numberOf(place);
      for (const version of versions) add(number, version);
    },
  };
}

/** A head is found under every folder on the way to it, unless it says that nothing is there. */
function addBelow(
  database: Database,
  sealer: FileSealer,
  row: number,
  { folder, path, state }: IndexedVersion,
): void {
  if (state.type === 'deleted') return;
  for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1))
    database
      .sql('INSERT OR IGNORE INTO file_below (above, child) VALUES (?, ?)')
      .run(sealer.indexKey(`above ${folder} ${path.slice(0, at)}`), row);
}

/** What its versions had replaced stands again, where nothing else replaces it. @returns rows of that. */
function removePlace(database: Database, place: number): readonly Row[] {
  const again: Row[] = [];
  for (const row of database.sql('SELECT row FROM file_versions WHERE place = ?').all(place)) {
    const child = numberIn(row, 'row');
    const parents = database.sql('SELECT parent FROM file_parents WHERE child = ?').all(child);
    database.sql('DELETE FROM file_parents WHERE child = ?').run(child);
    database.sql('DELETE FROM file_below WHERE child = ?').run(child);
    for (const parent of parents)
      again.push(
        ...database
          .sql(
            `UPDATE file_versions SET head = 1
             WHERE version = ? AND NOT EXISTS (SELECT 1 FROM file_parents p WHERE p.parent = file_versions.version)
             RETURNING row, version, body, place`,
          )
          .all(bytesIn(parent, 'parent')),
      );
  }
  for (const table of ['file_versions', 'file_folders', 'file_modes', 'file_held'])
    database.sql(`DELETE FROM ${table} WHERE place = ?`).run(place);
  return again.filter((row) => numberIn(row, 'place') !== place);
}
