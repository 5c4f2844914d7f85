import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSealer } from '../../src/sealing/index.ts';
import { decodeCopy, decodeReceipt } from '../../src/mail/wire.ts';
import type { MailStore } from '../../src/mail/ports.ts';
import { openDatabase, type Database } from '../../src/store/database.ts';
import { openMailStore } from '../../src/store/mail-store.ts';
import { MemoryDisk } from '../sim/memory-disk.ts';
import { MemoryMailStore } from '../sim/memory-mail-store.ts';
import { mailStoreContract } from './mail-store.contract.ts';

mailStoreContract('memory', () => {
  const disk = new MemoryDisk();
  const store = new MemoryMailStore(disk);
  return {
    store,
    reopened: () => {
      disk.crash();
      return store;
    },
    close: () => undefined,
  };
});

const sealer = createSealer(new Uint8Array(32).fill(7));

function storeOn(database: Database): MailStore {
  return openMailStore(
    database,
    {
      seal: (key, bytes) => sealer.seal({ table: 'mail', key }, bytes),
      open: (key, sealed) => sealer.open({ table: 'mail', key }, sealed),
      indexKey: (value) => sealer.indexKey('mail', value),
    },
    { readCopy: decodeCopy, readReceipt: decodeReceipt },
  );
}

mailStoreContract('SQLite', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kith-mail-'));
  let database = openDatabase(join(folder, 'kith.db'));
  return {
    store: storeOn(database),
    reopened: () => {
      database.close();
      database = openDatabase(join(folder, 'kith.db'));
      return storeOn(database);
    },
    close: () => {
      database.close();
      rmSync(folder, { recursive: true });
    },
  };
});
