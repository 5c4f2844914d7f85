/** What is kept of replaced and deleted files, and for how long: over the real tables and the real store, in time that the test makes pass. */
import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { utf8, type Bytes } from '../base/bytes.ts';
import { silentLogger } from '../base/ports.ts';
import { openDatabase } from '../store/database.ts';
import { fileSealer } from '../../test/support/file-sealer.ts';
import { openFileIndex } from '../store/file-store.ts';
import { openFolderRoots } from '../store/folder-store.ts';
import { openKeepingRows } from '../store/keeping-store.ts';
import { openPieceRows } from '../store/piece-store.ts';
import { ManualTimers } from '../../test/sim/manual-timers.ts';
import { SeededRng } from '../../test/sim/rng.ts';
import { versionCodec } from './index/stored.ts';
import { versionIdOf } from './index/wire.ts';
import { KeptClock, type KeptTime } from './kept-clock.ts';
import { folderOwner, PieceService } from './pieces/service.ts';
import type { IndexedVersion } from './ports-index.ts';
import { Retention } from './retention.ts';
import type { Content, ContentId, FolderId, VersionId } from './types.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const FOLDER = 'f0'.repeat(32) as FolderId;
const FEED = 'fe'.repeat(32) as never;
const DEVICE = 'de'.repeat(32) as never;
const ROOT = { folder: FOLDER, path: '/somewhere', mode: 'sync' } as const;

class Stage {
  readonly timers = new ManualTimers();
  readonly folder = mkdtempSync(join(tmpdir(), 'kith-kept-'));
  readonly used = new Set<ContentId>();
  readonly gone: ContentId[] = [];
  rules = { days: 30, bytes: 10_000 };
  jumpedMs = 0;
  isDying = false;
  readonly #database = openDatabase(':memory:');
  readonly #sealer = fileSealer(5);
  readonly index = openFileIndex(this.#database, this.#sealer, versionCodec);
  readonly roots = openFolderRoots(this.#database, this.#sealer);
  #time: KeptTime | undefined;
  #seq = 0;
  pieces = this.#pieces();
  #retention = this.#retaining();

  constructor(t: TestContext) {
    this.#database.transact(() => {
      this.index.addFact({ feed: FEED, seq: 1 }, FOLDER, utf8('founded'));
    });
    this.roots.put(ROOT);
    t.after(() => {
      this.#retention.stop();
      rmSync(this.folder, { recursive: true });
    });
  }

  #pieces(): PieceService {
    const rows = openPieceRows(this.#database, this.#sealer);
    const { folder } = this;
    return new PieceService({
      rows,
      sealer: this.#sealer,
      folder,
      logger: silentLogger,
      lost: () => undefined,
    });
  }

