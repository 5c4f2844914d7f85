/** Folders on this device: where they lie, what was on disk there, brakes that hold, and files that can be had back. */
import { fromUtf8, toHex, utf8, type Bytes } from '../base/bytes.ts';
import { assert } from '../base/errors.ts';
import { Recent } from '../base/recent.ts';
import type {
  Brake,
  Direction,
  FolderRoot,
  FolderRoots,
  FolderStore,
  Kept,
  Known,
  KnownCodec,
} from '../files/folder/ports.ts';
import type { FileSealer } from '../files/ports-pieces.ts';
import type { FolderId } from '../files/types.ts';
import type { Database, Row } from './database.ts';
import { bytesIn, numberIn, textIn } from './rows.ts';

/** Paths whose row is in memory as well. */
const KNOWN_KEPT = 8192;
/** Opened and made values of in one go. */
const PAGE = 200;

const CHILDREN = 'SELECT row, path, body FROM folder_known WHERE parent = ? AND row > ? ORDER BY row LIMIT ?';
const FOLDERS =
  'SELECT row, path, body FROM folder_known WHERE folder = ? AND leaf = 0 AND row > ? ORDER BY row LIMIT ?';
const LEAVES =
  'SELECT row, path, body FROM folder_known WHERE folder = ? AND leaf = 1 AND row > ? ORDER BY row LIMIT ?';
const BELOW = `SELECT k.row, k.path, k.body FROM folder_above a JOIN folder_known k ON k.row = a.child
  WHERE a.above = ? AND a.child > ? ORDER BY a.child LIMIT ?`;

export function openFolderStore(
  database: Database,
  sealer: FileSealer,
  codec: KnownCodec,
  folder: FolderId,
): FolderStore {
  return new SqliteFolder(database, sealer, codec, folder);
}

export function openFolderRoots(database: Database, sealer: FileSealer): FolderRoots {
  const keyOf = (folder: FolderId): Bytes => sealer.indexKey(`folder ${folder}`);
  return {
    all: () =>
      database
        .sql('SELECT folder, body FROM folder_roots ORDER BY folder')
        .all()
        .map((row) => {
          const sealed = `root ${toHex(bytesIn(row, 'folder'))}`;
          return JSON.parse(fromUtf8(sealer.open(sealed, bytesIn(row, 'body')))) as FolderRoot;
        }),
    put(root) {
      const key = keyOf(root.folder);
      const body = sealer.seal(`root ${toHex(key)}`, utf8(JSON.stringify(root)));
      database.transact(() => {
        database.sql('INSERT OR REPLACE INTO folder_roots (folder, body) VALUES (?, ?)').run(key, body);
      });
    },
    remove(folder) {
      const key = keyOf(folder);
      database.transact(() => {
        database
          .sql('DELETE FROM folder_above WHERE child IN (SELECT row FROM folder_known WHERE folder = ?)')
          .run(key);
        for (const table of ['known', 'brakes', 'roots'])
          database.sql(`DELETE FROM folder_${table} WHERE folder = ?`).run(key);
      });
    },
  };
}

class SqliteFolder implements FolderStore {
  readonly #database: Database;
  readonly #sealer: FileSealer;
  readonly #codec: KnownCodec;
  readonly #id: FolderId;
  readonly #folder: Bytes;
  /** A pass asks for the same path, and for the folders above it, again and again. */
  readonly #known = new Recent<string, Known | 'none'>(KNOWN_KEPT);

  constructor(database: Database, sealer: FileSealer, codec: KnownCodec, folder: FolderId) {
    this.#database = database;
    this.#sealer = sealer;
    this.#codec = codec;
    this.#id = folder;
    this.#folder = sealer.indexKey(`folder ${folder}`);
  }

  get(path: string): Known | undefined {
    const known = this.#known.of(path, () => this.#read(path) ?? 'none');
    return known === 'none' ? undefined : known;
  }

  #read(path: string): Known | undefined {
    const row = this.#database
      .sql('SELECT path, body FROM folder_known WHERE path = ?')
      .get(this.#key('known', path));
    return row === undefined ? undefined : this.#knownIn(row);
  }

