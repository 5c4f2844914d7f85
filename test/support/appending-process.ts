/**
 * Appends batch after batch to a database, as fast as it can, until it is killed or the disk refuses. For each batch
 * that is committed it prints how far the feed goes. Arguments: the file, and entries in a batch.
 */
import { writeSync } from 'node:fs';
import { idToBytes } from '../../src/base/ids.ts';
import { isKithError } from '../../src/base/errors.ts';
import { isNarrow } from '../../src/identity/roles.ts';
import { sealDrafts } from '../../src/log/writing.ts';
import { openDatabase } from '../../src/store/database.ts';
import { openLogStore } from '../../src/store/log-store.ts';
import { openMetaStore } from '../../src/store/meta-store.ts';
import { Author, notes, standingClock } from './author.ts';
import { fakeSealer } from './sealer.ts';

/** Of the same seed, so that each life of the process goes on in the same feed. */
const author = new Author(1);
const feed = author.feed('data', '11'.repeat(16));

const [path = '', size = ''] = process.argv.slice(2);
const database = openDatabase(path);
const store = openLogStore(database, fakeSealer, isNarrow);
const meta = openMetaStore(database);

function appendBatch(): number {
  return store.transact(() => {
    if (store.feed(feed.id) === undefined) store.addFeed(feed);
    const state = store.feed(feed.id);
    if (state === undefined) throw new Error('the feed was added');
    const deps = { clock: standingClock(), rng: author.rng, signer: author.signer };
    const entries = sealDrafts(deps, feed, state, notes(Number(size), 'public', 'members'), []);
    store.append(feed.id, entries);
    const end = state.seq + entries.length;
    store.setFolded(feed.id, end, new Map());
    meta.set('end', idToBytes(store.feed(feed.id)?.hash ?? state.hash));
    return end;
  });
}

for (;;) {
  try {
    writeSync(1, `${String(appendBatch())}\n`);
  } catch (error) {
    if (!isKithError(error)) throw error;
    writeSync(1, `${error.code} ${String(store.feed(feed.id)?.seq ?? 0)}\n`);
    try {
      appendBatch();
    } catch (again) {
      writeSync(1, `${isKithError(again) ? again.code : String(again)}\n`);
    }
    process.exit(0);
  }
}
