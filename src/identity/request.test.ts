import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fakeId, fakeSigner, fakeVerifier, keysFor, profileOf } from '../../test/support/acts.ts';
import { fromHex, utf8 } from '../base/bytes.ts';
import { encodeCbor } from '../base/cbor.ts';
import type { InviteKey, MemberId, NetworkId } from '../base/ids.ts';
import { deviceConsents, requestHolds, signDeviceConsent, signRequest, type JoinRequest } from './request.ts';

const network = fakeId('network') as NetworkId;
const otherNetwork = fakeId('other network') as NetworkId;
const invite = fakeSigner('invitation');
const otherInvite = fakeSigner('other invitation');
const fay = keysFor('Fay');
const gus = keysFor('Gus');
const profile = { name: 'Fay', org: 'Red Camp', place: 'Tent 4' };
const request = signRequest(network, { invite, device: fay.device }, fay.certificate, profile);

function holds(changed: Partial<JoinRequest>, at = network): boolean {
  return requestHolds(at, { ...request, ...changed }, fakeVerifier);
}

test('a request holds for what was signed', () => {
  assert.ok(holds({}));
  assert.equal(request.invite, invite.key);
});

test('and for nothing else: no other network, invitation, device or profile', () => {
  assert.ok(!holds({}, otherNetwork));
  assert.ok(!holds({ invite: otherInvite.key as InviteKey }));
  assert.ok(!holds({ certificate: gus.certificate }));
  for (const part of ['name', 'org', 'place'] as const) {
    assert.ok(!holds({ profile: { ...profile, [part]: 'x' } }), part);
  }
});

test('the profile’s parts do not run into each other', () => {
  assert.ok(!holds({ profile: { name: 'FayRed Camp', org: '', place: 'Tent 4' } }));
  assert.ok(!holds({ profile: { name: 'Fay', org: 'Tent 4', place: 'Red Camp' } }));
});

test('both keys sign: who knows the invitation cannot admit another’s device, nor a device without it', () => {
  const byThief = signRequest(network, { invite, device: gus.device }, fay.certificate, profile);
  assert.ok(!requestHolds(network, byThief, fakeVerifier));
  const uninvited = signRequest(
    network,
    { invite: otherInvite, device: fay.device },
    fay.certificate,
    profile,
  );
  assert.ok(!holds({ proof: uninvited.proof }));
  assert.ok(!holds({ proof: request.consent, consent: request.proof }));
  assert.ok(!holds({ proof: new Uint8Array(64) }));
  assert.ok(!holds({ consent: new Uint8Array(0) }));
});

test('what is signed is [1, network, invitation, certificate, name, organisation, place], for a purpose each', () => {
  const statement = encodeCbor([
    1,
    fromHex(network),
    fromHex(invite.key),
    fay.certificate.bytes,
    profile.name,
    profile.org,
    profile.place,
  ]);
  assert.deepEqual(request.proof, invite.sign('join request, invitation', statement));
  assert.deepEqual(request.consent, fay.device.sign('join request, device', statement));
});

const member = fakeId('member') as MemberId;
const consent = signDeviceConsent(network, member, fay.certificate, fay.device);

test('a device consents to one member of one network', () => {
  const consents = (at: NetworkId, to: MemberId, keys = fay): boolean =>
    deviceConsents(at, to, keys.certificate, consent, fakeVerifier);
  assert.ok(consents(network, member));
  assert.ok(!consents(otherNetwork, member));
  assert.ok(!consents(network, fakeId('other member') as MemberId));
  assert.ok(!consents(network, member, gus));
  const byOther = signDeviceConsent(network, member, fay.certificate, gus.device);
  assert.ok(!deviceConsents(network, member, fay.certificate, byOther, fakeVerifier));
});

test('a request to join is no consent to be linked, nor the other way round', () => {
  assert.ok(!deviceConsents(network, member, fay.certificate, request.consent, fakeVerifier));
  assert.ok(!holds({ consent }));
  const statement = encodeCbor([1, fromHex(network), fromHex(member), fay.certificate.bytes]);
  assert.deepEqual(consent, fay.device.sign('device link', statement));
  assert.ok(!deviceConsents(network, member, fay.certificate, utf8(profileOf('x').name), fakeVerifier));
});