  put(known: Known): void {
    const key = this.#key('known', known.path);
    const { path, disk } = known;
    const values = [
      disk.type === 'file' ? this.#key('identity', disk.identity) : null,
      disk.type === 'folder' ? 0 : 1,
      disk.type === 'folder' && disk.isMount ? 1 : 0,
      this.#sealer.seal(`known ${toHex(key)}`, this.#codec.encode(known)),
    ] as const;
    this.#remember(() => {
      this.#forget(path);
      const isThere = this.#database
        .sql(
          'UPDATE folder_known SET identity = ?, leaf = ?, mount = ?, body = ? WHERE path = ? RETURNING row',
        )
        .get(...values, key);
      if (isThere === undefined) this.#insert(key, path, values);
    });
  }

  #insert(key: Bytes, path: string, values: readonly [Bytes | null, number, number, Bytes]): void {
    const { parentOf, foldKey, foldersOf } = this.#codec;
    const added = this.#database
      .sql(
        `INSERT INTO folder_known (folder, path, parent, fold, identity, leaf, mount, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
         RETURNING row`,
      )
      .get(this.#folder, key, this.#key('in', parentOf(path)), this.#key('fold', foldKey(path)), ...values);
    assert(added !== undefined, 'what was inserted has a row');
    const row = numberIn(added, 'row');
    for (const above of foldersOf(path))
      this.#database
        .sql('INSERT INTO folder_above (above, child) VALUES (?, ?)')
        .run(this.#key('above', above), row);
  }

  remove(path: string): void {
    const row = this.#rowOf(this.#key('known', path));
    if (row === undefined) return;
    this.#remember(() => {
      this.#forget(path);
      this.#database.sql('DELETE FROM folder_above WHERE child = ?').run(row);
      this.#database.sql('DELETE FROM folder_known WHERE row = ?').run(row);
    });
  }

  children(folder: string): Iterable<Known> {
    return this.#paged(CHILDREN, this.#key('in', folder));
  }

  *below(folder: string): Generator<Known> {
    if (folder !== '') {
      yield* this.#paged(BELOW, this.#key('above', folder));
      return;
    }
    // By the index as it is: its rows have an order for each half only.
    yield* this.#paged(FOLDERS, this.#folder);
    yield* this.#paged(LEAVES, this.#folder);
  }

  hasBelow(folder: string): boolean {
    const found =
      folder === ''
        ? this.#database.sql('SELECT 1 FROM folder_known WHERE folder = ? LIMIT 1').get(this.#folder)
        : this.#database
            .sql('SELECT 1 FROM folder_above WHERE above = ? LIMIT 1')
            .get(this.#key('above', folder));
    return found !== undefined;
  }

  mounts(): readonly Known[] {
    return this.#database
      .sql('SELECT path, body FROM folder_known WHERE folder = ? AND mount != 0 ORDER BY row')
      .all(this.#folder)
      .map((row) => this.#knownIn(row));
  }

  byIdentity(identity: string): readonly Known[] {
    return this.#by('identity', this.#key('identity', identity));
  }

  byFoldKey(key: string): readonly Known[] {
    return this.#by('fold', this.#key('fold', key));
  }

  count(): number {
    const row = this.#database
      .sql('SELECT count(*) AS count FROM folder_known WHERE folder = ? AND leaf = 1')
      .get(this.#folder);
    return row === undefined ? 0 : numberIn(row, 'count');
  }

  brakes(): readonly Brake[] {
    return this.#database
      .sql(
        'SELECT direction, paths, of_paths, since_ms FROM folder_brakes WHERE folder = ? ORDER BY direction',
      )
      .all(this.#folder)
      .map((row) => ({
        direction: textIn(row, 'direction') === 'in' ? 'in' : 'out',
        paths: numberIn(row, 'paths'),
        ofPaths: numberIn(row, 'of_paths'),
        sinceMs: numberIn(row, 'since_ms'),
      }));
  }

  setBrake({ direction, paths, ofPaths, sinceMs }: Brake): void {
    this.#write(() => {
      this.#database
        .sql(
          'INSERT OR REPLACE INTO folder_brakes (folder, direction, paths, of_paths, since_ms) VALUES (?, ?, ?, ?, ?)',
        )
        .run(this.#folder, direction, paths, ofPaths, sinceMs);
    });
  }

  clearBrake(direction: Direction): void {
    this.#write(() => {
      this.#database
        .sql('DELETE FROM folder_brakes WHERE folder = ? AND direction = ?')
        .run(this.#folder, direction);
    });
  }

  keep(kept: Kept): void {
    const body = this.#sealer.seal(this.#keptName(kept.name), utf8(JSON.stringify(kept)));
    this.#write(() => {
      this.#database
        .sql('INSERT OR REPLACE INTO folder_kept (folder, name, body) VALUES (?, ?, ?)')
        .run(this.#folder, kept.name, body);
    });
  }

  kept(): readonly Kept[] {
    return this.#database
      .sql('SELECT name, body FROM folder_kept WHERE folder = ? ORDER BY name')
      .all(this.#folder)
      .map((row) => {
        const bytes = this.#sealer.open(this.#keptName(textIn(row, 'name')), bytesIn(row, 'body'));
        return JSON.parse(fromUtf8(bytes)) as Kept;
      });
  }

  forgetKept(name: string): void {
    this.#write(() => {
      this.#database.sql('DELETE FROM folder_kept WHERE folder = ? AND name = ?').run(this.#folder, name);
    });
  }

  // ---- rows

  /** In the order of the calls; a power cut may take the last of them back. */
  #write(work: () => void): void {
    this.#database.transact(work, 'replaceable');
  }

  /** A kill, too: a look finds them again. */
  #remember(work: () => void): void {
    this.#database.transact(work, 'soon');
  }

  /** Inside a transaction, which may come to nothing. */
  #forget(path: string): void {
    this.#known.delete(path);
    this.#database.onRollback(() => {
      this.#known.delete(path);
    });
  }

  #key(label: string, value: string): Bytes {
    return this.#sealer.indexKey(`${label} ${this.#id} ${value}`);
  }

  #keptName(name: string): string {
    return `kept ${this.#id} ${name}`;
  }

  #rowOf(key: Bytes): number | undefined {
    const row = this.#database.sql('SELECT row FROM folder_known WHERE path = ?').get(key);
    return row === undefined ? undefined : numberIn(row, 'row');
  }

  /** What comes and goes between two pages may be in it or not. */
  *#paged(sql: string, key: Bytes): Generator<Known> {
    for (let after = 0; ;) {
      const rows = this.#database.sql(sql).all(key, after, PAGE);
      for (const row of rows) {
        after = numberIn(row, 'row');
        yield this.#knownIn(row);
      }
      if (rows.length < PAGE) return;
    }
  }

  #by(column: 'identity' | 'fold', key: Bytes): readonly Known[] {
    return this.#database
      .sql(`SELECT path, body FROM folder_known WHERE ${column} = ? ORDER BY row`)
      .all(key)
      .map((row) => this.#knownIn(row));
  }

  #knownIn(row: Row): Known {
    return this.#codec.decode(
      this.#sealer.open(`known ${toHex(bytesIn(row, 'path'))}`, bytesIn(row, 'body')),
    );
  }
}
