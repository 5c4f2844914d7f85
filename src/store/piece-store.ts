/** Pieces on this node: where each can be read, and who wants it kept. */
import { fromHex, toHex, utf8, fromUtf8, type Bytes } from '../base/bytes.ts';
import type { SQLInputValue } from 'node:sqlite';
import { decodeCbor, encodeCbor } from '../base/cbor.ts';
import { assert } from '../base/errors.ts';
import type { FileSealer, FileStamp, PieceList, PiecePlace, PieceRows } from '../files/ports-pieces.ts';
import type { ContentId, PieceId, PieceRef } from '../files/types.ts';
import type { Database, Keeping, Row } from './database.ts';
import { damagedData } from './failures.ts';
import { bytesIn, bytesOrNullIn, numberIn } from './rows.ts';

/** Of files that are cut at all, but for the last of each. */
const LARGE_PIECE_BYTES = 128 * 1024;
const HERE = '(p.blob != 0 OR EXISTS (SELECT 1 FROM file_places l WHERE l.piece = p.row))';

export function openPieceRows(database: Database, sealer: FileSealer): PieceRows {
  return new SqlitePieces(database, sealer);
}

class SqlitePieces implements PieceRows {
  readonly #database: Database;
  readonly #sealer: FileSealer;

  constructor(database: Database, sealer: FileSealer) {
    this.#database = database;
    this.#sealer = sealer;
  }

  transact<Result>(work: () => Result, keeping?: Keeping): Result {
    return this.#database.transact(work, keeping);
  }

