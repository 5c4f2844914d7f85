/** Membership acts: bytes to values once, with limits. Layouts are in docs/protocol/roll.md. */
import { equalBytes, type Bytes } from '../base/bytes.ts';
import { decodeCbor, encodeCbor, malformed, type CborValue } from '../base/cbor.ts';
import type { Hlc } from '../base/hlc.ts';
import {
  idFromBytes,
  idToBytes,
  type DeviceKey,
  type EntryHash,
  type FeedId,
  type InviteKey,
  type MemberId,
  type NetworkId,
} from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import { readCertificate, type Certificate } from './certificate.ts';
import { deviceConsents, requestHolds, type JoinRequest } from './request.ts';
import { isRole, type Role } from './roles.ts';
import type { EntryLink, Profile } from './basics.ts';
import type { Verifier } from './signing.ts';

export const ACT_KINDS = [
  'genesis',
  'invite',
  'withdraw',
  'admit',
  'device',
  'role',
  'grant',
  'revoke',
  'rename',
  'hub',
  'accept',
] as const;
export type ActKind = (typeof ACT_KINDS)[number];

export type ActBody =
  | {
      readonly kind: 'genesis';
      readonly network: string;
      readonly certificate: Certificate;
      readonly profile: Profile;
    }
  | {
      readonly kind: 'invite';
      readonly invite: InviteKey;
      readonly role: Role;
      readonly name: string;
      readonly expiresMs: number;
      readonly uses: number;
      readonly form: 'link' | 'code';
    }
  | { readonly kind: 'withdraw'; readonly invite: InviteKey }
  | (JoinRequest & {
      readonly kind: 'admit';
      /** The peer number that the admitting node saw free; the fold has the last word. */
      readonly number: number;
    })
  | {
      readonly kind: 'device';
      readonly member: MemberId;
      readonly certificate: Certificate;
      readonly consent: Bytes;
    }
  | {
      readonly kind: 'role';
      readonly member: MemberId;
      readonly role: Role;
      readonly cuts: readonly EntryLink[];
    }
  | { readonly kind: 'grant'; readonly member: MemberId; readonly grant: string; readonly given: boolean }
  | { readonly kind: 'revoke'; readonly target: RevokeTarget; readonly cuts: readonly EntryLink[] }
  | { readonly kind: 'rename'; readonly member: MemberId; readonly profile: Profile }
  | { readonly kind: 'hub'; readonly address: string; readonly listed: boolean }
  | { readonly kind: 'accept'; readonly upTo: EntryLink };

/** A membership act as the fold takes it: verified bytes, whatever node passed them on. */
export interface Act {
  readonly id: EntryHash;
  readonly feed: FeedId;
  readonly seq: number;
  readonly device: DeviceKey;
  readonly hlc: Hlc;
  /** Acts of other feeds that the author had seen. */
  readonly after: readonly EntryLink[];
  readonly body: ActBody;
}

export type RevokeTarget =
  | { readonly scope: 'member'; readonly member: MemberId }
  | { readonly scope: 'device'; readonly device: DeviceKey };

export function isActKind(kind: string): kind is ActKind {
  return (ACT_KINDS as readonly string[]).includes(kind);
}

const GRANT = /^[a-z][a-z0-9-]{0,31}$/;
/**
 * What is not seen, or turns the writing around: a name must look like what it is, in every list. A list of code points
 * and no Unicode property, because those grow: all nodes must agree, whatever their version.
 */
const UNSEEN =
  // eslint-disable-next-line no-control-regex, no-misleading-character-class -- refusing these is the point
  /[\u0000-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\uffff\u{1bca0}-\u{1bca3}\u{1d173}-\u{1d17a}\u{e0000}-\u{e0fff}]/u;
/** Joiners, which Arabic, Bengali and their neighbours spell with, are unseen elsewhere. */
const STRAY_JOINER =
  /(?<![\u0600-\u109f\u1780-\u18af\u{10d00}-\u{10d3f}])[\u200c\u200d]|[\u200c\u200d](?![\u0600-\u109f\u1780-\u18af\u{10d00}-\u{10d3f}])/u;

export function isGrant(text: string): boolean {
  return GRANT.test(text);
}

