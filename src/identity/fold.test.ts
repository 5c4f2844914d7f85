import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkScenario, SCENARIOS } from '../../test/support/roll-scenarios.ts';

for (const scenario of SCENARIOS) {
  test(scenario.name, () => {
    checkScenario(scenario);
  });
}

test('no two scenarios have one name', () => {
  assert.equal(new Set(SCENARIOS.map(({ name }) => name)).size, SCENARIOS.length);
});
