/**
 * What a careful audit found in programs of this kind (R9), as far as the roll goes: each refused, by everyone, from
 * the bytes alone. An act comes in here as it does from a link, through `decodeAct`.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  codeOf,
  DAY_MS,
  everything,
  fakeId,
  fakeSigner,
  fakeVerifier,
  isIn,
  keysFor,
  profileOf,
  roleOf,
  Story,
  tell,
  type Actor,
  type Keys,
} from '../../test/support/acts.ts';
import { decodeCbor, encodeCbor, type CborValue } from '../base/cbor.ts';
import { isKithError } from '../base/errors.ts';
import type { InviteKey, MemberId, NetworkId } from '../base/ids.ts';
import { decodeAct, encodeAct, type ActBody } from './acts.ts';
import { certify } from './certificate.ts';
import { signDeviceConsent, signRequest } from './request.ts';
import type { Role } from './roles.ts';
import type { Signer } from './signing.ts';
import type { Act } from './types.ts';

function isMalformed(error: unknown): boolean {
  return isKithError(error, 'malformed');
}

/** As it comes from a link. */
function receive(story: Story, body: ActBody): ActBody {
  return decodeAct(body.kind, encodeAct(body), { verifier: fakeVerifier, network: story.network });
}

function refusesBytes(story: Story, body: ActBody, why: string): void {
  assert.throws(() => receive(story, body), isMalformed, why);
}

function refusesPlaces(story: Story, body: ActBody, change: (places: CborValue[]) => CborValue[]): void {
  const places = decodeCbor(encodeAct(body));
  assert.ok(Array.isArray(places));
  const bytes = encodeCbor(change(places as CborValue[]));
  const context = { verifier: fakeVerifier, network: story.network };
  assert.throws(() => decodeAct(body.kind, bytes, context), isMalformed);
}

function refusalOf(story: Story, act: Act): string | undefined {
  return codeOf(story.fold(), act);
}

function camp(): Record<'alice' | 'bo' | 'di' | 'ed' | 'relay', Actor> & { story: Story } {
  const story = new Story();
  const alice = story.found('Alice');
  const joined = (name: string, role: Role): Actor => story.join(alice, name, role);
  return {
    story,
    alice,
    bo: joined('Bo', 'admin'),
    di: joined('Di', 'member'),
    ed: joined('Ed', 'reader'),
    relay: joined('Relay', 'relay'),
  };
}

describe('no unsigned or unauthorised field changes anybody’s role', () => {
  it('a role is changed by an admin, not by a member, a reader or a relay, for itself or another', () => {
    const { story, di, ed, relay } = camp();
    const before = tell(story.fold());
    for (const author of [di, ed, relay]) {
      for (const target of [di, ed, relay]) author.setRole(target, 'admin');
    }
    assert.deepEqual(tell(story.fold()), before);
  });

  it('nor by somebody who was an admin until just before', () => {
    const { story, alice, bo, di } = camp();
    alice.setRole(bo, 'member');
    assert.equal(refusalOf(story, bo.setRole(di, 'admin')), 'not-an-admin');
    assert.equal(roleOf(story.fold(), di), 'member');
  });

  it('a new name carries no role', () => {
    const { story, di } = camp();
    const body = { kind: 'rename', member: di.member, profile: profileOf('Dee') } as const;
    refusesPlaces(story, body, (places) => [...places, 'admin']);
    refusesPlaces(story, body, (places) => places.with(3, ['', 'admin']));
    di.write(receive(story, { ...body, profile: { ...body.profile, org: 'admin', place: 'role: admin' } }));
    assert.equal(roleOf(story.fold(), di), 'member');
  });

  it('a profile that is not in the bytes is not in the roll', () => {
    const { story, alice } = camp();
    const fay = story.newcomer('Fay');
    const admission = alice.admission(alice.invite('reader'), fay);
    const profile = { ...admission.profile, role: 'admin' };
    const received = receive(story, { ...admission, profile });
    assert.deepEqual(received, admission);
  });

  it('who is admitted gets the role of the invitation, and an admission carries none', () => {
    const { story, alice } = camp();
    const fay = story.newcomer('Fay');
    const admission = alice.admission(alice.invite('reader'), fay);
    refusesPlaces(story, admission, (places) => [...places, 'admin']);
    refusesPlaces(story, admission, (places) => places.with(7, 'admin'));
    alice.write(receive(story, admission));
    assert.equal(roleOf(story.fold(), fay), 'reader');
  });

  it('no other profile is admitted than the one that was asked for', () => {
    const { story, alice } = camp();
    const admission = alice.admission(alice.invite('reader'), story.newcomer('Fay'));
    refusesBytes(story, { ...admission, profile: profileOf('Alice') }, 'another name');
  });

  it('no invitation of somebody else’s is widened', () => {
    const { story, alice, bo } = camp();
    const invited = alice.invite('reader');
    const fay = story.newcomer('Fay');
    story.apart();
    alice.hear(...story.acts);
    alice.admit(invited, fay);
    bo.startIncarnation('hostile');
    bo.invite(
      'admin',
      { signer: invited.signer },
      { after: story.acts.slice(0, 3), atMs: story.nowMs - DAY_MS },
    );
    assert.equal(roleOf(story.fold(), fay), 'reader');
  });
});

