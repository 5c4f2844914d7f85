/** What of the model of rooms takes minutes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { check, skip } from '../models/spin.ts';

test('counting entries of old terms breaks a rule, after four elections', { skip }, () => {
  assert.ok(check(['TERMS=4', 'OLD_TERMS_COUNT']).errors > 0);
});
