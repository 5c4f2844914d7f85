import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import {
  DAY_MS,
  fakeId,
  fakeSigner,
  keysFor,
  profileOf,
  START_MS,
  Story,
  type Actor,
} from '../../test/support/acts.ts';
import type { DeviceKey, InviteKey, MemberId } from '../base/ids.ts';
import { ACT_KINDS, type ActBody, type RevokeTarget } from './acts.ts';
import { certify } from './certificate.ts';
import { ROLES, type Role } from './roles.ts';
import { firstBroken, isAllowedAs, needsAdmin, RULES, type Past, type PastInvite } from './rules.ts';

const story = new Story();
const alice = story.newcomer('Alice');
const bo = story.newcomer('Bo');
const stranger = story.newcomer('Stranger');
const invite = fakeSigner('invitation').key as InviteKey;
const OPEN: PastInvite = { expiresMs: START_MS + DAY_MS, withdrawn: false };

/** As Alice sees it, who acts with this role; Bo is in too. */
function past(role: Role | undefined, but: Partial<Past> = {}): Past {
  const isIn = (who: Actor, id: string): boolean => id === who.member;
  return {
    founded: true,
    author: role === undefined ? undefined : { member: alice.member, role },
    isMember: (id) => isIn(alice, id) || isIn(bo, id),
    memberOf: (device) =>
      isIn(alice, device) || isIn(bo, device) ? (device as string as MemberId) : undefined,
    invite: (key) => (key === invite ? OPEN : undefined),
    isKeyTaken: (key) => [alice, bo].some(({ keys }) => Object.values(keys.certificate).includes(key)),
    ...but,
  };
}

function invitation(key = invite): Extract<ActBody, { kind: 'invite' }> {
  return { kind: 'invite', invite: key, role: 'member', name: '', expiresMs: 1, uses: 1, form: 'link' };
}

function admission(who = stranger): Extract<ActBody, { kind: 'admit' }> {
  const { certificate } = who.keys;
  const signature = new Uint8Array(64);
  return {
    kind: 'admit',
    invite,
    certificate,
    profile: profileOf(who.name),
    proof: signature,
    consent: signature,
    number: 3,
  };
}

function genesis(who = alice): ActBody {
  return {
    kind: 'genesis',
    network: 'Camp',
    certificate: who.keys.certificate,
    profile: profileOf(who.name),
  };
}

function linking(member: MemberId, who = stranger): ActBody {
  return { kind: 'device', member, certificate: who.keys.certificate, consent: new Uint8Array(64) };
}

function revoking(target: RevokeTarget): ActBody {
  return { kind: 'revoke', target, cuts: [] };
}

const ofDevice = (device: DeviceKey): RevokeTarget => ({ scope: 'device', device });
const ofMember = (member: MemberId): RevokeTarget => ({ scope: 'member', member });
const naming = (member: MemberId): ActBody => ({ kind: 'rename', member, profile: profileOf('N') });
const HUB: ActBody = { kind: 'hub', address: '/ip4/10.0.0.1', listed: true };

interface Case {
  readonly says: string;
  readonly body: ActBody;
  readonly past: Past;
  /** Of the rule alone; undefined: allowed. */
  readonly code?: string;
  readonly atMs?: number;
}