describe('no unauthorised key takes the place of a member’s', () => {
  const forged = (keys: Keys, changed: Partial<Record<'device' | 'link' | 'mls', Signer>>): Keys => {
    const signers = { ...keys, ...changed };
    return { ...signers, certificate: certify(signers) };
  };

  it('a device is linked by its own member alone', () => {
    const { story, alice, di } = camp();
    const phone = story.newcomer('phone');
    assert.equal(refusalOf(story, alice.linkDevice(phone, di.member)), 'not-your-member');
    assert.equal(isIn(story.fold(), phone), false);
  });

  it('and not against its own will: it consents to that member of that network', () => {
    const { story, di, alice } = camp();
    const phone = keysFor('phone');
    const link = (network: NetworkId, member: MemberId, device: Signer): ActBody => ({
      kind: 'device',
      member: di.member,
      certificate: phone.certificate,
      consent: signDeviceConsent(network, member, phone.certificate, device),
    });
    assert.ok(receive(story, link(story.network, di.member, phone.device)));
    refusesBytes(story, link(story.network, alice.member, phone.device), 'it consents to another member');
    refusesBytes(story, link(fakeId('other') as NetworkId, di.member, phone.device), 'to another network');
    refusesBytes(story, link(story.network, di.member, di.keys.device), 'somebody else consents');
  });

  it('a certificate whose keys did not all sign is none', () => {
    const { story, alice, di } = camp();
    const invited = alice.invite();
    const mallory = keysFor('Mallory');
    for (const part of ['link', 'mls', 'device'] as const) {
      // Mallory names Di’s key, and signs for it with her own.
      const borrowed = forged(mallory, { [part]: { ...mallory[part], key: di.keys[part].key } });
      const signers = { invite: invited.signer, device: mallory.device };
      const request = signRequest(story.network, signers, borrowed.certificate, profileOf('Mallory'));
      refusesBytes(story, { kind: 'admit', ...request, number: 9 }, `a borrowed ${part} key`);
    }
  });

  it('a link or MLS key of another device is refused even with its signature', () => {
    const { story, alice, bo, di } = camp();
    for (const part of ['link', 'mls'] as const) {
      const shared = story.newcomer(`shares ${part}`, forged(keysFor(part), { [part]: di.keys[part] }));
      assert.equal(refusalOf(story, alice.admit(alice.invite(), shared)), 'keys-in-use');
      shared.member = bo.member;
      assert.equal(refusalOf(story, bo.linkDevice(shared)), 'keys-in-use');
    }
    assert.equal(story.fold().membership.byLink.get(di.link), di.device);
  });

  it('a revoked device does not come back under its old key, whoever admits it', () => {
    const { story, alice, bo, di } = camp();
    alice.revoke(di);
    assert.equal(refusalOf(story, bo.admit(bo.invite('admin'), di)), 'keys-in-use');
    assert.equal(isIn(story.fold(), di), false);
  });

  it('nor in a part of the network that has not heard of it', () => {
    const { story, alice, bo, di } = camp();
    story.apart();
    alice.revoke(di);
    const again = bo.admit(bo.invite('admin'), di);
    const late = di.rename(di, 'Dee');
    const result = story.fold();
    assert.equal(codeOf(result, again), 'keys-in-use');
    assert.equal(codeOf(result, late), 'author-removed');
    assert.equal(isIn(result, di), false);
  });
});

