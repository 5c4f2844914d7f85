/**
 * Small facts of this node that are no history: wrapped keys, remembered neighbours, settings. Each is replaced as a
 * whole. A secret that was replaced may linger in the file until `compact`.
 */
import { crc32 } from 'node:zlib';
import type { Bytes } from '../base/bytes.ts';
import type { Database } from './database.ts';
import { damagedData } from './failures.ts';
import { bytesIn, numberIn } from './rows.ts';

export interface MetaStore {
  get(key: string): Bytes | undefined;
  set(key: string, value: Bytes): void;
  delete(key: string): void;
}

export function openMetaStore(database: Database): MetaStore {
  return {
    get(key) {
      const row = database.sql('SELECT value, crc FROM meta WHERE key = ?').get(key);
      if (row === undefined) return undefined;
      const value = bytesIn(row, 'value');
      if (checksum(key, value) !== numberIn(row, 'crc'))
        throw damagedData(`What this node remembers as “${key}” is damaged.`);
      return value;
    },
    set(key, value) {
      database.transact(() => {
        database
          .sql(
            `INSERT INTO meta (key, value, crc) VALUES (?, ?, ?)
             ON CONFLICT (key) DO UPDATE SET value = excluded.value, crc = excluded.crc`,
          )
          .run(key, value, checksum(key, value));
      });
    },
    delete(key) {
      database.transact(() => {
        database.sql('DELETE FROM meta WHERE key = ?').run(key);
      });
    },
  };
}

function checksum(key: string, value: Bytes): number {
  return crc32(value, crc32(key));
}
