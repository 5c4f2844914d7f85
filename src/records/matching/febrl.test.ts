/** Record matching over FEBRL 3, of which no weight was estimated: weights were set by hand before it was first run. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { blockedPairs, readFebrl, truePairs } from '../../../test/names/febrl.ts';
import { compare } from './compare.ts';
import { SUGGEST_FROM } from './weights.ts';

const FILE = join(import.meta.dirname, '../../../../shared/data/linkage/febrl-dataset3.csv');

test(
  'FEBRL 3: blocks hold the true pairs, and the score tells them from the others',
  { skip: !existsSync(FILE) },
  (t) => {
    const all = readFebrl(readFileSync(FILE, 'utf8'));
    const truth = truePairs(all);
    const pairs = blockedPairs(all);
    const same = pairs.filter(({ a, b }) => all[a]?.entity === all[b]?.entity).length;
    assert.ok(same / truth >= 0.997, `${same} of ${truth} true pairs share a block`);
    assert.ok(pairs.length <= all.length * 4, `${pairs.length} pairs of ${all.length} records`);

    const suggested = pairs.filter(({ a, b }) => {
      const [one, other] = [all[a], all[b]];
      return (
        one !== undefined && other !== undefined && compare(one.person, other.person).score >= SUGGEST_FROM
      );
    });
    const right = suggested.filter(({ a, b }) => all[a]?.entity === all[b]?.entity).length;
    const f1 = (2 * right) / (suggested.length + truth);
    t.diagnostic(
      `blocks hold ${(same / truth).toFixed(4)} of ${String(truth)} true pairs in ${String(pairs.length)}; ` +
        `F1 ${f1.toFixed(4)} at the fixed threshold ${String(SUGGEST_FROM)}`,
    );
    assert.ok(f1 >= 0.97, `F1 ${f1.toFixed(4)}`);
  },
);
