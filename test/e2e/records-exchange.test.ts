/** Files of records through a real node: taken in, killed in the middle of it, and given out again. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import type { RecordsImported } from '../../src/api/contract.ts';
import type { NodeProcess } from '../../scripts/nodes/node-process.ts';
import { scene, step, type Stage } from '../support/stage.ts';
import { findingsIn } from '../support/pfif-findings.ts';

const ALONE = ['--no-mdns', '--listen', '127.0.0.1:0'];
const PERSONS = 3000;
/** Every tenth has a note; every hundredth is bad, and takes its note along. */
const NOTES = PERSONS / 10;
const BAD = PERSONS / 100;
const RECORDS = PERSONS + NOTES;

function person(n: number): string {
  const note =
    n % 10 === 0
      ? `<note><note_record_id>a.org/n${String(n)}</note_record_id><source_date>2026-11-01T00:00:00Z</source_date>` +
        '<author_name>Ada</author_name><status>believed_alive</status><text>seen</text></note>'
      : '';
  return (
    `<person><person_record_id>a.org/${String(n)}</person_record_id><source_date>2026-11-01T00:00:00Z</source_date>` +
    `<full_name>Nur Begum ${String(n)}</full_name><sex>${n % 100 === 0 ? 'unknown' : 'female'}</sex><age>30</age>` +
    `<home_state>Rakhine</home_state><home_city>Sittwe</home_city>${note}</person>`
  );
}

function pfifFile(stage: Stage): string {
  const path = stage.path('people.xml');
  const persons = Array.from({ length: PERSONS }, (_, n) => person(n));
  writeFileSync(path, `<pfif xmlns="http://zesty.ca/pfif/1.4">\n${persons.join('\n')}\n</pfif>\n`);
  return path;
}

/** @returns how many of its steps the import told of before the node was gone. */
async function killedAfter(steps: number, node: NodeProcess, path: string): Promise<void> {
  let told = 0;
  try {
    for await (const found of node.client.lines('importRecords', { path })) {
      told += 1;
      assert.notEqual(found.step, 'done', 'it was done before it could be killed');
      if (told === steps) await node.kill();
    }
  } catch {
    return;
  }
  assert.fail('the node was not killed');
}

scene('a file of records, through kill -9', async (stage, t) => {
  const ada = await stage.founder('Ada', ALONE);
  const path = pfifFile(stage);

  await step(t, 'goes on where it was, whenever it is stopped', async () => {
    for (const steps of [2, 3]) {
      await killedAfter(steps, ada, path);
      await ada.up(ALONE);
    }
    const { read, added, updated, skipped, errors } = await ada.json<RecordsImported>([
      'record',
      'import',
      path,
    ]);
    assert.deepEqual(
      { read, added, updated, skipped },
      { read: RECORDS, added: RECORDS - 2 * BAD, updated: 0, skipped: 2 * BAD },
    );
    assert.deepEqual(
      errors.filter(({ code }) => code === 'bad-value').map(({ line }) => line),
      Array.from({ length: BAD }, (_, n) => n * 100 + 2),
    );
    assert.equal(
      errors.filter(({ code }) => code === 'unknown-record').length,
      BAD,
      'notes of those who were not taken',
    );
  });

  await step(t, 'again changes nothing', async () => {
    const again = await ada.json<RecordsImported>(['record', 'import', path]);
    assert.deepEqual([again.added, again.updated, again.skipped], [0, 0, RECORDS]);
  });

  await step(t, 'comes out as PFIF 1.4, whole, on stdout', async () => {
    const { stdout } = await ada.kith(['record', 'export']);
    assert.equal(stdout.match(/<pfif:person>/g)?.length, PERSONS - BAD);
    assert.equal(stdout.match(/<pfif:note>/g)?.length, NOTES - BAD);
    assert.deepEqual(findingsIn(stdout, Date.parse('2026-11-28T00:00:00Z')), []);
  });

  await step(t, 'comes out for readers without what the public may not see, as a file', async () => {
    const out = stage.path('public.csv');
    const { written } = await ada.json<{ written: number }>([
      ...['record', 'export', '--format', 'csv', '--for', 'readers', '-o', out],
    ]);
    const text = readFileSync(out, 'utf8');
    assert.equal(written, PERSONS + NOTES - 2 * BAD);
    assert.ok(text.includes('30-34') && !text.includes('Sittwe'));
    assert.equal(
      (await ada.kith(['record', 'export', '-o', out, '--json'])).code,
      2,
      'it is not replaced unasked',
    );
  });

  await step(t, 'a file that is none is refused in words', async () => {
    const none = stage.path('none.xml');
    writeFileSync(
      none,
      '<!DOCTYPE pfif SYSTEM "file:///etc/passwd"><pfif xmlns="http://zesty.ca/pfif/1.4"/>',
    );
    const { code, stderr } = await ada.kith(['record', 'import', none, '--json']);
    assert.equal(code, 1);
    assert.equal((JSON.parse(stderr) as { code: string }).code, 'dtd-refused');
  });
});
