/**
 * Random records of every kind go to a reader's node, which must hold nothing above public (R7). KITH_RECORDS=100000
 * for as many as the bar asks for.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { encodeCbor } from '../../src/base/cbor.ts';
import { encodeRun } from '../../src/log/wire.ts';
import { KIND_NAMES, KINDS, type FieldType, type KindName } from '../../src/records/index.ts';
import { SeededRng } from '../sim/rng.ts';
import { allOf, RecordWorld } from '../support/record-world.ts';

const RECORDS = Number(process.env['KITH_RECORDS'] ?? 2000);
const BATCH = 500;
const LIMIT_BYTES = 512 * 1024;

/** In every text that is not for readers; no text that is has one of them. */
const MARKS = ['zqzqzq', '+4711', '-03-17', 'believed_dead'];

/** A value of that type that tells that it is not for readers, where the type has room for it. */
function marked(type: FieldType, at: string, rng: SeededRng): string {
  if (typeof type !== 'string') return type[rng.below(type.length)] ?? '';
  switch (type) {
    case 'record-id':
      return `zqzqzq.org/${at}`;
    case 'time':
      return '2036-03-17T01:02:03Z';
    case 'date':
      return `19${String(40 + rng.below(45))}-03-17`;
    case 'age':
      return String(19 + rng.below(60));
    case 'email':
      return `zqzqzq${at}@example.org`;
    case 'phone':
      return `+4711 ${String(rng.below(1_000_000))}`;
    case 'country':
      return 'MM';
    case 'boolean':
      return 'false';
    case 'count':
      return String(rng.below(100));
    default:
      return `zqzqzq${at} hidden`;
  }
}

function open(type: FieldType, at: string, rng: SeededRng): string {
  if (type === 'time') return '2036-11-01T00:00:00Z';
  if (type === 'line' || type === 'text' || type === 'list') return `Open ${at}`;
  return marked(type, at, rng);
}

/** Why readers see nothing of this one; most they may see. */
const WITHHELD: readonly Readonly<Record<string, string>>[] = [
  { age: '9' },
  { date_of_birth: '2015-03-17', age: '40' },
  { opt_out: 'true' },
  { consent: 'refused' },
  { consent: 'withdrawn' },
];

interface Made {
  readonly id: string;
  readonly kind: KindName;
  readonly fields: Readonly<Record<string, string>>;
}

function make(index: number, rng: SeededRng, persons: readonly Made[]): Made {
  const kind = KIND_NAMES[rng.below(KIND_NAMES.length)] ?? 'person';
  const id = `example.org/${String(index)}`;
  const about = persons[rng.below(persons.length)];
  const withheld = kind === 'person' && rng.below(3) === 0 ? WITHHELD[rng.below(WITHHELD.length)] : undefined;
  const fields: Record<string, string> = {};
  for (const [name, spec] of Object.entries(KINDS[kind].fields)) {
    if (!spec.required && rng.below(3) === 0) continue;
    const at = `${String(index)}${name}`;
    const isOpen = spec.class === 'public' && withheld === undefined && KINDS[kind].readers;
    fields[name] = (isOpen ? open : marked)(spec.type, at, rng);
  }
  Object.assign(fields, { consent: '', opt_out: '' }, withheld);
  if (kind === 'note') fields['person_record_id'] = about?.id ?? 'example.org/none';
  const known = Object.entries(fields).filter(([name, value]) => value !== '' && name in KINDS[kind].fields);
  return { id, kind, fields: { ...Object.fromEntries(known), source_date: '2026-11-01T00:00:00Z' } };
}

function mustBeClean(bytes: Uint8Array, where: string): void {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const mark of MARKS)
    assert.ok(!text.includes(mark), `${where} holds what is not for readers: ${mark}`);
}

void test(`${String(RECORDS)} random records: nothing above public reaches a reader’s node`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'kith-r7-'));
  try {
    let files = 0;
    const world = new RecordWorld({ file: () => join(folder, `${String((files += 1))}.db`) });
    const reader = world.admit('Ray', 'reader');
    const { founder } = world;
    world.grant(founder, 'deceased');
    const rng = new SeededRng(7);
    const persons: Made[] = [];
    for (let from = 0; from < RECORDS; from += BATCH) {
      const made = Array.from({ length: Math.min(BATCH, RECORDS - from) }, (_, at) =>
        make(from + at, rng, persons),
      );
      const items = made.map((one, at) => ({ ...one, line: from + at + 1 }));
      assert.deepEqual(founder.desk.bulkAdd('random', items, from + items.length).errors, []);
      persons.push(...made.filter(({ kind }) => kind === 'person'));
    }
    for (const { info, seq } of founder.node.log.feeds()) {
      if (info.lane !== 'data') continue;
      for (let next = 1; next <= seq;) {
        const run = founder.node.runFor(reader.node, info.id, next, LIMIT_BYTES);
        mustBeClean(encodeCbor(encodeRun(run)), 'the wire');
        next += run.entries.length;
      }
    }
    world.sync();
    const shown = allOf(reader);
    assert.ok(shown.length > RECORDS / 10, 'most people may be seen');
    const ids = new Set(shown.map(({ id }) => id));
    for (const { kind, fields } of shown) {
      if (kind === 'note')
        assert.ok(ids.has(fields['person_record_id'] ?? ''), 'a note about who is withheld');
      mustBeClean(Buffer.from(JSON.stringify(fields)), 'what is shown');
      for (const [name, value] of Object.entries(fields)) {
        const isBand = name === 'age' && /^\d+[05]-\d*[49]$|^[05]-4$|^5-9$/.test(value);
        assert.ok(isBand || KINDS[kind].fields[name]?.class === 'public', `${name}=${value} is shown`);
      }
    }
    reader.database.checkpoint();
    const own = readdirSync(folder).filter((name) => name.startsWith('2.db'));
    assert.ok(own.length > 0);
    for (const name of own) mustBeClean(readFileSync(join(folder, name)), `the reader’s file ${name}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
