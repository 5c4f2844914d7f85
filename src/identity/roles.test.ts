import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AUDIENCE_PATTERN, isNarrow, isRole, LANES, mayHold, mayWrite, ROLES, type Role } from './roles.ts';

const ME = 'a'.repeat(64);
const OTHER = 'b'.repeat(64);

/** Who holds what, in full: a new role or audience has to be written here. */
const HOLDS: Readonly<Record<string, readonly Role[]>> = {
  roll: ['admin', 'member', 'reader', 'relay'],
  public: ['admin', 'member', 'reader'],
  members: ['admin', 'member'],
  admins: ['admin'],
  [`member:${ME}`]: ['admin', 'member', 'reader'],
  [`member:${OTHER}`]: [],
  'grant:medical': ['admin', 'member'],
  'grant:legal': [],
  'folder:1': [],
  'room:1': [],
};

test('each role holds the parts that are for it and no others', () => {
  for (const role of ROLES) {
    const who = { member: ME, role, grants: new Set(['medical']) };
    for (const [audience, roles] of Object.entries(HOLDS)) {
      assert.ok(AUDIENCE_PATTERN.test(audience), audience);
      assert.equal(mayHold(who, audience), roles.includes(role), `${role}: ${audience}`);
    }
  }
});

test('a relay holds the roll alone, whatever it was granted and whoever it is', () => {
  const relay = { member: ME, role: 'relay', grants: new Set(['medical', 'a']) } as const;
  const held = Object.keys(HOLDS).filter((audience) => mayHold(relay, audience));
  assert.deepEqual(held, ['roll']);
});

test('nobody holds an audience that there is not', () => {
  const admin = { member: ME, role: 'admin', grants: new Set(['', 'toString']) } as const;
  for (const audience of [
    '',
    'everybody',
    'Roll',
    'roll ',
    'grant:',
    'grant:Medical',
    'member:',
    'constructor',
  ]) {
    assert.equal(AUDIENCE_PATTERN.test(audience), false, audience);
    if (!audience.startsWith('grant:')) assert.equal(mayHold(admin, audience), false, audience);
  }
});

test('what is narrower than the network is sealed on disk', () => {
  const open = Object.keys(HOLDS).filter((audience) => !isNarrow(audience));
  assert.deepEqual(open, ['roll', 'public']);
});

test('admins and members write, readers and relays write nothing', () => {
  const writers = ROLES.filter((role) => LANES.some((lane) => mayWrite(role, lane)));
  assert.deepEqual(writers, ['admin', 'member']);
  for (const role of writers) assert.ok(LANES.every((lane) => mayWrite(role, lane)));
});

test('a role is one of four words', () => {
  assert.deepEqual(ROLES.filter(isRole), ['admin', 'member', 'reader', 'relay']);
  for (const other of ['owner', 'Admin', '', 0, null, undefined, ['admin'], { role: 'admin' }, 'toString']) {
    assert.equal(isRole(other), false);
  }
});

test('roles stand from the most to the least that they may', () => {
  const held = ROLES.map((role) => Object.values(HOLDS).filter((roles) => roles.includes(role)).length);
  assert.deepEqual(
    held,
    held.toSorted((a, b) => b - a),
  );
});
