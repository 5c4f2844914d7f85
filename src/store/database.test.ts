import assert from 'node:assert/strict';
import { chmodSync, existsSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { utf8 } from '../base/bytes.ts';
import { isKithError, KithError } from '../base/errors.ts';
import { allBytesIn, temporaryFolder } from '../../test/support/folder.ts';
import { openDatabase, type Database } from './database.ts';
import { openMetaStore } from './meta-store.ts';
import { MIGRATIONS } from './migrations.ts';

const NOTES = ['CREATE TABLE notes (text TEXT NOT NULL) STRICT'];

function coded(code: string): (error: unknown) => boolean {
  return (error) => isKithError(error, code) && error.next !== undefined;
}

function count(database: Database): unknown {
  return database.sql('SELECT count(*) AS n FROM notes').get()?.['n'];
}

function add(database: Database, text = 'a note'): void {
  database.transact(() => database.sql('INSERT INTO notes (text) VALUES (?)').run(text));
}

test('a new file gets all tables, is for its owner only, and opens again', (t) => {
  const path = join(temporaryFolder(t), 'kith.db');
  openDatabase(path).close();
  const database = openDatabase(path);
  const tables = database.sql(
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'",
  );
  const wanted = MIGRATIONS.join('').matchAll(/CREATE TABLE (\w+)/g);
  assert.deepEqual(
    new Set(tables.all().map((row) => row['name'])),
    new Set([...wanted].map(([, name]) => name)),
  );
  const pragma = (name: string): unknown => Object.values(database.sql(`PRAGMA ${name}`).get() ?? {})[0];
  assert.deepEqual(
    [
      'journal_mode',
      'synchronous',
      'secure_delete',
      'foreign_keys',
      'user_version',
      'temp_store',
      'mmap_size',
    ].map(pragma),
    ['wal', 2, 1, 1, MIGRATIONS.length, 2, 0],
  );
  openMetaStore(database).set('a', utf8('b'));
  if (process.platform !== 'win32') {
    for (const file of ['', '-wal', '-shm']) assert.equal(statSync(path + file).mode & 0o777, 0o600, file);
  }
  database.close();
  assert.equal(existsSync(`${path}-wal`), false, 'closing leaves one file');
});

test('migrations run in order, once each, and one that fails leaves the version before', (t) => {
  const path = join(temporaryFolder(t), 'kith.db');
  const first = openDatabase(path, { migrations: NOTES });
  add(first, 'kept');
  first.close();
  const broken = [...NOTES, "INSERT INTO notes VALUES ('half'); CREATE TABLE notes (oops TEXT)"];
  assert.throws(() => openDatabase(path, { migrations: broken }), coded('store-failed'));
  const again = openDatabase(path, { migrations: NOTES });
  assert.equal(count(again), 1);
  again.close();
  const second = openDatabase(path, {
    migrations: [...NOTES, "INSERT INTO notes VALUES ('from the migration')"],
  });
  assert.equal(count(second), 2);
  second.close();
});

test('a file of a newer version is left alone', (t) => {
  const path = join(temporaryFolder(t), 'kith.db');
  openDatabase(path, { migrations: [...NOTES, 'SELECT 1'] }).close();
  const before = readFileSync(path);
  assert.throws(() => openDatabase(path, { migrations: NOTES }), coded('newer-data'));
  assert.deepEqual(readFileSync(path), before);
});

test('what is no database, or not ours, is said to be damaged', (t) => {
  const folder = temporaryFolder(t);
  const text = join(folder, 'text.db');
  writeFileSync(text, 'Dear diary, '.repeat(500));
  assert.throws(() => openDatabase(text), coded('damaged-data'));

  const foreign = join(folder, 'foreign.db');
  const other = new DatabaseSync(foreign);
  other.exec('CREATE TABLE songs (title TEXT)');
  other.close();
  assert.throws(() => openDatabase(foreign), coded('damaged-data'));
  const after = new DatabaseSync(foreign);
  assert.equal(
    after.prepare('SELECT count(*) AS n FROM sqlite_schema').get()?.['n'],
    1,
    'and is not written to',
  );
  after.close();

  const cut = join(folder, 'cut.db');
  const whole = openDatabase(cut, { migrations: NOTES });
  whole.transact(() => {
    for (let n = 0; n < 2000; n += 1) whole.sql('INSERT INTO notes (text) VALUES (?)').run('x'.repeat(100));
  });
  whole.close();
  truncateSync(cut, 5 * 4096);
  assert.throws(() => {
    const database = openDatabase(cut, { migrations: NOTES });
    try {
      count(database);
    } finally {
      database.close();
    }
  }, coded('damaged-data'));
});

test('a folder that is not there is unreachable', (t) => {
  assert.throws(() => openDatabase(join(temporaryFolder(t), 'no', 'kith.db')), coded('unreachable-data'));
});

test('integrity finds a page of rubbish', (t) => {
  const path = join(temporaryFolder(t), 'kith.db');
  const database = openDatabase(path, { migrations: NOTES });
  database.transact(() => {
    for (let n = 0; n < 2000; n += 1)
      database.sql('INSERT INTO notes (text) VALUES (?)').run(`note ${String(n)}`);
  });
  assert.deepEqual(database.integrity(), []);
  database.close();
  const bytes = readFileSync(path);
  bytes.fill(0xa5, 3 * 4096, 4 * 4096);
  writeFileSync(path, bytes);
  const damaged = openDatabase(path, { migrations: NOTES });
  assert.throws(() => {
    const found = damaged.integrity();
    if (found.length > 0) throw new KithError('damaged-data', found.join(), { next: 'as integrity says' });
  }, coded('damaged-data'));
  damaged.close();
});

test('a full disk: nothing of the transaction is kept, it says so, and it goes on when there is room', (t) => {
  const database = openDatabase(join(temporaryFolder(t), 'kith.db'), { migrations: NOTES, maxPages: 12 });
  const fill = (): void =>
    database.transact(() => {
      for (let n = 0; n < 100; n += 1)
        database.sql('INSERT INTO notes (text) VALUES (?)').run('x'.repeat(1000));
    });
  add(database);
  const undone: string[] = [];
  assert.throws(
    () =>
      database.transact(() => {
        database.onRollback(() => undone.push('undone'));
        fill();
      }),
    coded('disk-full'),
  );
  assert.deepEqual(undone, ['undone']);
  assert.equal(database.transaction, undefined);
  assert.equal(count(database), 1);
  add(database);
  assert.equal(count(database), 2);
  database.sql('PRAGMA max_page_count = 100000').get();
  fill();
  assert.equal(count(database), 102);
  database.close();
});

test('a connection that only reads', (t) => {
  const path = join(temporaryFolder(t), 'kith.db');
  const writer = openDatabase(path, { migrations: NOTES });
  add(writer);
  const reader = openDatabase(path, { migrations: NOTES, readOnly: true });
  assert.equal(count(reader), 1);
  add(writer);
  assert.equal(count(reader), 2, 'sees what was committed');
  assert.throws(() => add(reader), coded('read-only-data'));
  assert.throws(
    () => openDatabase(path, { migrations: [...NOTES, 'SELECT 1'], readOnly: true }),
    coded('read-only-data'),
  );
  reader.close();
  writer.close();
});

test(
  'a file that may not be written',
  { skip: process.platform === 'win32' || process.getuid?.() === 0 },
  (t) => {
    const folder = temporaryFolder(t);
    const path = join(folder, 'kith.db');
    openDatabase(path, { migrations: NOTES }).close();
    chmodSync(path, 0o400);
    assert.throws(() => {
      const database = openDatabase(path, { migrations: NOTES });
      try {
        add(database);
      } finally {
        database.close();
      }
    }, coded('read-only-data'));
  },
);

test('after a failed flush nothing more is written until the file is opened anew', (t) => {
  const path = join(temporaryFolder(t), 'kith.db');
  // A reference that is checked at the end is the one way to make COMMIT itself fail without a broken disk.
  const deferred = [
    `CREATE TABLE one (id INTEGER PRIMARY KEY) STRICT;
     CREATE TABLE two (id INTEGER REFERENCES one (id) DEFERRABLE INITIALLY DEFERRED) STRICT`,
  ];
  const database = openDatabase(path, { migrations: deferred });
  const undone: string[] = [];
  assert.throws(
    () =>
      database.transact(() => {
        database.onRollback(() => undone.push('undone'));
        database.sql('INSERT INTO two (id) VALUES (7)').run();
      }),
    coded('store-failed'),
  );
  assert.deepEqual(undone, ['undone']);
  assert.throws(() => database.transact(() => undefined), coded('store-stopped'));
  assert.throws(() => database.checkpoint(), coded('store-stopped'));
  assert.deepEqual(database.sql('SELECT id FROM two').all(), [], 'reading goes on');
  database.close();
  const anew = openDatabase(path, { migrations: deferred });
  anew.transact(() => anew.sql('INSERT INTO one (id) VALUES (1)').run());
  anew.close();
});

test('what is replaceable waits for no flush, and what comes after it does', (t) => {
  const database = openDatabase(join(temporaryFolder(t), 'kith.db'), { migrations: NOTES });
  const [NORMAL, FULL] = [1, 2];
  const flushes = (): unknown => database.sql('PRAGMA synchronous').get()?.['synchronous'];
  assert.equal(database.transact(flushes, 'replaceable'), NORMAL);
  assert.equal(database.transact(flushes), FULL);
  const inner = (): unknown => database.transact(flushes, 'replaceable');
  assert.equal(database.transact(inner), FULL, 'the outermost call counts');
  database.close();
});

test('a transaction is one turn of the event loop', () => {
  const database = openDatabase(':memory:', { migrations: NOTES });
  assert.throws(() => database.transact(async () => Promise.resolve()), /bug/);
  assert.equal(database.transaction, undefined);
  database.close();
});

test('checkpoint says whether the write-ahead log is empty', (t) => {
  const path = join(temporaryFolder(t), 'kith.db');
  const database = openDatabase(path, { migrations: NOTES });
  database.sql('PRAGMA busy_timeout = 0').get();
  add(database);
  const reader = new DatabaseSync(path, { readOnly: true });
  reader.exec('BEGIN');
  reader.prepare('SELECT count(*) FROM notes').get();
  add(database);
  assert.equal(database.checkpoint(), false);
  reader.exec('COMMIT');
  assert.equal(database.checkpoint(), true);
  assert.equal(statSync(`${path}-wal`).size, 0);
  reader.close();
  database.close();
});

test('a copy holds everything, and nothing of what was deleted', (t) => {
  const folder = temporaryFolder(t);
  const database = openDatabase(join(folder, 'kith.db'), { migrations: NOTES });
  const secret = 'a secret that was deleted';
  database.sql('PRAGMA secure_delete = OFF').get();
  add(database, secret);
  add(database, 'kept');
  database.transact(() => database.sql('DELETE FROM notes WHERE text = ?').run(secret));
  database.checkpoint();
  assert.ok(allBytesIn(folder).includes(secret), 'without secure_delete it lingers, or this shows nothing');
  const copies = temporaryFolder(t);
  const path = join(copies, 'copy.db');
  database.copyTo(path);
  assert.throws(() => database.copyTo(path), coded('file-exists'));
  database.close();
  assert.ok(!allBytesIn(copies).includes(secret));
  if (process.platform !== 'win32') assert.equal(statSync(path).mode & 0o777, 0o600);
  const copy = openDatabase(path, { migrations: NOTES });
  assert.equal(count(copy), 1);
  copy.close();
});

test('compacting leaves nothing of what was deleted', (t) => {
  const folder = temporaryFolder(t);
  const database = openDatabase(join(folder, 'kith.db'), { migrations: NOTES });
  database.sql('PRAGMA secure_delete = OFF').get();
  add(database, 'a secret that was deleted');
  add(database, 'kept');
  database.transact(() => database.sql("DELETE FROM notes WHERE text != 'kept'").run());
  database.compact();
  assert.ok(!allBytesIn(folder).includes('a secret'));
  assert.equal(count(database), 1);
  database.close();
});

test('small facts are kept, replaced and deleted', (t) => {
  const path = join(temporaryFolder(t), 'kith.db');
  const database = openDatabase(path);
  const meta = openMetaStore(database);
  assert.equal(meta.get('incarnation'), undefined);
  meta.set('incarnation', utf8('one'));
  meta.set('incarnation', utf8('two'));
  meta.set('empty', new Uint8Array(0));
  meta.set('gone', utf8('x'));
  meta.delete('gone');
  meta.delete('never there');
  database.transact(() => meta.set('inside', utf8('a transaction')));
  database.close();
  const again = openMetaStore(openDatabase(path));
  assert.deepEqual(again.get('incarnation'), utf8('two'));
  assert.deepEqual(again.get('empty'), new Uint8Array(0));
  assert.equal(again.get('gone'), undefined);
  assert.deepEqual(again.get('inside'), utf8('a transaction'));
});

test('a damaged small fact is not given out', (t) => {
  const path = join(temporaryFolder(t), 'kith.db');
  const database = openDatabase(path);
  openMetaStore(database).set('root key', utf8('0123456789abcdef0123456789abcdef'));
  database.close();
  const bytes = readFileSync(path);
  bytes.write('X', bytes.indexOf('0123456789abcdef') + 5);
  writeFileSync(path, bytes);
  const damaged = openDatabase(path);
  assert.throws(() => openMetaStore(damaged).get('root key'), coded('damaged-data'));
  damaged.close();
});

test('what is written soon is written together, in order, and before anything that is to last', (t) => {
  const path = join(temporaryFolder(t), 'kith.db');
  let write = (): void => assert.fail('nothing was to be written');
  const later = (run: () => void): void => {
    write = run;
  };
  const database = openDatabase(path, { migrations: NOTES, later });
  const other = openDatabase(path, { migrations: NOTES, readOnly: true });
  const soon = (text: string, undo?: () => void): void => {
    database.transact(() => {
      if (undo !== undefined) database.onRollback(undo);
      database.sql('INSERT INTO notes (text) VALUES (?)').run(text);
      if (text === 'bad') throw new Error('no');
    }, 'soon');
  };
  soon('one');
  const undone: string[] = [];
  assert.throws(() => {
    soon('bad', () => undone.push('bad'));
  }, /no/);
  soon('two');
  assert.deepEqual([count(database), count(other), undone], [2, 0, ['bad']]);
  write();
  assert.equal(count(other), 2);
  write();
  soon('three');
  add(database);
  assert.equal(count(other), 4, 'with what has to last');
  soon('five');
  assert.ok(database.checkpoint());
  assert.equal(count(other), 5);
  soon('six');
  other.close();
  database.close();
  const again = openDatabase(path, { migrations: NOTES });
  assert.equal(count(again), 6);
  again.close();
});

test('when the disk is full, none of what was to be written together is remembered as if it were', (t) => {
  const path = join(temporaryFolder(t), 'kith.db');
  const database = openDatabase(path, { migrations: NOTES, later: () => undefined, maxPages: 8 });
  const undone: number[] = [];
  const soon = (n: number): void => {
    database.transact(() => {
      database.onRollback(() => undone.push(n));
      database.sql('INSERT INTO notes (text) VALUES (?)').run('x'.repeat(3000));
    }, 'soon');
  };
  let written = 0;
  assert.throws(() => {
    for (; written < 100; written += 1) soon(written);
  }, coded('disk-full'));
  assert.ok(undone.includes(written));
  assert.equal(count(database), written + 1 - undone.length);
  database.close();
});