  hold(owner: string, content: ContentId, list: PieceList): void {
    const key = this.#key('content', content);
    let row = this.#contentRow(content);
    if (row === undefined) {
      const body = this.#sealer.seal(`content ${toHex(key)}`, encodeList(content, list));
      row = this.#inserted('INSERT INTO file_contents (key, body) VALUES (?, ?) RETURNING row', key, body);
      for (const piece of [...list.pieces, ...list.manifests])
        this.#database
          .sql('INSERT OR IGNORE INTO file_uses (content, piece) VALUES (?, ?)')
          .run(row, this.#pieceRow(piece));
    }
    this.#database
      .sql('INSERT OR IGNORE INTO file_holds (owner, content) VALUES (?, ?)')
      .run(this.#key('owner', owner), row);
  }

  release(owner: string): void {
    const key = this.#key('owner', owner);
    const contents = this.#database.sql('SELECT content FROM file_holds WHERE owner = ?').all(key);
    this.#database.sql('DELETE FROM file_holds WHERE owner = ?').run(key);
    for (const row of contents) {
      const content = numberIn(row, 'content');
      const other = this.#database.sql('SELECT 1 FROM file_holds WHERE content = ? LIMIT 1').get(content);
      if (other !== undefined) continue;
      this.#database.sql('DELETE FROM file_uses WHERE content = ?').run(content);
      this.#database.sql('DELETE FROM file_contents WHERE row = ?').run(content);
    }
  }

  isHeld(owner: string): boolean {
    const key = this.#key('owner', owner);
    return this.#database.sql('SELECT 1 FROM file_holds WHERE owner = ? LIMIT 1').get(key) !== undefined;
  }

  listOf(content: ContentId): PieceList | undefined {
    const key = this.#key('content', content);
    const row = this.#database.sql('SELECT body FROM file_contents WHERE key = ?').get(key);
    return row === undefined
      ? undefined
      : decodeList(this.#sealer.open(`content ${toHex(key)}`, bytesIn(row, 'body')));
  }

  isHere(piece: PieceId): boolean {
    return (
      this.#database
        .sql(`SELECT 1 FROM file_pieces p WHERE p.key = ? AND ${HERE}`)
        .get(this.#key('piece', piece)) !== undefined
    );
  }

  hereOf(content: ContentId): readonly boolean[] {
    const row = this.#contentRow(content);
    const list = this.listOf(content);
    if (row === undefined || list === undefined) return [];
    const here = new Set(
      this.#database
        .sql(
          `SELECT p.key FROM file_uses u JOIN file_pieces p ON p.row = u.piece WHERE u.content = ? AND ${HERE}`,
        )
        .all(row)
        .map((piece) => toHex(bytesIn(piece, 'key'))),
    );
    return list.pieces.map(({ id }) => here.has(this.blobName(id)));
  }

  placesOf(piece: PieceId): readonly PiecePlace[] {
    const row = this.#database
      .sql('SELECT row, blob FROM file_pieces WHERE key = ?')
      .get(this.#key('piece', piece));
    if (row === undefined) return [];
    const files = this.#database
      .sql(
        `SELECT s.row, s.key, s.path, s.look, l.place FROM file_places l JOIN file_sources s ON s.row = l.source
         WHERE l.piece = ? ORDER BY s.row, l.place LIMIT 8`,
      )
      .all(numberIn(row, 'row'))
      .map((place) => this.#placeIn(place));
    return numberIn(row, 'blob') === 0 ? files : [{ kind: 'blob' }, ...files];
  }

  blobName(piece: PieceId): string {
    return toHex(this.#key('piece', piece));
  }

  setBlob(piece: PieceRef, isThere: boolean): void {
    this.#database
      .sql('UPDATE file_pieces SET blob = ? WHERE row = ?')
      .run(isThere ? 1 : 0, this.#pieceRow(piece));
  }

  addSource(path: string, stamp: FileStamp | undefined): number {
    const known = this.sourceAt(path);
    if (known !== undefined) this.dropSource(known.source);
    const key = this.#key('source', path);
    return this.#inserted(
      'INSERT INTO file_sources (key, path, look) VALUES (?, ?, ?) RETURNING row',
      key,
      this.#sealedPath(key, path),
      stamp === undefined ? null : encodeStamp(stamp),
    );
  }

  sourceAt(path: string): { readonly source: number; readonly stamp: FileStamp | undefined } | undefined {
    const row = this.#database
      .sql('SELECT row, look FROM file_sources WHERE key = ?')
      .get(this.#key('source', path));
    return row === undefined ? undefined : { source: numberIn(row, 'row'), stamp: stampIn(row) };
  }

  moveSource(source: number, path: string, stamp: FileStamp): void {
    const known = this.sourceAt(path);
    if (known !== undefined && known.source !== source) this.dropSource(known.source);
    const key = this.#key('source', path);
    this.#database
      .sql('UPDATE file_sources SET key = ?, path = ?, look = ? WHERE row = ?')
      .run(key, this.#sealedPath(key, path), encodeStamp(stamp), source);
  }

  addPlaces(source: number, places: readonly { readonly piece: PieceRef; readonly offset: number }[]): void {
    for (const { piece, offset } of places)
      this.#database
        .sql('INSERT OR IGNORE INTO file_places (piece, source, place) VALUES (?, ?, ?)')
        .run(this.#pieceRow(piece), source, offset);
  }

  offsetsIn(source: number): ReadonlySet<number> {
    const rows = this.#database.sql('SELECT place FROM file_places WHERE source = ?').all(source);
    return new Set(rows.map((row) => numberIn(row, 'place')));
  }

  contentsIn(source: number): readonly ContentId[] {
    return this.#database
      .sql(
        `SELECT DISTINCT c.key, c.body FROM file_places l JOIN file_uses u ON u.piece = l.piece
         JOIN file_contents c ON c.row = u.content WHERE l.source = ?`,
      )
      .all(source)
      .map((row) => contentIn(this.#sealer, row));
  }

  sources(
    after: number,
    limit: number,
  ): readonly { readonly source: number; readonly path: string; readonly stamp: FileStamp | undefined }[] {
    return this.#database
      .sql('SELECT row, key, path, look FROM file_sources WHERE row > ? ORDER BY row LIMIT ?')
      .all(after, limit)
      .map((row) => ({ source: numberIn(row, 'row'), path: this.#pathIn(row), stamp: stampIn(row) }));
  }

  dropSource(source: number): void {
    this.#database.sql('DELETE FROM file_places WHERE source = ?').run(source);
    this.#database.sql('DELETE FROM file_sources WHERE row = ?').run(source);
  }

  takeGarbage(limit: number): readonly string[] {
    return this.transact(() => {
      const rows = this.#database
        .sql(
          `SELECT row, key, blob FROM file_pieces p
           WHERE NOT EXISTS (SELECT 1 FROM file_uses u WHERE u.piece = p.row)
             AND (p.blob != 0 OR NOT EXISTS (SELECT 1 FROM file_places l WHERE l.piece = p.row)) LIMIT ?`,
        )
        .all(limit);
      for (const row of rows) {
        this.#database.sql('DELETE FROM file_places WHERE piece = ?').run(numberIn(row, 'row'));
        this.#database.sql('DELETE FROM file_pieces WHERE row = ?').run(numberIn(row, 'row'));
      }
      return rows.filter((row) => numberIn(row, 'blob') !== 0).map((row) => toHex(bytesIn(row, 'key')));
    });
  }

  hasBlob(name: string): boolean {
    return (
      this.#database.sql('SELECT 1 FROM file_pieces WHERE key = ? AND blob != 0').get(fromHex(name)) !==
      undefined
    );
  }

  blobBytes(): number {
    const row = this.#database
      .sql('SELECT coalesce(sum(size), 0) AS bytes FROM file_pieces WHERE blob != 0')
      .get();
    return row === undefined ? 0 : numberIn(row, 'bytes');
  }

  copiedBytes(): number {
    const row = this.#database
      .sql(
        `SELECT coalesce(sum(size), 0) AS bytes FROM file_pieces p WHERE blob != 0 AND size >= ?
         AND EXISTS (SELECT 1 FROM file_places l WHERE l.piece = p.row)`,
      )
      .get(LARGE_PIECE_BYTES);
    return row === undefined ? 0 : numberIn(row, 'bytes');
  }

  fetches(): readonly Bytes[] {
    return this.#database
      .sql('SELECT id, body FROM file_transfers ORDER BY id')
      .all()
      .map((row) => this.#sealer.open(`fetch ${toHex(bytesIn(row, 'id'))}`, bytesIn(row, 'body')));
  }

  putFetch(id: string, body: Bytes): void {
    const key = this.#key('fetch', id);
    this.#database
      .sql('INSERT OR REPLACE INTO file_transfers (id, body) VALUES (?, ?)')
      .run(key, this.#sealer.seal(`fetch ${toHex(key)}`, body));
  }

  dropFetch(id: string): void {
    this.#database.sql('DELETE FROM file_transfers WHERE id = ?').run(this.#key('fetch', id));
  }

  // ---- rows

  #key(label: string, value: string): Bytes {
    return this.#sealer.indexKey(`${label} ${value}`);
  }

  #contentRow(content: ContentId): number | undefined {
    const row = this.#database
      .sql('SELECT row FROM file_contents WHERE key = ?')
      .get(this.#key('content', content));
    return row === undefined ? undefined : numberIn(row, 'row');
  }

  #pieceRow({ id, sizeBytes }: PieceRef): number {
    const key = this.#key('piece', id);
    const known = this.#database.sql('SELECT row FROM file_pieces WHERE key = ?').get(key);
    if (known !== undefined) return numberIn(known, 'row');
    return this.#inserted(
      'INSERT INTO file_pieces (key, size, blob) VALUES (?, ?, 0) RETURNING row',
      key,
      sizeBytes,
    );
  }

  #inserted(text: string, ...values: SQLInputValue[]): number {
    const row = this.#database.sql(text).get(...values);
    assert(row !== undefined, 'what was inserted has a row');
    return numberIn(row, 'row');
  }

  #sealedPath(key: Bytes, path: string): Bytes {
    return this.#sealer.seal(`source ${toHex(key)}`, utf8(path));
  }

  #pathIn(row: Row): string {
    return fromUtf8(this.#sealer.open(`source ${toHex(bytesIn(row, 'key'))}`, bytesIn(row, 'path')));
  }

  #placeIn(row: Row): PiecePlace {
    return {
      kind: 'file',
      source: numberIn(row, 'row'),
      path: this.#pathIn(row),
      offset: numberIn(row, 'place'),
      stamp: stampIn(row),
    };
  }
}

// ---- values in rows

const REF_BYTES = 36;

/** Of a row of `file_contents`: its key and its body. */
export function contentIn(sealer: FileSealer, row: Row): ContentId {
  const value = decodeCbor(sealer.open(`content ${toHex(bytesIn(row, 'key'))}`, bytesIn(row, 'body')));
  const id = Array.isArray(value) ? (value as unknown[])[2] : undefined;
  if (!(id instanceof Uint8Array)) throw damagedData('A list of pieces is none.');
  return toHex(id) as ContentId;
}

function encodeStamp({ sizeBytes, modifiedMs, inode }: FileStamp): Bytes {
  return new Uint8Array(Float64Array.of(sizeBytes, modifiedMs, inode).buffer);
}

function stampIn(row: Row): FileStamp | undefined {
  const look = bytesOrNullIn(row, 'look');
  if (look === null) return undefined;
  const [sizeBytes = -1, modifiedMs = -1, inode = -1] = new Float64Array(look.slice().buffer);
  return { sizeBytes, modifiedMs, inode };
}

function encodeList(content: ContentId, { pieces, manifests }: PieceList): Bytes {
  return encodeCbor([packed(pieces), packed(manifests), fromHex(content)]);
}

function packed(refs: readonly PieceRef[]): Bytes {
  const bytes = Buffer.alloc(refs.length * REF_BYTES);
  refs.forEach(({ id, sizeBytes }, index) => {
    bytes.write(id, index * REF_BYTES, 'hex');
    bytes.writeUInt32BE(sizeBytes, index * REF_BYTES + 32);
  });
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function decodeList(bytes: Bytes): PieceList {
  const value = decodeCbor(bytes);
  if (!Array.isArray(value)) throw damagedData('A list of pieces is none.');
  return { pieces: unpacked(value[0]), manifests: unpacked(value[1]) };
}

function unpacked(value: unknown): readonly PieceRef[] {
  if (!(value instanceof Uint8Array)) throw damagedData('A list of pieces is none.');
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  return Array.from({ length: bytes.byteLength / REF_BYTES }, (_, index) => ({
    id: bytes.toString('hex', index * REF_BYTES, index * REF_BYTES + 32) as PieceId,
    sizeBytes: bytes.readUInt32BE(index * REF_BYTES + 32),
  }));
}
