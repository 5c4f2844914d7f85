/** The model of rooms in Promela: no state breaks a rule, and a rule that is taken out is missed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { check, skip } from './spin.ts';

test('no state of the model breaks a rule', { skip }, (t) => {
  const { errors, states, isWhole } = check(['TERMS=2']);
  t.diagnostic(`${String(states)} states`);
  assert.deepEqual({ errors, isWhole }, { errors: 0, isWhole: true });
});

for (const [broken, terms] of [
  ['HALF_IS_ENOUGH', 2],
  ['ANY_LOG_WINS', 3],
] as const) {
  test(`with ${broken} the model finds a state that does`, { skip }, () => {
    assert.ok(check([`TERMS=${String(terms)}`, broken]).errors > 0);
  });
}
