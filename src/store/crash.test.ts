/** What is left of a database after its process was killed in the middle of writing, or its disk refused. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { toHex } from '../base/bytes.ts';
import { isNarrow } from '../identity/roles.ts';
import { decodeHeader, hashHeader, NO_ENTRY, partMatches } from '../log/wire.ts';
import { SeededRng } from '../../test/sim/rng.ts';
import { temporaryFolder } from '../../test/support/folder.ts';
import { fakeSealer } from '../../test/support/sealer.ts';
import { openDatabase } from './database.ts';
import { openLogStore } from './log-store.ts';
import { openMetaStore } from './meta-store.ts';

const APPENDING = fileURLToPath(new URL('../../test/support/appending-process.ts', import.meta.url));
const ROUNDS = 8;

/** Runs the process until it has reported so many batches, then kills it. @returns the last place it reported. */
async function appendUntilKilled(path: string, batch: number, reports: number): Promise<number> {
  const child = spawn(process.execPath, [APPENDING, path, String(batch)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let last = 0;
  let left = reports;
  for await (const line of createInterface({ input: child.stdout })) {
    last = Number(line);
    left -= 1;
    if (left === 0) child.kill('SIGKILL');
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  assert.ok(left <= 0, 'the process wrote until it was killed');
  return last;
}

/** Everything hangs together, up to its end. @returns where that is. */
function checkWhole(path: string): number {
  const database = openDatabase(path);
  try {
    assert.deepEqual(database.integrity(), []);
    const store = openLogStore(database, fakeSealer, isNarrow);
    const [state] = store.feeds();
    assert.ok(state !== undefined);
    let prev = NO_ENTRY;
    let seq = 0;
    for (const entry of store.read({ feed: state.info.id, from: 1, to: Infinity })) {
      const header = decodeHeader(entry.headerBytes);
      assert.equal(header.prev, prev);
      assert.ok(
        header.parts.every((ref, index) => partMatches(ref, entry.parts[index] ?? new Uint8Array(0))),
      );
      prev = hashHeader(entry.headerBytes);
      seq = header.seq;
    }
    assert.deepEqual([state.seq, state.hash, state.folded], [seq, prev, seq]);
    assert.equal(
      toHex(openMetaStore(database).get('end') ?? new Uint8Array(0)),
      prev,
      'one transaction, all tables',
    );
    return seq;
  } finally {
    database.close();
  }
}

test('kill -9 in the middle of appending: what was reported is there, no batch is there by half', async (t) => {
  const path = join(temporaryFolder(t), 'kith.db');
  const rng = new SeededRng(2);
  let end = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const batch = 40;
    const reported = await appendUntilKilled(path, batch, rng.between(1, 25));
    const found = checkWhole(path);
    assert.ok(found >= reported && reported > end, `${String(found)} entries, ${String(reported)} reported`);
    assert.equal(found % batch, 0);
    end = found;
  }
});

/** A limit on the size of files makes a write fail as a worn card does: with an error that is not "disk full". */
test(
  'a disk that refuses: nothing of that batch is kept, and nothing more is written',
  { skip: process.platform === 'win32' },
  (t) => {
    const path = join(temporaryFolder(t), 'kith.db');
    const { stdout, status } = spawnSync(
      'sh',
      ['-c', 'ulimit -f 2000; exec "$0" "$@"', process.execPath, APPENDING, path, '40'],
      {
        encoding: 'utf8',
      },
    );
    assert.equal(status, 0);
    const lines = stdout.trim().split('\n');
    const [again, failed, reported] = [lines.at(-1), lines.at(-2) ?? '', Number(lines.at(-3))];
    assert.match(failed, /^store-failed /);
    assert.equal(again, 'store-stopped');
    assert.equal(Number(failed.split(' ')[1]), reported, 'what is in memory follows');
    assert.equal(checkWhole(path), reported);
  },
);
