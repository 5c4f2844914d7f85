/** What holds for the store on disk beyond the contract: what its files give away, and what damage to them does. */
import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { concatBytes, toHex, utf8, type Bytes } from '../base/bytes.ts';
import { isKithError } from '../base/errors.ts';
import { isNarrow } from '../identity/roles.ts';
import type { LogStore } from '../log/ports.ts';
import type { Draft, Entry, FeedInfo } from '../log/types.ts';
import { createSealer } from '../sealing/index.ts';
import { SeededRng } from '../../test/sim/rng.ts';
import { Author, erasureOf, note, notes, without } from '../../test/support/author.ts';
import { dumpStore } from '../../test/support/dump.ts';
import { allBytesIn, temporaryFolder } from '../../test/support/folder.ts';
import { fakeSealer } from '../../test/support/sealer.ts';
import { openDatabase, type Database } from './database.ts';
import { openLogStore } from './log-store.ts';
import { MIGRATIONS } from './migrations.ts';

function inOne(store: LogStore, work: () => void): void {
  store.transact(work);
}

const MARK = utf8('a mark: ');

/** What follows the word that all marks start with, found in one pass. */
function marksIn(bytes: Buffer): ReadonlySet<string> {
  const found = new Set<string>();
  for (let at = bytes.indexOf(MARK); at >= 0; at = bytes.indexOf(MARK, at + 1)) {
    found.add(bytes.toString('hex', at, at + MARK.byteLength + 12));
  }
  return found;
}

/** Bytes that are found nowhere by chance. */
function marked(rng: SeededRng, audience: string): { draft: Draft; marks: Bytes[] } {
  const marks = Array.from({ length: 2 }, () => concatBytes(MARK, rng.bytes(12)));
  // In front, so that no mark lies across two pages of a long value.
  const filler = new Uint8Array(rng.chance(10) ? rng.between(3000, 30_000) : rng.below(400)).fill(0x41);
  const parts = marks.map((mark, index) => ({
    audience: index === 0 ? 'public' : audience,
    payload: concatBytes(mark, filler),
  }));
  return { draft: { kind: 'x-marked', lane: 'data', parts }, marks };
}

/** What keeps SQLite from moving rows, and so from leaving copies: none goes, none changes its size, new ones come last. */
function mustNotMove(database: Database, before: ReadonlyMap<unknown, unknown>): Map<unknown, unknown> {
  const rows = database.sql('SELECT row, length(bytes) AS size FROM bodies ORDER BY row').all();
  const after = new Map(rows.map(({ row, size }) => [row, size]));
  assert.deepEqual([...after].slice(0, before.size), [...before]);
  return after;
}

/** Feeds that grow in turns, parts that come late, erasures at any time: pages split and rows move as they do in life. */
test('after an erasure and a checkpoint the plaintext is in no file', (t) => {
  const rng = new SeededRng(4);
  let erasedParts = 0;
  for (let round = 0; round < 4; round += 1) {
    const folder = temporaryFolder(t);
    const database = openDatabase(join(folder, 'kith.db'));
    database.sql(`PRAGMA cache_size = ${String(round % 2 === 0 ? 16 : 4000)}`).get();
    database.sql('PRAGMA synchronous = OFF').get();
    // Nothing is sealed here: what would not be erased would be seen.
    const store = openLogStore(database, { seal: (_, bytes) => bytes, open: (_, bytes) => bytes });
    const author = new Author(round);
    const feeds = Array.from({ length: 12 }, () => author.feed());
    inOne(store, () => feeds.forEach((feed) => store.addFeed(feed)));
    const held: { entry: Entry; mark: Bytes; part: number }[] = [];
    const erased: Bytes[] = [];
    const coming: (() => void)[] = [];
    let sizes = new Map<unknown, unknown>();
    for (let batch = 0; batch < 60; batch += 1) {
      inOne(store, () => {
        for (const feed of rng.shuffled(feeds).slice(0, 4)) grow(feed);
        for (const put of coming.splice(0, rng.below(coming.length + 1))) put();
        for (let n = 0; n < 12; n += 1) eraseOne();
      });
      if (batch % 7 === 0) database.checkpoint();
      sizes = mustNotMove(database, sizes);
    }
    inOne(store, () => coming.forEach((put) => put()));
    database.checkpoint();
    const found = marksIn(allBytesIn(folder));
    assert.deepEqual(
      erased.filter((mark) => found.has(toHex(mark))),
      [],
    );
    const kept = held.filter(({ mark }) => found.has(toHex(mark)));
    assert.equal(kept.length, held.length, 'what was not erased is still there');
    erasedParts += erased.length;
    database.close();

    function grow(feed: FeedInfo): void {
      const written = Array.from({ length: rng.between(1, 6) }, () => marked(rng, 'members'));
      const entries = author.write(
        feed,
        written.map(({ draft }) => draft),
      );
      const late = rng.chance(30);
      store.append(
        feed.id,
        entries.map((entry) => (late ? without(entry, 1) : entry)),
      );
      entries.forEach((entry, index) => {
        written[index]?.marks.forEach((mark, part) => held.push({ entry, mark, part }));
        const bytes1 = entry.parts[1];
        if (late && bytes1) coming.push(() => store.putPart(feed.id, entry.header.seq, 1, bytes1));
      });
    }

    function eraseOne(): void {
      const [one] = held.splice(rng.below(held.length), 1);
      if (one === undefined) return;
      store.erase(erasureOf(one.entry, one.part));
      erased.push(one.mark);
    }
  }
  assert.ok(erasedParts > 1500, `${String(erasedParts)} parts were erased`);
});

