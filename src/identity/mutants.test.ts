/** The scenarios are alive: leave any rule out, or end conflicts another way, and one of them ends otherwise. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkScenario, SCENARIOS } from '../../test/support/roll-scenarios.ts';
import { RULE_BOOK, type RuleBook } from './fold.ts';
import { inOrder } from './history.ts';
import { LINE_RULES } from './line-rules.ts';
import { CONFLICT_RULES, type ConflictRules } from './resolution.ts';
import { RULES } from './rules.ts';

interface Mutant {
  readonly name: string;
  readonly book: RuleBook;
  /** A scenario that ends otherwise, by name. */
  readonly caughtBy: string;
}

function withConflicts(conflicts: Partial<ConflictRules>): RuleBook {
  return { ...RULE_BOOK, conflicts: { ...CONFLICT_RULES, ...conflicts } };
}

const { defeats, precedence } = CONFLICT_RULES;

const BY_RULE: Readonly<Record<string, string>> = {
  oneGenesisFirst: 'nothing counts before the network is founded',
  founderSignsGenesis: 'nobody founds a network in the name of another',
  authorIsIn: 'who is not in the roll writes nothing',
  authorMayWriteRoll: 'readers and relays write nothing, not even about themselves',
  adminsDecide: 'a member changes its own name and nothing of others',
  ownDeviceOrAdmin: 'a member revokes its own devices, an admin those of others',
  targetIsKnown: 'an act names whom its author knows to be in',
  linkedByOneself: 'a device is linked by its own member',
  wasInvited: 'who is admitted was invited, in time, and the invitation stood',
  keysAreNew: 'a request that let somebody in lets nobody in again',
  withdrawsWhatIs: 'an invitation is withdrawn that there is',
  invitesOnce: 'an invitation is not widened by a second one',
  oneDeviceAKey: 'a device that two let in at once belongs to one',
  noMoreUses: 'a one-use invitation lets in one, also where two admins use it at once',
  notTooManyDevices: 'a member has so many devices and no more, also where they are linked at once',
  anAdminStays: 'of two admins who leave at once the second stays',
};

const MUTANTS: readonly Mutant[] = [
  ...RULES.map((left) => ({
    name: `without ${left.name}`,
    book: { ...RULE_BOOK, rules: RULES.filter((rule) => rule !== left) },
    caughtBy: BY_RULE[left.name] ?? '',
  })),
  ...LINE_RULES.map((left) => ({
    name: `without ${left.name}`,
    book: { ...RULE_BOOK, lineRules: LINE_RULES.filter((rule) => rule !== left) },
    caughtBy: BY_RULE[left.name] ?? '',
  })),
  {
    name: 'nothing is taken from whoever has not heard of it',
    book: withConflicts({ defeats: () => false }),
    caughtBy: 'what a removed admin did meanwhile falls, and who it let in, and what they did',
  },
  {
    name: 'a demotion takes nothing from whoever has not heard of it',
    book: withConflicts({
      defeats: (next, act, past, rules) => next === undefined && defeats(next, act, past, rules),
    }),
    caughtBy: 'who is demoted meanwhile keeps what a member may do, and loses what takes an admin',
  },
  {
    name: 'a demotion takes all',
    book: withConflicts({ defeats: () => true }),
    caughtBy: 'who is demoted meanwhile keeps what a member may do, and loses what takes an admin',
  },
  {
    name: 'the junior one stays',
    book: withConflicts({ precedence: (a, b) => precedence(b, a) }),
    caughtBy: 'of two admins who remove each other the senior one stays',
  },
  {
    name: 'who says that it was first stays',
    book: withConflicts({ precedence: (a, b) => inOrder(a.placed, b.placed) }),
    caughtBy: 'of two admins who demote each other the senior one stays, whatever the clocks say',
  },
  {
    name: 'of two devices, the one that says that it was first stays',
    book: withConflicts({
      precedence: (a, b) => inOrder(a.admission, b.admission) || inOrder(a.placed, b.placed),
    }),
    caughtBy: 'of a member’s two devices that revoke each other the elder one stays',
  },
];

for (const { name, book, caughtBy } of MUTANTS) {
  test(`noticed: ${name}`, () => {
    const scenario = SCENARIOS.find((candidate) => candidate.name === caughtBy);
    assert.ok(scenario !== undefined, `there is a scenario “${caughtBy}”`);
    assert.throws(() => {
      checkScenario(scenario, book);
    }, assert.AssertionError);
  });
}

test('every rule has a name of its own', () => {
  const names = [...RULES, ...LINE_RULES].map(({ name }) => name);
  assert.deepEqual([...names].sort(), Object.keys(BY_RULE).sort());
});