const CASES: Readonly<Record<string, readonly Case[]>> = {
  oneGenesisFirst: [
    { says: 'the first act is the genesis', body: genesis(), past: past(undefined, { founded: false }) },
    { says: 'a second genesis', body: genesis(), past: past('admin'), code: 'already-founded' },
    { says: 'an act after it', body: HUB, past: past('admin') },
    { says: 'an act before it', body: HUB, past: past('admin', { founded: false }), code: 'not-founded' },
  ],
  founderSignsGenesis: [
    { says: 'the founder signs', body: genesis(), past: past(undefined) },
    { says: 'somebody else signs', body: genesis(bo), past: past(undefined), code: 'not-the-founder' },
  ],
  authorIsIn: [
    { says: 'a member acts', body: HUB, past: past('member') },
    { says: 'a stranger acts', body: HUB, past: past(undefined), code: 'not-a-member' },
    { says: 'a founder founds', body: genesis(), past: past(undefined) },
  ],
  authorMayWriteRoll: [
    { says: 'a member writes', body: HUB, past: past('member') },
    { says: 'an admin writes', body: HUB, past: past('admin') },
    {
      says: 'a reader writes',
      body: naming(alice.member),
      past: past('reader'),
      code: 'role-writes-nothing',
    },
    { says: 'a relay writes', body: HUB, past: past('relay'), code: 'role-writes-nothing' },
  ],
  adminsDecide: [
    ...[invitation(), admission(), HUB, naming(bo.member)].flatMap((body): Case[] => [
      { says: `an admin decides (${body.kind})`, body, past: past('admin') },
      { says: `a member decides (${body.kind})`, body, past: past('member'), code: 'not-an-admin' },
    ]),
    { says: 'a member renames itself', body: naming(alice.member), past: past('member') },
    { says: 'a member leaves', body: revoking(ofMember(alice.member)), past: past('member') },
    {
      says: 'a member removes another',
      body: revoking(ofMember(bo.member)),
      past: past('member'),
      code: 'not-an-admin',
    },
    { says: 'a member links a device', body: linking(alice.member), past: past('member') },
  ],
  ownDeviceOrAdmin: [
    { says: 'a member revokes its own', body: revoking(ofDevice(alice.device)), past: past('member') },
    { says: 'an admin revokes another’s', body: revoking(ofDevice(bo.device)), past: past('admin') },
    {
      says: 'a member revokes another’s',
      body: revoking(ofDevice(bo.device)),
      past: past('member'),
      code: 'not-an-admin',
    },
    {
      says: 'a member revokes one that nobody knows',
      body: revoking(ofDevice(stranger.device)),
      past: past('member'),
      code: 'not-an-admin',
    },
  ],
  targetIsKnown: [
    ...(['member', 'device'] as const).flatMap((scope): Case[] => [
      {
        says: `a ${scope} in the roll`,
        body: revoking(scope === 'member' ? ofMember(bo.member) : ofDevice(bo.device)),
        past: past('admin'),
      },
      {
        says: `a ${scope} that is not`,
        body: revoking(scope === 'member' ? ofMember(stranger.member) : ofDevice(stranger.device)),
        past: past('admin'),
        code: `unknown-${scope}`,
      },
    ]),
    { says: 'who is in is renamed', body: naming(bo.member), past: past('admin') },
    {
      says: 'who is not is renamed',
      body: naming(stranger.member),
      past: past('admin'),
      code: 'unknown-member',
    },
    {
      says: 'who is not gets a role',
      body: { kind: 'role', member: stranger.member, role: 'admin', cuts: [] },
      past: past('admin'),
      code: 'unknown-member',
    },
    {
      says: 'who is not gets a grant',
      body: { kind: 'grant', member: stranger.member, grant: 'medical', given: true },
      past: past('admin'),
      code: 'unknown-member',
    },
  ],
  linkedByOneself: [
    { says: 'a device of one’s own', body: linking(alice.member), past: past('member') },
    { says: 'a device of another', body: linking(bo.member), past: past('admin'), code: 'not-your-member' },
  ],
  wasInvited: [
    { says: 'an open invitation', body: admission(), past: past('admin') },
    { says: 'in its last millisecond', body: admission(), past: past('admin'), atMs: OPEN.expiresMs },
    {
      says: 'a millisecond too late',
      body: admission(),
      past: past('admin'),
      atMs: OPEN.expiresMs + 1,
      code: 'invitation-expired',
    },
    {
      says: 'a withdrawn invitation',
      body: admission(),
      past: past('admin', { invite: () => ({ ...OPEN, withdrawn: true }) }),
      code: 'invitation-withdrawn',
    },
    {
      says: 'no invitation',
      body: admission(),
      past: past('admin', { invite: () => undefined }),
      code: 'unknown-invitation',
    },
  ],
  keysAreNew: [
    { says: 'new keys come in', body: admission(), past: past('admin') },
    { says: 'the same device again', body: admission(bo), past: past('admin'), code: 'keys-in-use' },
    {
      says: 'as somebody’s second device',
      body: linking(alice.member, bo),
      past: past('admin'),
      code: 'keys-in-use',
    },
    ...(['link', 'mls'] as const).map((part): Case => {
      const signers = { ...keysFor('borrower'), [part]: bo.keys[part] };
      const borrower = story.newcomer('borrower', { ...signers, certificate: certify(signers) });
      return {
        says: `with a ${part} key of another`,
        body: admission(borrower),
        past: past('admin'),
        code: 'keys-in-use',
      };
    }),
  ],
  withdrawsWhatIs: [
    { says: 'an invitation that there is', body: { kind: 'withdraw', invite }, past: past('admin') },
    {
      says: 'one that there is not',
      body: { kind: 'withdraw', invite: fakeId('none') as InviteKey },
      past: past('admin'),
      code: 'unknown-invitation',
    },
  ],
  invitesOnce: [
    { says: 'a new key', body: invitation(fakeId('new') as InviteKey), past: past('admin') },
    {
      says: 'a key that invites already',
      body: invitation(),
      past: past('admin'),
      code: 'invitation-exists',
    },
  ],
};

