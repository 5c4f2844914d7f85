import { after } from 'node:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openAckStore, openAlertIndex } from '../../src/store/alarm-store.ts';
import { openDatabase, type Database } from '../../src/store/database.ts';
import { MemoryAckStore, MemoryAlertIndex } from '../sim/memory-alarm-store.ts';
import { MemoryDisk } from '../sim/memory-disk.ts';
import { alarmStoreContract } from './alarm-store.contract.ts';

alarmStoreContract('in memory', () => {
  const disk = new MemoryDisk();
  return {
    index: new MemoryAlertIndex(disk),
    acks: new MemoryAckStore(disk),
    transact: (work) => disk.transact(work),
  };
});

const folder = mkdtempSync(join(tmpdir(), 'kith-alarms-'));
const open: Database[] = [];
after(() => {
  for (const database of open) database.close();
  rmSync(folder, { recursive: true, force: true });
});

alarmStoreContract('in SQLite', () => {
  const database = openDatabase(join(folder, `${String(open.length)}.db`));
  open.push(database);
  return {
    index: openAlertIndex(database),
    acks: openAckStore(database),
    transact: (work) => database.transact(work),
  };
});
