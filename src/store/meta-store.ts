/** Small facts of this node that are no history: wrapped keys, remembered neighbours, settings. */
import type { Bytes } from '../base/bytes.ts';
import type { Database } from './database.ts';

export interface MetaStore {
  get(key: string): Bytes | undefined;
  set(key: string, value: Bytes): void;
  delete(key: string): void;
}

export function openMetaStore(database: Database): MetaStore {
  return {
    get: (key) => {
      const row = database.sql('SELECT value FROM meta WHERE key = ?').get(key);
      return row === undefined ? undefined : (row['value'] as Bytes);
    },
    set: (key, value) => {
      database.transact(() => {
        database.sql('INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)').run(key, value);
      });
    },
    delete: (key) => {
      database.transact(() => {
        database.sql('DELETE FROM meta WHERE key = ?').run(key);
      });
    },
  };
}