  #retaining(): Retention {
    const clock = new KeptClock({
      clock: { nowMs: () => this.timers.nowMs + this.jumpedMs },
      read: () => this.#time,
      write: (time) => {
        this.#time = time;
      },
    });
    return new Retention({
      rows: openKeepingRows(this.#database, this.#sealer),
      timers: this.timers,
      logger: silentLogger,
      nowMs: () => clock.nowMs(),
      rules: () => this.rules,
      inUse: (content) => this.used.has(content),
      letGo: (contents, andThen) => {
        this.#database.transact(() => {
          for (const content of contents) this.pieces.rows.release(folderOwner(FOLDER, content));
          andThen();
          if (this.isDying) throw new Error('killed');
        });
        this.pieces.collect();
        this.gone.push(...contents);
      },
    });
  }

  /** The program ends, and is started again after that time. */
  restart(afterMs: number): void {
    this.#retention.stop();
    this.jumpedMs += afterMs;
    this.pieces = this.#pieces();
    this.#retention = this.#retaining();
  }

  /** A small file as it is saved: in the store, and a version that replaces those. */
  async save(
    path: string,
    bytes: Bytes,
    ...parents: IndexedVersion[]
  ): Promise<IndexedVersion & { content: Content }> {
    const content = await this.pieces.addBytes(bytes, (id) => folderOwner(FOLDER, id));
    return {
      ...this.add(path, { type: 'file', content, modifiedMs: 1, executable: false }, parents),
      content,
    };
  }

  add(path: string, state: IndexedVersion['state'], parents: readonly IndexedVersion[]): IndexedVersion {
    this.#seq += 1;
    const ids = parents.map(({ id }) => id).sort();
    const body = { folder: FOLDER, path, parents: ids, state, renamedFrom: undefined };
    const id: VersionId = versionIdOf(body);
    const version = { ...body, id, device: DEVICE, hlc: { ms: 1, n: this.#seq }, audiences: ['members'] };
    this.#database.transact(() => {
      this.index.addVersions({ feed: FEED, seq: this.#seq + 1 }, [version]);
    });
    return version;
  }

  days(count: number): void {
    this.timers.advance(count * DAY_MS);
  }

  async has(content: Content): Promise<boolean> {
    const read = await Promise.all((content.pieces ?? []).map((piece) => this.pieces.read(piece)));
    return !read.includes(undefined);
  }

  blobs(): string[] {
    return readdirSync(this.folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.length > 3);
  }
}

test('what was replaced or deleted is there for thirty days, and what stands for good', async (t) => {
  const stage = new Stage(t);
  const first = await stage.save('a', utf8('first'));
  const other = await stage.save('b', utf8('other'));
  stage.days(100);
  const second = await stage.save('a', utf8('second'), first);
  stage.add('b', { type: 'deleted' }, [other]);
  stage.days(29);
  assert.equal(stage.blobs().length, 3);
  stage.days(2);
  assert.deepEqual(await Promise.all([first, second, other].map(({ content }) => stage.has(content))), [
    false,
    true,
    false,
  ]);
  assert.equal(stage.blobs().length, 1);
});

test('what comes back within its time counts from when it is replaced again', async (t) => {
  const stage = new Stage(t);
  const first = await stage.save('a', utf8('first'));
  const second = await stage.save('a', utf8('second'), first);
  stage.days(20);
  const again = await stage.save('a', utf8('first'), second);
  stage.days(20);
  assert.ok(await stage.has(first.content));
  await stage.save('a', utf8('third'), again);
  stage.days(20);
  assert.deepEqual(await Promise.all([first, second].map(({ content }) => stage.has(content))), [
    true,
    false,
  ]);
});

test('where there is too much the oldest goes first; what others are made of too stays, and counts once', async (t) => {
  const stage = new Stage(t);
  const rng = new SeededRng(3);
  const bytes = rng.bytes(4000);
  let last = await stage.save('a', bytes);
  // Of the same bytes as the first one, and it stands.
  const twin = await stage.save('b', bytes);
  const all = [last];
  for (let n = 0; n < 4; n += 1) {
    stage.days(1);
    last = await stage.save('a', rng.bytes(4000), last);
    all.push(last);
  }
  stage.days(1);
  assert.equal(twin.content.id, all[0]?.content.id);
  assert.deepEqual(
    await Promise.all(all.map(({ content }) => stage.has(content))),
    [true, false, true, true, true],
    'three are too many by one: the first stands elsewhere, so the second goes',
  );
  stage.rules = { days: 30, bytes: 0 };
  stage.days(1);
  assert.deepEqual(await Promise.all(all.map(({ content }) => stage.has(content))), [
    true,
    false,
    false,
    false,
    true,
  ]);
});

test('in a folder that was left all is let go after its time, and what is there still when it is joined again stays', async (t) => {
  const stage = new Stage(t);
  const [kept, left] = [await stage.save('a', utf8('one')), await stage.save('b', utf8('two'))];
  stage.roots.remove(FOLDER);
  stage.days(20);
  stage.roots.put(ROOT);
  stage.days(20);
  assert.ok(await stage.has(kept.content));
  stage.roots.remove(FOLDER);
  stage.days(32);
  assert.deepEqual(await Promise.all([kept, left].map(({ content }) => stage.has(content))), [false, false]);
  assert.deepEqual(stage.blobs(), []);
});

test('a clock that jumps, or a node that was off for a year, uses up a day', async (t) => {
  const stage = new Stage(t);
  const first = await stage.save('a', utf8('first'));
  await stage.save('a', utf8('second'), first);
  stage.days(1);
  stage.jumpedMs += 365 * DAY_MS;
  stage.days(1);
  stage.jumpedMs -= 700 * DAY_MS;
  stage.days(1);
  stage.restart(365 * DAY_MS);
  stage.days(1);
  assert.ok(await stage.has(first.content));
  stage.days(30);
  assert.equal(await stage.has(first.content), false);
});

test('what comes new does not inherit the time of what went', async (t) => {
  const stage = new Stage(t);
  const { id } = await stage.pieces.addBytes(utf8('fetched'), () => 'a fetch');
  stage.days(20);
  stage.pieces.release('a fetch');
  assert.equal(stage.pieces.rows.listOf(id), undefined);
  const first = await stage.save('a', utf8('first'));
  await stage.save('a', utf8('second'), first);
  stage.days(20);
  assert.ok(await stage.has(first.content));
});

test('what is on its way to somebody stays until it is there', async (t) => {
  const stage = new Stage(t);
  const first = await stage.save('a', utf8('first'));
  await stage.save('a', utf8('second'), first);
  stage.used.add(first.content.id);
  stage.days(40);
  assert.ok(await stage.has(first.content));
  stage.used.clear();
  stage.days(1);
  assert.deepEqual(stage.gone, [first.content.id]);
});

test('killed in the middle: what the tables still know of stays, and files that they know nothing of go', async (t) => {
  const stage = new Stage(t);
  const first = await stage.save('a', utf8('first'));
  const [old = ''] = stage.blobs();
  copyFileSync(join(stage.folder, old), join(stage.folder, 'saved'));
  const second = await stage.save('a', utf8('second'), first);
  stage.isDying = true;
  stage.days(40);
  assert.ok(await stage.has(first.content), 'before anything was on disk: nothing has gone');
  stage.isDying = false;
  stage.restart(HOUR_MS);
  stage.days(1);
  assert.equal(await stage.has(first.content), false);
  // After the tables, before the files; another one was being written.
  copyFileSync(join(stage.folder, 'saved'), join(stage.folder, old));
  writeFileSync(join(stage.folder, `${old}.7.new`), 'half');
  stage.restart(HOUR_MS);
  for (let part = 0; part < 256; part += 1) await stage.pieces.tidy(part);
  assert.deepEqual(
    [old, `${old}.7.new`].map((name) => existsSync(join(stage.folder, name))),
    [false, false],
  );
  assert.ok(await stage.has(second.content));
});