test('a transaction that is undone leaves nothing of its parts after a checkpoint', (t) => {
  const folder = temporaryFolder(t);
  const database = openDatabase(join(folder, 'kith.db'));
  database.sql('PRAGMA cache_size = 8').get();
  const store = openLogStore(database, fakeSealer, () => false);
  const author = new Author(1);
  const feed = author.feed();
  inOne(store, () => store.addFeed(feed));
  assert.throws(() =>
    store.transact(() => {
      store.append(feed.id, author.write(feed, notes(900, 'public', 'members')));
      throw new Error('stop');
    }),
  );
  database.checkpoint();
  assert.ok(!allBytesIn(folder).includes('note 7'));
  database.close();
});

test('parts for fewer than the whole network are never plaintext in a file', (t) => {
  const folder = temporaryFolder(t);
  const database = openDatabase(join(folder, 'kith.db'));
  const sealer = createSealer(new Uint8Array(32).fill(9));
  const table = 'entries';
  const store = openLogStore(
    database,
    {
      seal: (key, bytes) => sealer.seal({ table, key }, bytes),
      open: (key, bytes) => sealer.open({ table, key }, bytes),
    },
    isNarrow,
  );
  const author = new Author(1);
  const feed = author.feed();
  const audiences = [
    'roll',
    'public',
    'members',
    'admins',
    'grant:medical',
    'room:r1',
    'member:m',
    'folder:f',
  ];
  const entries = author.write(feed, [...notes(200, ...audiences), note('x'.repeat(20_000), ...audiences)]);
  inOne(store, () => {
    store.addFeed(feed);
    store.append(
      feed.id,
      entries.map((entry) => without(entry, 2)),
    );
    for (const entry of entries)
      store.putPart(feed.id, entry.header.seq, 2, entry.parts[2] ?? new Uint8Array(0));
  });
  for (const when of ['in the write-ahead log', 'in the file']) {
    const bytes = allBytesIn(folder);
    for (const audience of audiences)
      assert.equal(bytes.includes(`for ${audience}`), !isNarrow(audience), `${audience} ${when}`);
    database.checkpoint();
  }
  const read = [...store.read({ feed: feed.id, from: 1, to: 300 })].map(({ parts }) =>
    parts.map((part) => part && toHex(part)),
  );
  assert.deepEqual(
    read,
    entries.map(({ parts }) => parts.map((part) => part && toHex(part))),
  );
  database.close();
});

