import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isNarrow } from '../../src/identity/roles.ts';
import { openDatabase } from '../../src/store/database.ts';
import { openExtensionStore } from '../../src/store/extension-store.ts';
import { openLogStore } from '../../src/store/log-store.ts';
import { fakeSealer } from '../support/sealer.ts';
import { extensionIndexContract } from './extension-index.contract.ts';
import { logStoreContract } from './log-store.contract.ts';

for (const [name, narrow] of [
  ['SQLite', isNarrow],
  ['SQLite, all parts sealed', undefined],
] as const) {
  logStoreContract(name, () => {
    const folder = mkdtempSync(join(tmpdir(), 'kith-store-'));
    let database = openDatabase(join(folder, 'kith.db'));
    return {
      store: openLogStore(database, fakeSealer, narrow),
      reopened: () => {
        database.close();
        database = openDatabase(join(folder, 'kith.db'));
        return openLogStore(database, fakeSealer, narrow);
      },
      close: () => {
        database.close();
        rmSync(folder, { recursive: true });
      },
    };
  });
}

extensionIndexContract('SQLite', () => {
  const database = openDatabase(':memory:');
  return {
    index: openExtensionStore(database),
    transact: (work) => database.transact(work),
    close: () => database.close(),
  };
});
