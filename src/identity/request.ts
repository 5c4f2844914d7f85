/**
 * What somebody signs to be let in: with the invitation's key (so it was really invited, and a copy of the request
 * fits no other device or network) and with its own device key (so nobody admits it under another name).
 */
import type { Bytes } from '../base/bytes.ts';
import { encodeCbor } from '../base/cbor.ts';
import { idToBytes, type InviteKey, type MemberId, type NetworkId } from '../base/ids.ts';
import type { Certificate } from './certificate.ts';
import type { Signer, Verifier } from './signing.ts';
import type { Profile } from './basics.ts';

const BY_INVITE = 'join request, invitation';
const BY_DEVICE = 'join request, device';

export interface JoinRequest {
  readonly invite: InviteKey;
  readonly certificate: Certificate;
  readonly profile: Profile;
  readonly proof: Bytes;
  readonly consent: Bytes;
}

function statement(network: NetworkId, invite: InviteKey, certificate: Certificate, profile: Profile): Bytes {
  return encodeCbor([
    1,
    idToBytes(network),
    idToBytes(invite),
    certificate.bytes,
    profile.name,
    profile.org,
    profile.place,
  ]);
}

export function signRequest(
  network: NetworkId,
  signers: { invite: Signer; device: Signer },
  certificate: Certificate,
  profile: Profile,
): JoinRequest {
  const invite = signers.invite.key as InviteKey;
  const bytes = statement(network, invite, certificate, profile);
  return {
    invite,
    certificate,
    profile,
    proof: signers.invite.sign(BY_INVITE, bytes),
    consent: signers.device.sign(BY_DEVICE, bytes),
  };
}

export function requestHolds(network: NetworkId, request: JoinRequest, verifier: Verifier): boolean {
  const bytes = statement(network, request.invite, request.certificate, request.profile);
  return (
    verifier.verify(request.invite, BY_INVITE, bytes, request.proof) &&
    verifier.verify(request.certificate.device, BY_DEVICE, bytes, request.consent)
  );
}

const LINKED = 'device link';

/** A further device of a member signs that it belongs to that member of that network. */
export function signDeviceConsent(
  network: NetworkId,
  member: MemberId,
  certificate: Certificate,
  device: Signer,
): Bytes {
  return device.sign(LINKED, encodeCbor([1, idToBytes(network), idToBytes(member), certificate.bytes]));
}

export function deviceConsents(
  network: NetworkId,
  member: MemberId,
  certificate: Certificate,
  consent: Bytes,
  verifier: Verifier,
): boolean {
  const bytes = encodeCbor([1, idToBytes(network), idToBytes(member), certificate.bytes]);
  return verifier.verify(certificate.device, LINKED, bytes, consent);
}
