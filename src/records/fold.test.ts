import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_DRIFT_MS } from '../base/hlc.ts';
import type { DeviceKey, EntryHash, FeedId } from '../base/ids.ts';
import { SeededRng } from '../../test/sim/rng.ts';
import { foldSlowly } from '../../test/support/reference-record-fold.ts';
import { foldSide, SideFold, type Side, type SideEntry } from './fold.ts';

const FEED = 'fe'.repeat(32) as FeedId;
const hex = (n: number): string => n.toString(16).padStart(64, '0');

/** A random history: some write on, some beside, some with a clock that is wrong, a few of another kind or the last. */
function history(seed: number, size: number): SideEntry[] {
  const rng = new SeededRng(seed);
  const hashes = Array.from({ length: size }, (_, at) => hex(rng.below(1_000_000) * 1000 + at) as EntryHash);
  return hashes.map((hash, at) => ({
    place: { feed: FEED, seq: at + 1 },
    hash,
    hlc: {
      ms: 1_000_000_000 + at * 1000 + (rng.below(4) === 0 ? rng.below(5 * MAX_DRIFT_MS) : 0),
      n: rng.below(3),
    },
    device: hex(rng.below(3)) as DeviceKey,
    kind: rng.below(30) === 0 ? 'note' : 'person',
    op: rng.below(60) === 0 ? 'end' : rng.below(15) === 0 ? 'withhold' : 'write',
    org: '',
    after: seenBy(at, hashes, rng),
    fields: someFields(rng),
    ended: [],
  }));
}

/** Mostly what came just before; now and then nothing, or what nobody has. */
function seenBy(at: number, hashes: readonly EntryHash[], rng: SeededRng): EntryHash[] {
  const after = new Set<EntryHash>();
  const parents = rng.below(10) === 0 || at === 0 ? 0 : 1 + rng.below(3);
  for (let n = 0; n < parents; n += 1) {
    const back = rng.below(3) === 0 ? rng.below(at) : at - 1 - rng.below(Math.min(at, 4));
    after.add(hashes[back] ?? NOWHERE);
  }
  if (rng.below(20) === 0) after.add(NOWHERE);
  return [...after];
}

const NOWHERE = hex(7_000_000_000) as EntryHash;

function someFields(rng: SeededRng): Record<string, string> {
  const fields: Record<string, string> = {};
  for (let n = rng.below(3); n >= 0; n -= 1) {
    const name = ['full_name', 'age', 'home_city', 'sex'][rng.below(4)] ?? 'age';
    fields[name] = rng.below(6) === 0 ? '' : `v${String(rng.below(5))}`;
  }
  return fields;
}

function shuffled<Item>(items: readonly Item[], rng: SeededRng): Item[] {
  const all = [...items];
  for (let at = all.length - 1; at > 0; at -= 1) {
    const other = rng.below(at + 1);
    [all[at], all[other]] = [all[other] as Item, all[at] as Item];
  }
  return all;
}

function told({
  kind,
  fields,
  conflicts,
  end,
  withheld,
  heads,
  entries,
}: Side): ReturnType<typeof foldSlowly> {
  return { kind, fields, conflicts, end: end?.hash, withheld, heads, order: entries.map(({ hash }) => hash) };
}

test('whatever the order in which entries came, a record is what it is when it is folded slowly', () => {
  for (let seed = 1; seed <= 300; seed += 1) {
    const rng = new SeededRng(seed);
    const entries = history(seed, 2 + rng.below(30));
    const side = foldSide(shuffled(entries, rng));
    assert.ok(side !== undefined);
    assert.deepEqual(told(side), foldSlowly(entries), `seed ${String(seed)}`);
  }
});

test('one entry more is as good as all of them anew', () => {
  let [added, anew] = [0, 0];
  for (let seed = 1; seed <= 300; seed += 1) {
    const rng = new SeededRng(seed);
    const entries = history(seed, 2 + rng.below(30));
    const inOrder = rng.below(2) === 0 ? entries : shuffled(entries, rng);
    const [first] = inOrder;
    assert.ok(first !== undefined);
    let fold = SideFold.of([first]);
    for (let at = 1; at < inOrder.length; at += 1) {
      const entry = inOrder[at];
      assert.ok(entry !== undefined);
      if (fold.add(entry)) added += 1;
      else {
        anew += 1;
        fold = SideFold.of(inOrder.slice(0, at + 1));
      }
      const expected = foldSlowly(inOrder.slice(0, at + 1));
      assert.deepEqual(told(fold), expected, `seed ${String(seed)}, entry ${String(at)}`);
    }
  }
  assert.ok(added > 2 * anew, `${String(added)} were added, ${String(anew)} times all was folded`);
});

test('an entry that is here already changes nothing', () => {
  const entries = history(5, 20);
  const fold = SideFold.of(entries);
  const before = told(fold);
  for (const entry of entries) assert.equal(fold.add(entry), true);
  assert.deepEqual(told(fold), before);
});

test('values that were replaced are not kept', () => {
  const chain = Array.from({ length: 50 }, (_, at) => ({
    ...(history(1, 1)[0] as SideEntry),
    hash: hex(at + 1) as EntryHash,
    after: at === 0 ? [] : [hex(at) as EntryHash],
    op: 'write' as const,
    kind: 'person' as const,
    fields: { home_city: `town ${String(at)}` },
  }));
  const [first, ...others] = chain;
  assert.ok(first !== undefined);
  const fold = SideFold.of([first]);
  for (const entry of others) assert.ok(fold.add(entry));
  assert.deepEqual(fold.fields, { home_city: 'town 49' });
  assert.equal(fold.entries.filter(({ fields }) => fields['home_city'] !== undefined).length, 1);
});
