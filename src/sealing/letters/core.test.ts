/** Which keys are made and which are deleted, over the years and over broken clocks. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DeviceKey } from '../../base/ids.ts';
import { LIMITS } from '../../base/limits.ts';
import type { Membership } from '../../identity/types.ts';
import { planKeys, serves, SERVES_MS, type KeyPlan } from './core.ts';
import type { OwnKey } from './ports.ts';
import { DAY_MS } from './tags.ts';

const START_MS = Date.UTC(2026, 10, 1);
const OWN = 'own' as DeviceKey;

/** Each member has one device, whose name is the member's. */
function rollOf(...names: readonly string[]): Membership {
  const all = ['own', ...names];
  return {
    members: new Map(
      all.map((name) => [name, { role: name.startsWith('reader') ? 'reader' : 'member', status: 'active' }]),
    ),
    devices: new Map(all.map((name) => [name, { key: name, member: name, active: true }])),
  } as unknown as Membership;
}

class Keys {
  keys: OwnKey[] = [];
  #count = 0;

  run(membership: Membership, nowMs: number): KeyPlan {
    const plan = planKeys(membership, OWN, this.keys, nowMs);
    this.keys = this.keys.filter((key) => !plan.drop.includes(key));
    if (plan.makeShared) this.#add('box', null, nowMs);
    if (plan.makeShared) this.#add('last-resort', null, nowMs);
    for (const device of plan.makeFor) this.#add('one-time', device, nowMs);
    return plan;
  }

  useUp(device: string): void {
    this.keys = this.keys.map((key) => (key.forDevice === device ? { ...key, secret: undefined } : key));
  }

  of(kind: OwnKey['kind']): OwnKey[] {
    return this.keys.filter((key) => key.kind === kind);
  }

  #add(kind: OwnKey['kind'], forDevice: DeviceKey | null, createdMs: number): void {
    this.#count += 1;
    const bytes = new Uint8Array([this.#count]);
    this.keys.push({ kind, forDevice, createdMs, ref: bytes, publicBytes: bytes, secret: bytes });
  }
}

test('one package for each device that may write, and no more until it is used or old', () => {
  const keys = new Keys();
  const roll = rollOf('anna', 'ben', 'reader carl');
  assert.deepEqual(keys.run(roll, START_MS).makeFor, ['anna', 'ben']);
  assert.deepEqual(keys.run(roll, START_MS + DAY_MS), { makeShared: false, makeFor: [], drop: [] });
  keys.useUp('ben');
  assert.deepEqual(keys.run(roll, START_MS + DAY_MS).makeFor, ['ben']);
  assert.deepEqual(keys.run(rollOf('anna', 'ben', 'dora'), START_MS + DAY_MS).makeFor, ['dora']);
  assert.deepEqual(keys.run(roll, START_MS + 30 * DAY_MS).makeFor, ['anna']);
});

test('what is for a device that is gone is deleted at once', () => {
  const keys = new Keys();
  keys.run(rollOf('anna', 'ben'), START_MS);
  keys.run(rollOf('anna'), START_MS + 1);
  assert.deepEqual(
    keys.of('one-time').map(({ forDevice }) => forDevice),
    ['anna'],
  );
});

test('boxes and last resorts follow each other weekly, and are deleted 35 days after that', () => {
  const keys = new Keys();
  for (let day = 0; day < 400; day += 1) {
    keys.run(rollOf('anna'), START_MS + day * DAY_MS);
    for (const kind of ['box', 'last-resort'] as const) {
      assert.ok(keys.of(kind).length <= 6, String(day));
      const oldest = keys.of(kind)[0];
      assert.ok(oldest && START_MS + day * DAY_MS - oldest.createdMs < SERVES_MS + 35 * DAY_MS);
    }
  }
});

test('a clock that jumps ahead by a year, and back, deletes nothing that others still seal to', () => {
  const keys = new Keys();
  const roll = rollOf('anna');
  keys.run(roll, START_MS);
  const inUse = [...keys.keys];
  keys.run(roll, START_MS + 365 * DAY_MS);
  keys.run(roll, START_MS + 365 * DAY_MS + 1);
  for (const key of inUse) assert.ok(keys.keys.includes(key));
  assert.equal(keys.run(roll, START_MS + DAY_MS).makeShared, false, 'the keys from before serve on');
  for (const key of inUse) assert.ok(keys.keys.includes(key));
});

test('a machine that starts in 1970 until it knows the time keeps its keys as well', () => {
  const keys = new Keys();
  const roll = rollOf('anna');
  keys.run(roll, START_MS);
  const inUse = [...keys.keys];
  keys.run(roll, 0);
  const made = keys.keys.filter((key) => !inUse.includes(key));
  assert.ok(made.length > 0);
  keys.run(roll, START_MS + DAY_MS);
  for (const key of inUse) assert.ok(keys.keys.includes(key));
});

test('there is room for so many packages, first of all for those who write', () => {
  const keys = new Keys();
  const many = rollOf(...Array.from({ length: 100 }, (_, at) => `m${String(at)}`));
  assert.equal(keys.run(many, START_MS).makeFor.length, LIMITS.letterKeysPerEntry);
  assert.equal(keys.run(many, START_MS).makeFor.length, 0);
  keys.useUp('m3');
  assert.deepEqual(keys.run(many, START_MS).makeFor, ['m3']);
});

test('a session serves for a week, one set of devices and one store', () => {
  const session = {
    id: new Uint8Array(16),
    from: OWN,
    to: 'ben' as never,
    devices: ['a', 'b'] as DeviceKey[],
    foundedMs: START_MS,
    incarnation: '00',
  };
  const now = { devices: session.devices, incarnation: '00', ms: START_MS + SERVES_MS - 1 };
  assert.equal(serves(session, now), true);
  assert.equal(serves(session, { ...now, ms: START_MS + SERVES_MS }), false);
  assert.equal(serves(session, { ...now, ms: START_MS - 2 * DAY_MS }), false);
  assert.equal(serves(session, { ...now, incarnation: '01' }), false);
  assert.equal(serves(session, { ...now, devices: ['a'] as DeviceKey[] }), false);
  assert.equal(serves(session, { ...now, devices: ['a', 'c'] as DeviceKey[] }), false);
});