/** A name, organisation or place as it may stand in the roll: trimmed, printable, of limited length. */
export function isLabel(text: string): boolean {
  return (
    text.length <= LIMITS.nameChars &&
    text === text.trim() &&
    text.isWellFormed() &&
    !UNSEEN.test(text) &&
    !STRAY_JOINER.test(text)
  );
}

export function encodeAct(body: ActBody): Bytes {
  return encodeCbor(layout(body));
}

function layout(body: ActBody): CborValue {
  switch (body.kind) {
    case 'genesis':
      return [body.network, body.certificate.bytes, ...profileFields(body.profile)];
    case 'invite':
      return [idToBytes(body.invite), body.role, body.name, body.expiresMs, body.uses, body.form];
    case 'withdraw':
      return [idToBytes(body.invite)];
    case 'admit':
      return [
        idToBytes(body.invite),
        body.certificate.bytes,
        ...profileFields(body.profile),
        body.proof,
        body.consent,
        body.number,
      ];
    case 'device':
      return [idToBytes(body.member), body.certificate.bytes, body.consent];
    case 'role':
      return [idToBytes(body.member), body.role, body.cuts.map(encodeLink)];
    case 'grant':
      return [idToBytes(body.member), body.grant, body.given];
    case 'revoke':
      return [
        body.target.scope,
        idToBytes(body.target.scope === 'member' ? body.target.member : body.target.device),
        body.cuts.map(encodeLink),
      ];
    case 'rename':
      return [idToBytes(body.member), ...profileFields(body.profile)];
    case 'hub':
      return [body.address, body.listed];
    case 'accept':
      return [encodeLink(body.upTo)];
  }
}

/** What an act's own signatures are checked against; nothing here depends on this node's state. */
export interface ActContext {
  readonly verifier: Verifier;
  /** For a genesis, which makes the network, anything. */
  readonly network: NetworkId;
}

/** @throws KithError `malformed` when the bytes are no such act, or the signatures inside it do not hold. */
export function decodeAct(kind: ActKind, bytes: Bytes, context: ActContext): ActBody {
  const value = decodeCbor(bytes);
  if (!Array.isArray(value)) throw malformed('a membership act is an array');
  const body = READERS[kind](new Fields(kind, value as CborValue[]), context);
  // Whatever the fields' readers let pass: one act, one encoding, one digest.
  if (!equalBytes(encodeAct(body), bytes)) throw malformed('an act has another, shorter encoding');
  return body;
}

const READERS: Record<ActKind, (fields: Fields, context: ActContext) => ActBody> = {
  genesis: (fields, { verifier }) => {
    const [network, certificate, ...profile] = fields.exactly(5);
    return {
      kind: 'genesis',
      network: label(network, 1),
      certificate: readCertificate(bytesOf(certificate, 2048), verifier),
      profile: readProfile(profile),
    };
  },
  invite: (fields) => {
    const [invite, role, name, expiresMs, uses, form] = fields.exactly(6);
    if (form !== 'link' && form !== 'code') throw malformed('an invitation is a link or a code');
    return {
      kind: 'invite',
      invite: idFromBytes<InviteKey>(invite),
      role: readRole(role),
      name: label(name, 0),
      expiresMs: whole(expiresMs, 1, Number.MAX_SAFE_INTEGER),
      uses: whole(uses, 1, LIMITS.membersPerNetwork),
      form,
    };
  },
  withdraw: (fields) => ({ kind: 'withdraw', invite: idFromBytes<InviteKey>(fields.exactly(1)[0]) }),
  admit: (fields, { verifier, network }) => {
    const [invite, certificate, name, org, place, proof, consent, number] = fields.exactly(8);
    const request: JoinRequest = {
      invite: idFromBytes<InviteKey>(invite),
      certificate: readCertificate(bytesOf(certificate, 2048), verifier),
      profile: readProfile([name, org, place]),
      proof: signatureOf(proof),
      consent: signatureOf(consent),
    };
    if (!requestHolds(network, request, verifier))
      throw malformed('an admission that the invitation does not prove');
    return { kind: 'admit', ...request, number: whole(number, 1, 1_000_000) };
  },
  device: (fields, { verifier, network }) => {
    const [member, certificate, consent] = fields.exactly(3);
    const body = {
      kind: 'device',
      member: idFromBytes<MemberId>(member),
      certificate: readCertificate(bytesOf(certificate, 2048), verifier),
      consent: signatureOf(consent),
    } as const;
    if (!deviceConsents(network, body.member, body.certificate, body.consent, verifier)) {
      throw malformed('a device that did not ask to be linked');
    }
    return body;
  },
  role: (fields) => {
    const [member, role, cuts] = fields.exactly(3);
    return {
      kind: 'role',
      member: idFromBytes<MemberId>(member),
      role: readRole(role),
      cuts: readLinks(cuts),
    };
  },
  grant: (fields) => {
    const [member, grant, given] = fields.exactly(3);
    if (typeof grant !== 'string' || !isGrant(grant)) throw malformed('a grant is a short lower-case word');
    return { kind: 'grant', member: idFromBytes<MemberId>(member), grant, given: flag(given) };
  },
  revoke: (fields) => {
    const [scope, target, cuts] = fields.exactly(3);
    if (scope !== 'member' && scope !== 'device') throw malformed('a member or a device is revoked');
    return {
      kind: 'revoke',
      target:
        scope === 'member'
          ? { scope, member: idFromBytes<MemberId>(target) }
          : { scope, device: idFromBytes<DeviceKey>(target) },
      cuts: readLinks(cuts),
    };
  },
  rename: (fields) => {
    const [member, ...profile] = fields.exactly(4);
    return { kind: 'rename', member: idFromBytes<MemberId>(member), profile: readProfile(profile) };
  },
  hub: (fields) => {
    const [address, listed] = fields.exactly(2);
    if (typeof address !== 'string' || !/^\/[\x21-\x7e]{1,255}$/.test(address))
      throw malformed('a hub has a multiaddr');
    return { kind: 'hub', address, listed: flag(listed) };
  },
  accept: (fields) => ({ kind: 'accept', upTo: readLink(fields.exactly(1)[0]) }),
};