describe('no invitation is replayed', () => {
  it('the same request lets nobody in a second time', () => {
    const { story, alice, bo } = camp();
    const invited = alice.invite('member', { uses: 9 });
    const admission = alice.admission(invited, story.newcomer('Fay'));
    alice.write(receive(story, admission));
    assert.equal(refusalOf(story, bo.write(receive(story, admission))), 'keys-in-use');
    assert.equal(story.fold().membership.invites.get(invited.key)?.used, 1);
  });

  it('the same proof fits no other device, certificate, profile, invitation or network', () => {
    const { story, alice } = camp();
    const invited = alice.invite();
    const other = alice.invite('admin');
    const fay = story.newcomer('Fay');
    const mallory = story.newcomer('Mallory');
    const admission = alice.admission(invited, fay);
    const own = alice.admission(other, mallory);
    assert.ok(receive(story, admission));
    const { certificate } = mallory.keys;
    refusesBytes(story, { ...admission, certificate }, 'another device');
    refusesBytes(story, { ...admission, certificate, consent: own.consent }, 'another device that consents');
    refusesBytes(story, { ...admission, profile: profileOf('Mallory') }, 'another profile');
    refusesBytes(story, { ...admission, invite: other.key }, 'another invitation');
    refusesBytes(story, { ...own, proof: admission.proof }, 'the proof of another request');
    const elsewhere = { verifier: fakeVerifier, network: fakeId('other network') as NetworkId };
    assert.throws(() => decodeAct('admit', encodeAct(admission), elsewhere), isMalformed);
  });

  it('nor without the invitation’s own key', () => {
    const { story, alice } = camp();
    const invited = alice.invite();
    const forgedBy: Signer = { ...fakeSigner('guess'), key: invited.key };
    const fay = keysFor('Fay');
    const request = signRequest(
      story.network,
      { invite: forgedBy, device: fay.device },
      fay.certificate,
      profileOf('Fay'),
    );
    refusesBytes(story, { kind: 'admit', ...request, number: 9 }, 'a guessed secret');
  });

  it('a used-up, an expired, a withdrawn and an unknown one let nobody in', () => {
    const { story, alice, bo } = camp();
    const used = alice.invite();
    alice.admit(used, story.newcomer('Fay'));
    const short = alice.invite('member', { expiresMs: story.nowMs + DAY_MS });
    const withdrawn = alice.invite();
    bo.withdraw(withdrawn);
    story.later(DAY_MS + 1);
    const unknown = { ...used, signer: fakeSigner('unknown'), key: fakeSigner('unknown').key as InviteKey };
    const codes = [used, short, withdrawn, unknown].map((invited, index) =>
      refusalOf(story, alice.admit(invited, story.newcomer(`Gus ${index}`))),
    );
    assert.equal(story.fold().membership.members.size, 6);
    assert.deepEqual(codes, [
      'invitation-used-up',
      'invitation-expired',
      'invitation-withdrawn',
      'unknown-invitation',
    ]);
  });

  it('two admins who admit different people by one one-use invitation at once let in one of them', () => {
    const { story, alice, bo } = camp();
    const invited = alice.invite('admin');
    story.apart();
    const [fay, gus] = [story.newcomer('Fay'), story.newcomer('Gus')];
    const first = alice.admit(invited, fay);
    const second = bo.admit(invited, gus);
    for (const who of [fay, gus]) who.rename(who, 'in for now');
    const result = story.fold();
    assert.deepEqual(
      [codeOf(result, first), codeOf(result, second)].filter((code) => code !== undefined),
      ['invitation-used-up'],
    );
    assert.notEqual(isIn(result, fay), isIn(result, gus));
    assert.equal(result.membership.invites.get(invited.key)?.used, 1);
    assert.deepEqual(everything(story.fold(story.acts.toReversed())), everything(result));
  });
});

describe('no relay or reader adds, raises or lists itself', () => {
  for (const role of ['relay', 'reader'] as const) {
    it(`a ${role} changes nothing at all`, () => {
      const { story, alice, di, ed, relay } = camp();
      const self = role === 'relay' ? relay : ed;
      const invited = alice.invite('admin', { uses: 9 });
      const before = everything(story.fold());
      const acts = [
        self.setRole(self, 'admin'),
        self.hub('/ip4/203.0.113.7/tcp/4001'),
        self.grant(self, 'medical'),
        self.invite('admin').act,
        self.admit(invited, story.newcomer('accomplice')),
        self.revoke(alice),
        self.revokeDevice(di),
        self.rename(self, 'Hub'),
        self.withdraw(invited),
        self.linkDevice(story.newcomer('more of it')),
        self.accept({ feed: self.feed, seq: 1, hash: fakeId('x') as never }),
        story.genesis(self, self),
      ];
      const after = story.fold();
      for (const act of acts.slice(0, -1))
        assert.equal(codeOf(after, act), 'role-writes-nothing', act.body.kind);
      assert.deepEqual({ ...(everything(after) as object), refused: [] }, before);
    });
  }

  it('nor does somebody who is in no roll', () => {
    const { story } = camp();
    const mallory = story.newcomer('Mallory');
    const before = everything(story.fold());
    mallory.hub('/ip4/203.0.113.7/tcp/4001');
    mallory.write({
      kind: 'invite',
      invite: fakeSigner('m').key as InviteKey,
      role: 'admin',
      name: '',
      expiresMs: 9e15,
      uses: 1,
      form: 'link',
    });
    const after = story.fold();
    assert.deepEqual(
      after.membership.refused.map(({ code }) => code),
      ['not-a-member', 'not-a-member'],
    );
    assert.deepEqual({ ...(everything(after) as object), refused: [] }, before);
  });
});

