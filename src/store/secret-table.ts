/**
 * Secrets that must be gone when they are deleted: each sealed on its own, several of one size in a row. As in
 * `bodies`, rows are added at the end, never deleted and never change their size, so that SQLite moves none and a
 * deletion overwrites the only copy (docs/decisions/0006-erasing-from-sqlite.md). Rows that are all zeros are used again.
 */
import { concatBytes, type Bytes } from '../base/bytes.ts';
import { assert } from '../base/errors.ts';
import type { Database } from './database.ts';
import { bytesIn, numberIn } from './rows.ts';

/** `sealing/at-rest.ts` has the real one. */
export interface SecretSealer {
  seal(context: { readonly table: string; readonly key: string }, plaintext: Bytes): Bytes;
  open(context: { readonly table: string; readonly key: string }, sealed: Bytes): Bytes;
}

const TABLE = 'letter_secrets';

export class SecretTable {
  readonly #database: Database;
  readonly #sealer: SecretSealer;
  #wiped = false;

  constructor(database: Database, sealer: SecretSealer) {
    this.#database = database;
    this.#sealer = sealer;
  }

  /** @param secrets of one size. @returns the row. */
  add(secrets: readonly Bytes[]): number {
    const sizeBytes = secrets.reduce((sum, { byteLength }) => sum + byteLength + this.#overheadBytes(), 0);
    const row = this.#freeRow(sizeBytes) ?? this.#newRow(sizeBytes);
    const sealed = secrets.map((secret, at) => this.#sealer.seal(contextOf(row, at), secret));
    this.#write(row, concatBytes(...sealed), 1);
    return row;
  }

  /** Undefined where it was wiped. */
  at(row: number, place: number, count: number): Bytes | undefined {
    const sealed = this.#chunk(row, place, count);
    return sealed.every((byte) => byte === 0) ? undefined : this.#sealer.open(contextOf(row, place), sealed);
  }

  /** The first place that was not wiped. */
  first(row: number, count: number): number | undefined {
    const bytes = this.#bytes(row);
    const size = bytes.byteLength / count;
    for (let place = 0; place < count; place += 1)
      if (bytes.subarray(place * size, (place + 1) * size).some((byte) => byte !== 0)) return place;
    return undefined;
  }

  wipe(row: number, place: number, count: number): void {
    const bytes = this.#bytes(row).slice();
    const size = bytes.byteLength / count;
    bytes.fill(0, place * size, (place + 1) * size);
    this.#write(row, bytes, 1);
    this.#wiped = true;
  }

  /** All of the row, which others may use from now on. */
  free(row: number): void {
    this.#write(row, new Uint8Array(this.#bytes(row).byteLength), 0);
    this.#wiped = true;
  }

  /** The write-ahead log still has what was wiped, until this. */
  settle(): void {
    if (this.#wiped && this.#database.checkpoint()) this.#wiped = false;
  }

  #chunk(row: number, place: number, count: number): Bytes {
    const bytes = this.#bytes(row);
    const size = bytes.byteLength / count;
    return bytes.subarray(place * size, (place + 1) * size);
  }

  #bytes(row: number): Bytes {
    const found = this.#database.sql('SELECT bytes FROM letter_secrets WHERE row = ?').get(row);
    assert(found !== undefined, 'rows of secrets are never deleted');
    return bytesIn(found, 'bytes');
  }

  #write(row: number, bytes: Bytes, used: 0 | 1): void {
    this.#database.sql('UPDATE letter_secrets SET bytes = ?, used = ? WHERE row = ?').run(bytes, used, row);
  }

  #freeRow(sizeBytes: number): number | undefined {
    const found = this.#database
      .sql('SELECT row FROM letter_secrets WHERE used = 0 AND length(bytes) = ? LIMIT 1')
      .get(sizeBytes);
    return found === undefined ? undefined : numberIn(found, 'row');
  }

  /** Its number is needed to seal what goes into it, so it is made of zeros first. */
  #newRow(sizeBytes: number): number {
    const last = this.#database.sql('SELECT coalesce(max(row), 0) AS row FROM letter_secrets').get();
    const row = (last === undefined ? 0 : numberIn(last, 'row')) + 1;
    this.#database
      .sql('INSERT INTO letter_secrets (row, bytes, used) VALUES (?, zeroblob(?), 0)')
      .run(row, sizeBytes);
    return row;
  }

  #overheadBytes(): number {
    return this.#sealer.seal(contextOf(0, 0), new Uint8Array(0)).byteLength;
  }
}

function contextOf(row: number, place: number): { readonly table: string; readonly key: string } {
  return { table: TABLE, key: `${String(row)} ${String(place)}` };
}