class Fields {
  readonly #kind: string;
  readonly #values: readonly CborValue[];

  constructor(kind: string, values: readonly CborValue[]) {
    this.#kind = kind;
    this.#values = values;
  }

  exactly(count: number): readonly CborValue[] {
    if (this.#values.length !== count) throw malformed(`a ${this.#kind} act has ${String(count)} places`);
    return this.#values;
  }
}

export function encodeLink(link: EntryLink): CborValue {
  return [idToBytes(link.feed), link.seq, idToBytes(link.hash)];
}

export function readLink(value: unknown): EntryLink {
  if (!Array.isArray(value) || value.length !== 3)
    throw malformed('a link names feed, sequence number and digest');
  return {
    feed: idFromBytes<FeedId>(value[0]),
    seq: whole(value[1], 1, Number.MAX_SAFE_INTEGER),
    hash: idFromBytes<EntryHash>(value[2]),
  };
}

function readLinks(value: unknown): EntryLink[] {
  if (!Array.isArray(value) || value.length > LIMITS.cutsPerAct) throw malformed('too many links, or none');
  return value.map(readLink);
}

function profileFields(profile: Profile): CborValue[] {
  return [profile.name, profile.org, profile.place];
}

function readProfile(values: readonly unknown[]): Profile {
  return { name: label(values[0], 1), org: label(values[1], 0), place: label(values[2], 0) };
}

function label(value: unknown, atLeast: number): string {
  if (typeof value !== 'string' || value.length < atLeast || !isLabel(value)) {
    throw malformed(`a name has ${String(atLeast)} to ${String(LIMITS.nameChars)} printable characters`);
  }
  return value;
}

function readRole(value: unknown): Role {
  if (!isRole(value)) throw malformed('unknown role');
  return value;
}

function whole(value: unknown, from: number, to: number): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < from || value > to) {
    throw malformed('a whole number is out of range');
  }
  return value;
}

function flag(value: unknown): boolean {
  if (typeof value !== 'boolean') throw malformed('yes or no expected');
  return value;
}

function bytesOf(value: unknown, limit: number): Bytes {
  if (!(value instanceof Uint8Array) || value.byteLength > limit) throw malformed('bytes expected');
  return value;
}

function signatureOf(value: unknown): Bytes {
  const bytes = bytesOf(value, 64);
  if (bytes.byteLength !== 64) throw malformed('a signature has 64 bytes');
  return bytes;
}
