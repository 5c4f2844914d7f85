/** Whether each mutant is caught is asked at night; that each still fits the code, here. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { ROOM_MUTANTS } from './room-mutants.ts';

for (const { name, file, find } of ROOM_MUTANTS) {
  test(`“${name}” breaks one place of ${file}`, () => {
    const source = readFileSync(new URL(`../../../${file}`, import.meta.url), 'utf8');
    assert.equal(source.split(find).length - 1, 1);
  });
}
