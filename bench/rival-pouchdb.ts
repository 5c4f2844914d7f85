/** pouchdb 9 on LevelDB: `FILE FOLDER` replicates the documents of a file of JSON lines to an empty database, in one process and without a link. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import PouchDB from 'pouchdb-node';

const [file = '', folder = ''] = process.argv.slice(2);
const BATCH = 1000;

const docs = readFileSync(file, 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => JSON.parse(line) as object);
const source = new PouchDB(join(folder, 'source'));
for (let at = 0; at < docs.length; at += BATCH) await source.bulkDocs(docs.slice(at, at + BATCH));
const target = new PouchDB(join(folder, 'target'));
const startMs = performance.now();
await PouchDB.replicate(source, target, { batch_size: BATCH, batches_limit: 10 });
process.stdout.write(`${String((performance.now() - startMs) / 1000)}\n`);
await source.close();
await target.close();
