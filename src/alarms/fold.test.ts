/** What an alarm is, who has it and who has to see to it: rule by rule. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Certificate } from '../identity/certificate.ts';
import type { Membership } from '../identity/types.ts';
import { addressed, escalationOf, expiresMs, foldAlarm, phaseOf, tally, LONGEST_LIFE_MS } from './fold.ts';
import { capTime } from './cap-values.ts';
import { alertFromWords, cancelWithWords } from './making.ts';
import type { Ack, AlertBody, AlertMessage } from './types.ts';

const T0 = Date.UTC(2026, 10, 28);
const MINUTE_MS = 60_000;
const hex = <Name>(fill: number): Name => fill.toString(16).padStart(2, '0').repeat(32) as Name;

type Role = AlertMessage['author']['role'];

const ROLES: readonly Role[] = ['admin', 'member', 'member', 'reader', 'relay'];

const MEMBERSHIP = {
  members: new Map(
    ROLES.map((role, at) => [
      hex(at + 1),
      {
        id: hex(at + 1),
        number: at + 1,
        name: `m${String(at + 1)}`,
        org: '',
        place: '',
        role,
        grants: [],
        status: 'active',
        devices: [hex(at + 101)],
        since: { ms: 0, n: 0 },
      },
    ]),
  ),
  devices: new Map(
    ROLES.map((_, at) => [
      hex(at + 101),
      {
        key: hex(at + 101),
        link: hex(at + 151),
        member: hex(at + 1),
        certificate: {} as Certificate,
        active: true,
      },
    ]),
  ),
} as unknown as Membership;

function said(
  by: number,
  at: number,
  change: Partial<AlertBody> = {},
  more: Partial<AlertMessage> = {},
): AlertMessage {
  const words = alertFromWords({ text: `said ${String(at)}` }, '', false, false, {
    afterMs: 10 * MINUTE_MS,
    to: [],
  });
  return {
    id: hex(at),
    alarm: change.alarm ?? hex(at),
    feed: hex(by + 50),
    seq: at,
    hlc: { ms: T0 + at * 1000, n: 0 },
    device: hex(by + 100),
    author: { member: hex(by), role: ROLES[by - 1] ?? 'member' },
    audience: 'public',
    body: { ...words, msgType: 'Alert', alarm: null, follows: null, ...change },
    ...more,
  };
}

/** By member 2. */
const ROOT = said(2, 10);
const update = (by: number, at: number, follows = 10, more: Partial<AlertMessage> = {}): AlertMessage =>
  said(by, at, { msgType: 'Update', alarm: ROOT.id, follows: hex(follows) }, more);
const cancel = (by: number, at: number): AlertMessage =>
  said(by, at, { msgType: 'Cancel', alarm: ROOT.id, follows: hex(10) });

function folded(...messages: readonly AlertMessage[]) {
  const alarm = foldAlarm(ROOT.id, messages);
  assert.ok(alarm !== undefined);
  return alarm;
}

