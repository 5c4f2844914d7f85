/** Secrets that are gone when they are deleted: in the file, not in the tables alone. */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { toHex, type Bytes } from '../base/bytes.ts';
import { createSealer } from '../sealing/at-rest.ts';
import { SeededRng } from '../../test/sim/rng.ts';
import { temporaryFolder } from '../../test/support/folder.ts';
import { openDatabase } from './database.ts';
import { SecretTable } from './secret-table.ts';

test('of hundreds that were added, wiped and freed at random, no deleted one is in any file', (t) => {
  const folder = temporaryFolder(t);
  const database = openDatabase(join(folder, 'kith.db'));
  t.after(() => database.close());
  const rng = new SeededRng(7);
  const sealer = createSealer(rng.bytes(32));
  /** What was sealed, as it lies on disk. */
  const sealed = new Map<string, string>();
  const watching = {
    open: sealer.open.bind(sealer),
    seal(context: { table: string; key: string }, plaintext: Bytes): Bytes {
      const bytes = sealer.seal(context, plaintext);
      if (plaintext.byteLength > 0) sealed.set(toHex(plaintext), toHex(bytes));
      return bytes;
    },
  };
  const table = new SecretTable(database, watching);
  const rows: { row: number; secrets: (Bytes | undefined)[] }[] = [];
  const deleted: Bytes[] = [];
  for (let round = 0; round < 400; round += 1) {
    database.transact(() => {
      const chance = rng.below(10);
      const at = rng.below(Math.max(1, rows.length));
      const picked = rows[at];
      if (chance < 4 || picked === undefined) {
        const count = rng.chance(50) ? 1 : 16;
        const secrets = Array.from({ length: count }, () => rng.bytes(count === 1 ? 64 : 32));
        rows.push({ row: table.add(secrets), secrets });
      } else if (chance < 8) {
        const place = rng.below(picked.secrets.length);
        table.wipe(picked.row, place, picked.secrets.length);
        const gone = picked.secrets[place];
        if (gone !== undefined) deleted.push(gone);
        picked.secrets[place] = undefined;
      } else {
        table.free(picked.row);
        deleted.push(...picked.secrets.filter((secret) => secret !== undefined));
        rows.splice(at, 1);
      }
    });
  }
  for (const { row, secrets } of rows) {
    const first = secrets.findIndex((secret) => secret !== undefined);
    assert.equal(table.first(row, secrets.length), first === -1 ? undefined : first);
    secrets.forEach((secret, at) => {
      assert.deepEqual(table.at(row, at, secrets.length), secret);
    });
  }
  table.settle();
  const files = readdirSync(folder).map((name) => toHex(readFileSync(join(folder, name))));
  const isThere = (secret: Bytes): boolean =>
    files.some(
      (file) => file.includes(sealed.get(toHex(secret)) ?? 'never sealed') || file.includes(toHex(secret)),
    );
  assert.ok(deleted.length > 200);
  assert.equal(deleted.filter(isThere).length, 0);
  const kept = rows.flatMap(({ secrets }) => secrets.filter((secret) => secret !== undefined));
  assert.ok(kept.length > 10 && kept.every(isThere), 'what is kept is found, so the search finds');
});