describe('who writes one feed twice decides nothing', () => {
  it('both histories together count as far as they are one, whichever comes first', () => {
    const { story, bo, di } = camp();
    bo.rename(bo, 'Bob');
    const shared = story.acts.at(-1);
    bo.setRole(di, 'admin');
    bo.goBackTo(shared);
    bo.setRole(di, 'reader');
    bo.hub('/ip4/203.0.113.7/tcp/4001');
    const result = story.fold();
    assert.equal(roleOf(result, di), 'member');
    assert.deepEqual(result.membership.hubs, []);
    assert.deepEqual(everything(story.fold(story.acts.toReversed())), everything(result));
    const kept = story.acts.slice(0, -3);
    assert.deepEqual(everything(result), everything(story.fold(kept)));
  });

  it('each history alone gives one roll, the same on every node that has it', () => {
    const { story, bo, di } = camp();
    const raised = bo.setRole(di, 'admin');
    bo.goBackTo(undefined);
    const lowered = bo.setRole(di, 'reader');
    const one = story.acts.filter((act) => act !== lowered);
    const other = story.acts.filter((act) => act !== raised);
    assert.equal(roleOf(story.fold(one), di), 'admin');
    assert.equal(roleOf(story.fold(other), di), 'reader');
    for (const acts of [one, other]) {
      assert.deepEqual(everything(story.fold(acts.toReversed())), everything(story.fold(acts)));
    }
  });

  it('what others built on a history that is gone is judged by what is left of their past', () => {
    const { story, alice, bo, di } = camp();
    const first = bo.setRole(di, 'admin');
    di.rename(di, 'Dee');
    const onBoth = di.hub('/ip4/10.0.0.1');
    bo.goBackTo(undefined);
    bo.rename(bo, 'Bob');
    alice.rename(alice, 'Alicia', { after: [first, onBoth] });
    const result = story.fold();
    assert.equal(codeOf(result, onBoth), 'not-an-admin');
    assert.deepEqual(tell(result), [
      'Alicia: 1 admin',
      'Bo: 2 admin',
      'Dee: 3 member',
      'Ed: 4 reader',
      'Relay: 5 relay',
    ]);
  });
});

describe('no name looks like another by what is not seen in it', () => {
  const TRICKS = [
    'Ali\u202ece',
    'Alice\u200b',
    '\u2066Alice\u2069',
    'Al\u00adice',
    'Ali\u200dce',
    'Alice\ufe0f',
    'Alice\u0000',
    'Alice\u3164',
  ];

  it('neither of the network, nor of who founds it, joins, or is renamed', () => {
    const { story, alice } = camp();
    const invited = alice.invite();
    for (const trick of TRICKS) {
      const profile = profileOf(trick);
      const fay = keysFor('Fay');
      const signers = { invite: invited.signer, device: fay.device };
      const request = signRequest(story.network, signers, fay.certificate, profile);
      const { certificate } = fay;
      const forms: ActBody[] = [
        { kind: 'genesis', network: trick, certificate, profile: profileOf('Fay') },
        { kind: 'genesis', network: 'Camp', certificate, profile },
        { kind: 'admit', ...request, number: 9 },
        { kind: 'rename', member: alice.member, profile },
        { kind: 'rename', member: alice.member, profile: { name: 'Alice', org: trick, place: '' } },
        { kind: 'rename', member: alice.member, profile: { name: 'Alice', org: '', place: trick } },
        {
          kind: 'invite',
          invite: invited.key,
          role: 'member',
          name: trick,
          expiresMs: 1,
          uses: 1,
          form: 'link',
        },
      ];
      for (const body of forms) refusesBytes(story, body, `${body.kind}: ${JSON.stringify(trick)}`);
    }
  });
});