test('a sealed part opens in its own place only', (t) => {
  const path = join(temporaryFolder(t), 'kith.db');
  const database = openDatabase(path);
  const contexts: string[] = [];
  const listening = {
    seal: (context: string, bytes: Bytes) => (contexts.push(context), fakeSealer.seal(context, bytes)),
    open: (context: string, bytes: Bytes) => fakeSealer.open(context, bytes),
  };
  const store = openLogStore(database, listening, isNarrow);
  const author = new Author(1);
  const [one, two] = [author.feed(), author.feed()];
  inOne(store, () => {
    for (const feed of [one, two]) {
      store.addFeed(feed);
      store.append(feed.id, author.write(feed, notes(2, 'members', 'admins', 'public')));
    }
  });
  assert.equal(new Set(contexts).size, 8, 'each part has a context of its own');
  database.close();

  const again = openDatabase(path);
  const foreign = openLogStore(
    again,
    { ...fakeSealer, open: (context, bytes) => fakeSealer.open(`${context}!`, bytes) },
    isNarrow,
  );
  assert.throws(() => [...foreign.read({ feed: one.id, from: 1, to: 1 })], isDamaged);
  again.close();
});

function isDamaged(error: unknown): boolean {
  return isKithError(error, 'damaged-data') && error.next?.includes('kith restore') === true;
}

/** The log's tables alone: pages of tables that are empty would tell nothing. */
const LOG_ALONE = { migrations: MIGRATIONS.slice(0, 1) };

/** A store with some of everything, closed. */
function storedAt(path: string): object {
  const database = openDatabase(path, LOG_ALONE);
  const store = openLogStore(database, fakeSealer, isNarrow);
  const author = new Author(3);
  for (let n = 0; n < 3; n += 1) {
    const feed = author.feed();
    inOne(store, () => {
      store.addFeed(feed);
      store.append(feed.id, author.write(feed, [...notes(150, 'public', 'members'), note('y'.repeat(9000))]));
      store.setFolded(feed.id, 150, new Map([[feed.id, 9]]));
    });
  }
  const dump = dumpStore(store);
  database.close();
  return dump;
}

/** Everything that the file holds, or undefined when it is said to be damaged. */
function readAll(path: string): object | undefined {
  let database;
  try {
    database = openDatabase(path, LOG_ALONE);
    return dumpStore(openLogStore(database, fakeSealer, isNarrow));
  } catch (error) {
    assert.ok(isDamaged(error), String(error));
    return undefined;
  } finally {
    try {
      database?.close();
    } catch (error) {
      assert.ok(isKithError(error), String(error));
    }
  }
}

test('damage of any page, or of one bit, is noticed: other data than was written never comes back', (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, 'kith.db');
  const expected = storedAt(path);
  const whole = readFileSync(path);
  const damaged = join(folder, 'damaged.db');
  const rng = new SeededRng(8);
  const pages = whole.byteLength / 4096;
  let noticed = 0;
  let rounds = 0;
  const check = (change: (bytes: Buffer) => void): void => {
    const bytes = Buffer.from(whole);
    change(bytes);
    writeFileSync(damaged, bytes);
    const found = readAll(damaged);
    if (found === undefined) noticed += 1;
    else assert.deepEqual(found, expected);
    rounds += 1;
  };
  for (let page = 0; page < pages; page += 1) check((bytes) => bytes.fill(0, page * 4096, (page + 1) * 4096));
  for (let n = 0; n < 60; n += 1) check((bytes) => bytes.set(rng.bytes(512), rng.below(pages * 8) * 512));
  for (let n = 0; n < 120; n += 1) {
    const at = rng.below(whole.byteLength);
    check((bytes) => bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << rng.below(8)), at));
  }
  copyFileSync(path, damaged);
  assert.deepEqual(readAll(damaged), expected);
  assert.ok(noticed > rounds / 2, `${String(noticed)} of ${String(rounds)} were in places that matter`);
});

test('a full disk in the middle of an append leaves store and memory as they were', (t) => {
  const database = openDatabase(join(temporaryFolder(t), 'kith.db'), { maxPages: 60 });
  const store = openLogStore(database, fakeSealer, isNarrow);
  const author = new Author(1);
  const feed = author.feed();
  inOne(store, () => {
    store.addFeed(feed);
    store.append(feed.id, author.write(feed, notes(10, 'public', 'members')));
  });
  const before = dumpStore(store);
  const many = author.write(feed, notes(2000, 'public', 'members'));
  assert.throws(
    () => store.transact(() => store.append(feed.id, many)),
    (error) => isKithError(error, 'disk-full'),
  );
  assert.deepEqual(dumpStore(store), before);
  database.sql('PRAGMA max_page_count = 100000').get();
  inOne(store, () => store.append(feed.id, many));
  assert.equal(store.feed(feed.id)?.seq, 2010);
  database.close();
});
