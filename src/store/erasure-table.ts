/** Which parts were erased, by which entries, whether or not they are here. */
import { idFromBytes, idToBytes, type EntryHash, type FeedId } from '../base/ids.ts';
import type { Erasure } from '../log/ports.ts';
import type { Database } from './database.ts';
import { bytesIn, numberIn } from './rows.ts';

const NONE: ReadonlySet<number> = new Set();

export class ErasureTable {
  readonly #database: Database;
  /** The furthest place of each feed at which something was erased: what lies further needs no look. */
  readonly #furthest = new Map<FeedId, number>();

  constructor(database: Database) {
    this.#database = database;
    this.#load();
  }

  at(feed: FeedId, seq: number): Erasure[] {
    if (seq > (this.#furthest.get(feed) ?? 0)) return [];
    return this.#database
      .sql('SELECT part, by, hash FROM erasures WHERE feed = ? AND seq = ? ORDER BY part, by')
      .all(idToBytes(feed), seq)
      .map((row) => ({
        target: { feed, seq, hash: idFromBytes<EntryHash>(bytesIn(row, 'hash')) },
        part: numberIn(row, 'part'),
        by: idFromBytes<EntryHash>(bytesIn(row, 'by')),
      }));
  }

  partsAt(feed: FeedId, seq: number): ReadonlySet<number> {
    if (seq > (this.#furthest.get(feed) ?? 0)) return NONE;
    return new Set(this.at(feed, seq).map(({ part }) => part));
  }

  add({ target: { feed, seq, hash }, part, by }: Erasure): void {
    this.#database
      .sql('INSERT OR IGNORE INTO erasures (feed, seq, part, by, hash) VALUES (?, ?, ?, ?, ?)')
      .run(idToBytes(feed), seq, part, idToBytes(by), idToBytes(hash));
    const furthest = this.#furthest.get(feed) ?? 0;
    // Too far after a rollback costs a look in vain, and nothing else.
    if (seq > furthest) this.#furthest.set(feed, seq);
  }

  remove({ target: { feed, seq }, part, by }: Erasure): void {
    this.#database
      .sql('DELETE FROM erasures WHERE feed = ? AND seq = ? AND part = ? AND by = ?')
      .run(idToBytes(feed), seq, part, idToBytes(by));
  }

  /** Forgets all. @returns the places that there were. */
  clear(): { readonly feed: FeedId; readonly seq: number }[] {
    const places = this.#database
      .sql('SELECT DISTINCT feed, seq FROM erasures')
      .all()
      .map((row) => ({ feed: idFromBytes<FeedId>(bytesIn(row, 'feed')), seq: numberIn(row, 'seq') }));
    this.#database.sql('DELETE FROM erasures').run();
    return places;
  }

  #load(): void {
    for (const row of this.#database.sql('SELECT feed, max(seq) AS seq FROM erasures GROUP BY feed').all()) {
      this.#furthest.set(idFromBytes<FeedId>(bytesIn(row, 'feed')), numberIn(row, 'seq'));
    }
  }
}
