/** Since when nothing needs what lies here of a file. Computed from what there is, whenever somebody looks. */
import type { Bytes } from '../base/bytes.ts';
import type { KeepingRows } from '../files/ports-keeping.ts';
import type { FileSealer } from '../files/ports-pieces.ts';
import type { ContentId } from '../files/types.ts';
import type { Database, Row } from './database.ts';
import { contentIn } from './piece-store.ts';
import { numberIn } from './rows.ts';

/**
 * A version that nothing replaces is made of it, in a folder that lies on this device, or of what somebody offers. Contents and
 * folders have the same keys in all of these tables.
 */
const NEEDED = `EXISTS (SELECT 1 FROM file_versions v WHERE v.content = c.key AND v.head != 0
  AND (v.folder IN (SELECT folder FROM folder_roots) OR v.folder NOT IN (SELECT key FROM file_folders)))`;
/** Of its pieces, what lies in the store. */
const BLOBS = 'FROM file_uses u JOIN file_pieces p ON p.row = u.piece WHERE p.blob != 0';

export function openKeepingRows(database: Database, sealer: FileSealer): KeepingRows {
  const key = (content: ContentId): Bytes => sealer.indexKey(`content ${content}`);
  return {
    note: (after, limit, nowMs) =>
      database.transact(() => {
        const rows = database
          .sql(
            `SELECT c.row, ${NEEDED} AS needed, n.since_ms IS NOT NULL AS noted FROM file_contents c
             LEFT JOIN file_unneeded n ON n.content = c.row WHERE c.row > ? ORDER BY c.row LIMIT ?`,
          )
          .all(after, limit);
        for (const row of rows) noteOne(database, row, nowMs);
        const last = rows.at(-1);
        return last === undefined || rows.length < limit ? undefined : numberIn(last, 'row');
      }, 'replaceable'),
    unneeded: (limit) =>
      database
        .sql(
          `SELECT c.key, c.body, n.since_ms FROM file_unneeded n JOIN file_contents c ON c.row = n.content
           WHERE NOT ${NEEDED} ORDER BY n.since_ms, n.content LIMIT ?`,
        )
        .all(limit)
        .map((row) => ({ content: contentIn(sealer, row), sinceMs: numberIn(row, 'since_ms') })),
    forget(content) {
      database
        .sql('DELETE FROM file_unneeded WHERE content IN (SELECT row FROM file_contents WHERE key = ?)')
        .run(key(content));
    },
    unneededBytes() {
      const row = database
        .sql(
          `SELECT coalesce(sum(p.size), 0) AS bytes FROM file_pieces p WHERE p.blob != 0
           AND EXISTS (SELECT 1 FROM file_uses u WHERE u.piece = p.row)
           AND NOT EXISTS (SELECT 1 FROM file_uses u WHERE u.piece = p.row
             AND u.content NOT IN (SELECT content FROM file_unneeded))`,
        )
        .get();
      return row === undefined ? 0 : numberIn(row, 'bytes');
    },
    bytesOf(content) {
      const row = database
        .sql(
          `SELECT coalesce(sum(p.size), 0) AS bytes ${BLOBS}
           AND u.content = (SELECT row FROM file_contents WHERE key = ?)
           AND NOT EXISTS (SELECT 1 FROM file_uses o WHERE o.piece = p.row AND o.content != u.content)`,
        )
        .get(key(content));
      return row === undefined ? 0 : numberIn(row, 'bytes');
    },
  };
}

function noteOne(database: Database, row: Row, nowMs: number): void {
  const [content, isNeeded] = [numberIn(row, 'row'), numberIn(row, 'needed') !== 0];
  if (isNeeded === (numberIn(row, 'noted') === 0)) return;
  if (isNeeded) database.sql('DELETE FROM file_unneeded WHERE content = ?').run(content);
  else
    database
      .sql('INSERT INTO file_unneeded (content, since_ms) VALUES (?, ?)')
      .run(content, Math.floor(nowMs));
}