for (const rule of RULES) {
  describe(rule.name, () => {
    for (const { says, body, past: seen, code, atMs = START_MS } of CASES[rule.name] ?? []) {
      it(`${code === undefined ? 'allows' : `refuses (${code})`}: ${says}`, () => {
        const proposed = { body, device: alice.device, atMs };
        assert.equal(firstBroken(proposed, seen, [rule]), code);
        if (code !== undefined) assert.equal(typeof firstBroken(proposed, seen), 'string');
      });
    }
  });
}

test('every rule is shown from both sides', () => {
  for (const { name } of RULES) {
    const codes = new Set((CASES[name] ?? []).map(({ code }) => code));
    assert.ok(codes.has(undefined) && codes.size > 1, name);
  }
});

test('all that is allowed is allowed by all rules together', () => {
  const proposed = (body: ActBody) => ({ body, device: alice.device, atMs: START_MS });
  assert.equal(firstBroken(proposed(genesis()), past(undefined, { founded: false })), undefined);
  for (const body of [invitation(fakeId('new') as InviteKey), admission(), HUB, naming(bo.member)]) {
    assert.equal(firstBroken(proposed(body), past('admin')), undefined);
  }
});

test('what needs an admin is said for each kind of act', () => {
  const own: Record<string, boolean> = {
    genesis: false,
    device: false,
    rename: false,
    revoke: false,
    invite: true,
    withdraw: true,
    admit: true,
    role: true,
    grant: true,
    hub: true,
    accept: true,
  };
  const bodies: ActBody[] = [
    genesis(),
    invitation(),
    { kind: 'withdraw', invite },
    admission(),
    linking(alice.member),
    { kind: 'role', member: alice.member, role: 'admin', cuts: [] },
    { kind: 'grant', member: alice.member, grant: 'medical', given: true },
    revoking(ofMember(alice.member)),
    naming(alice.member),
    HUB,
    { kind: 'accept', upTo: { feed: fakeId('f') as never, seq: 1, hash: fakeId('h') as never } },
  ];
  assert.deepEqual(bodies.map(({ kind }) => kind).sort(), [...ACT_KINDS].sort());
  for (const body of bodies) assert.equal(needsAdmin(body, alice.member), own[body.kind], body.kind);
});

test('what is left of a role allows what the rules allow to that role, and nobody raises by it', () => {
  const ask = (body: ActBody, role: Role, next: Role | undefined): boolean =>
    isAllowedAs(next, { body, device: alice.device, atMs: START_MS }, past(role), RULES);
  for (const next of ROLES) {
    assert.equal(ask(HUB, 'admin', next), next === 'admin');
    assert.equal(ask(naming(alice.member), 'admin', next), next === 'admin' || next === 'member');
    assert.equal(ask(revoking(ofDevice(bo.device)), 'admin', next), next === 'admin');
    assert.equal(ask(revoking(ofDevice(alice.device)), 'admin', next), next === 'admin' || next === 'member');
  }
  assert.equal(ask(naming(alice.member), 'admin', undefined), false);
  assert.equal(
    isAllowedAs('admin', { body: HUB, device: alice.device, atMs: START_MS }, past(undefined), RULES),
    false,
  );
});