describe('an alarm', () => {
  it('is nothing before its first message is here', () => {
    assert.equal(foldAlarm(ROOT.id, [cancel(2, 11)]), undefined);
    assert.ok(folded(cancel(2, 11), ROOT).cancelled !== undefined);
  });

  it('raiserOrAdminChanges: others change nothing, and are listed', () => {
    for (const by of [1, 2]) assert.ok(folded(ROOT, cancel(by, 11)).cancelled !== undefined);
    const alarm = folded(ROOT, cancel(3, 11), update(3, 12));
    assert.equal(alarm.cancelled, undefined);
    assert.equal(alarm.current, ROOT);
    assert.deepEqual(
      alarm.refused.map(({ code }) => code),
      ['not-entitled', 'not-entitled'],
    );
  });

  it('drillsStayDrills, audienceStays', () => {
    const real = said(2, 11, { msgType: 'Update', alarm: ROOT.id, follows: ROOT.id, status: 'Exercise' });
    const narrow = update(2, 12, 10, { audience: 'members' });
    assert.deepEqual(
      folded(ROOT, real, narrow).refused.map(({ code }) => code),
      ['other-status', 'other-audience'],
    );
  });

  it('says what the newest update says that nobody has built on', () => {
    // Written by a clock in 2099, and answered by one that is right.
    const late = update(2, 20, 10, { hlc: { ms: T0 * 2, n: 0 } });
    const answer = update(1, 21, 20);
    for (const order of [
      [ROOT, late, answer],
      [answer, late, ROOT],
    ])
      assert.equal(folded(...order).current, answer);
    assert.equal(folded(ROOT, update(2, 11), update(1, 12)).current.id, hex(12));
  });

  it('is over for good once it is cancelled', () => {
    const alarm = folded(ROOT, cancel(1, 11), update(2, 12));
    assert.equal(phaseOf(alarm, T0), 'cancelled');
  });

  it('ends when it says, after a day if it does not, and never later than in a month', () => {
    const lasting = (expires: string): AlertMessage =>
      said(2, 10, { infos: ROOT.body.infos.map((info) => ({ ...info, expires })) });
    assert.equal(expiresMs(folded(lasting(capTime(T0 + MINUTE_MS)))), T0 + MINUTE_MS);
    assert.equal(expiresMs(folded(ROOT)), ROOT.hlc.ms + 24 * 60 * MINUTE_MS);
    assert.equal(expiresMs(folded(lasting('2099-01-01T00:00:00-00:00'))), ROOT.hlc.ms + LONGEST_LIFE_MS);
    assert.equal(phaseOf(folded(ROOT), T0 + 60 * MINUTE_MS), 'active');
    assert.equal(phaseOf(folded(ROOT), T0 + 25 * 60 * MINUTE_MS), 'expired');
  });
});

describe('who has it', () => {
  const ack = (by: number, state: Ack['state'], atMs = T0): Ack => ({
    alert: ROOT.id,
    device: hex(by + 100),
    state,
    atMs,
    signature: new Uint8Array(64),
  });
  const numbers = (alarm: Parameters<typeof addressed>[0]): number[] =>
    addressed(alarm, MEMBERSHIP).map(({ number }) => number);

  it('is asked of everybody who may hold it, but for who raised it', () => {
    assert.deepEqual(numbers(folded(ROOT)), [1, 3, 4]);
    assert.deepEqual(numbers(folded({ ...ROOT, audience: 'members' })), [1, 3]);
  });

  it('is no more than is signed by a device that is in', () => {
    const acks = [ack(1, 'received'), ack(3, 'seen', T0 + 5), ack(90, 'seen'), ack(2, 'seen')];
    const told = tally(addressed(folded(ROOT), MEMBERSHIP), MEMBERSHIP, acks);
    assert.deepEqual(
      told.map(({ member, receivedMs, seenMs }) => [member.number, receivedMs, seenMs]),
      [
        [1, T0, undefined],
        [3, T0 + 5, T0 + 5],
        [4, undefined, undefined],
      ],
    );
  });

  it('is escalated to the admins, or to whom it names, when the time is over and somebody has not seen it', () => {
    const after = ROOT.hlc.ms + 10 * MINUTE_MS;
    const told = tally(addressed(folded(ROOT), MEMBERSHIP), MEMBERSHIP, [ack(1, 'seen'), ack(3, 'seen')]);
    const at = (alarm: Parameters<typeof phaseOf>[0], ms: number) =>
      escalationOf(alarm, told, MEMBERSHIP, ms);
    assert.equal(at(folded(ROOT), after - 1), undefined);
    assert.deepEqual(at(folded(ROOT), after), { sinceMs: after, to: [hex(1)], unseen: [hex(4)] });
    const named = { ...ROOT, body: { ...ROOT.body, escalateTo: [hex<never>(3)] } };
    assert.deepEqual(at(folded(named), after)?.to, [hex(3)]);
    assert.equal(at(folded(ROOT, cancel(2, 11)), after), undefined);
    assert.equal(at(folded({ ...ROOT, body: { ...ROOT.body, escalateAfterMs: 0 } }), after), undefined);
    const all = tally(
      addressed(folded(ROOT), MEMBERSHIP),
      MEMBERSHIP,
      [1, 3, 4].map((by) => ack(by, 'seen')),
    );
    assert.equal(escalationOf(folded(ROOT), all, MEMBERSHIP, after), undefined);
  });

  it('a cancel says why', () => {
    assert.equal(cancelWithWords(folded(ROOT), 'over').note, 'over');
  });
});
