/** The places of entries of programs that are built on kith, by kind and time. */
import { idFromBytes, idToBytes, type FeedId } from '../base/ids.ts';
import type { ExtensionIndex } from '../log/ports.ts';
import type { Database, Row } from './database.ts';
import { bytesIn, numberIn } from './rows.ts';

export function openExtensionStore(database: Database): ExtensionIndex {
  return {
    add(kind, { hlc, feed, seq }) {
      database
        .sql(
          'INSERT OR IGNORE INTO extension_entries (kind, hlc_ms, hlc_n, feed, seq) VALUES (?, ?, ?, ?, ?)',
        )
        .run(kind, hlc.ms, hlc.n, idToBytes(feed), seq);
    },
    clear() {
      database.sql('DELETE FROM extension_entries').run();
    },
    page(kind, after, limit) {
      const rows =
        after === undefined
          ? database.sql(`${SELECT} WHERE kind = ? ${IN_ORDER}`).all(kind, limit)
          : database
              .sql(`${SELECT} WHERE kind = ? AND (hlc_ms, hlc_n, feed, seq) > (?, ?, ?, ?) ${IN_ORDER}`)
              .all(kind, after.hlc.ms, after.hlc.n, idToBytes(after.feed), after.seq, limit);
      return rows.map(placeIn);
    },
  };
}

const SELECT = 'SELECT hlc_ms, hlc_n, feed, seq FROM extension_entries';
const IN_ORDER = 'ORDER BY hlc_ms, hlc_n, feed, seq LIMIT ?';

function placeIn(row: Row): ReturnType<ExtensionIndex['page']>[number] {
  return {
    hlc: { ms: numberIn(row, 'hlc_ms'), n: numberIn(row, 'hlc_n') },
    feed: idFromBytes<FeedId>(bytesIn(row, 'feed')),
    seq: numberIn(row, 'seq'),
  };
}
