/** Messages of the channel `/kith/1/join`, the one thing that a stranger can reach. Layouts: docs/protocol/join.md. */
import type { Bytes } from '../base/bytes.ts';
import { decodeCbor, encodeCbor, malformed, type CborValue } from '../base/cbor.ts';
import { idFromBytes, idToBytes, type InviteKey, type MemberId, type NetworkId } from '../base/ids.ts';
import { isLabel } from './acts.ts';
import type { Profile } from './types.ts';

export const JOIN_VERSION = 1;
/** The largest is a request; nothing here comes near. */
export const JOIN_FRAME_BYTES = 4096;
export const NONCE_BYTES = 32;

export type JoinMessage =
  /** I hold this invitation's secret. */
  | { readonly type: 'hello'; readonly invite: InviteKey; readonly nonce: Bytes }
  /** I was told a code that starts with these digits: CPace, first message. */
  | { readonly type: 'code'; readonly locator: string; readonly nonce: Bytes; readonly share: Bytes }
  /** CPace, second message. */
  | { readonly type: 'reply'; readonly share: Bytes; readonly tag: Bytes }
  /** CPace, confirmation. */
  | { readonly type: 'confirm'; readonly tag: Bytes }
  /** The invitation's seed, sealed under CPace's key. */
  | { readonly type: 'secret'; readonly sealed: Bytes }
  /** Prove it: sign this nonce. */
  | {
      readonly type: 'challenge';
      readonly nonce: Bytes;
      readonly network: NetworkId;
      readonly networkName: string;
      /** Set when the invitation is for another device of this member. */
      readonly member: MemberId | undefined;
    }
  | {
      readonly type: 'request';
      readonly answer: Bytes;
      readonly certificate: Bytes;
      readonly profile: Profile;
      readonly proof: Bytes;
      readonly consent: Bytes;
    }
  | { readonly type: 'welcome'; readonly member: MemberId }
  | { readonly type: 'refused'; readonly code: string };

export function encodeJoin(message: JoinMessage): Bytes {
  return encodeCbor(layout(message));
}

function layout(message: JoinMessage): CborValue {
  switch (message.type) {
    case 'hello':
      return [0, JOIN_VERSION, idToBytes(message.invite), message.nonce];
    case 'code':
      return [1, JOIN_VERSION, message.locator, message.nonce, message.share];
    case 'reply':
      return [2, message.share, message.tag];
    case 'confirm':
      return [3, message.tag];
    case 'secret':
      return [4, message.sealed];
    case 'challenge': {
      const member = message.member === undefined ? null : idToBytes(message.member);
      return [5, message.nonce, idToBytes(message.network), message.networkName, member];
    }
    case 'request': {
      const { name, org, place } = message.profile;
      return [6, message.answer, message.certificate, name, org, place, message.proof, message.consent];
    }
    case 'welcome':
      return [7, idToBytes(message.member)];
    case 'refused':
      return [8, message.code];
  }
}

type Fields = readonly CborValue[];

const READERS: readonly { readonly places: number; readonly read: (fields: Fields) => JoinMessage }[] = [
  {
    places: 4,
    read: ([, version, invite, nonce]) =>
      versioned(version, { type: 'hello', invite: idFromBytes(invite), nonce: bytes(nonce, NONCE_BYTES) }),
  },
  { places: 5, read: readCode },
  { places: 3, read: ([, share, tag]) => ({ type: 'reply', share: bytes(share, 32), tag: bytes(tag, 64) }) },
  { places: 2, read: ([, tag]) => ({ type: 'confirm', tag: bytes(tag, 64) }) },
  { places: 2, read: ([, sealed]) => ({ type: 'secret', sealed: atMost(sealed, 256) }) },
  { places: 5, read: readChallenge },
  { places: 8, read: readRequest },
  { places: 2, read: ([, member]) => ({ type: 'welcome', member: idFromBytes(member) }) },
  { places: 2, read: readRefused },
];

/** @throws KithError `malformed` */
export function decodeJoin(frame: Bytes): JoinMessage {
  if (frame.byteLength > JOIN_FRAME_BYTES) throw malformed('a join message is too large');
  const value = decodeCbor(frame);
  if (!Array.isArray(value)) throw malformed('a join message is an array');
  const fields = value as CborValue[];
  const reader = typeof fields[0] === 'number' ? READERS[fields[0]] : undefined;
  if (reader?.places !== fields.length) throw malformed('unknown join message');
  return reader.read(fields);
}

function versioned<Message extends JoinMessage>(version: unknown, message: Message): Message {
  if (version !== JOIN_VERSION) throw malformed('another version of joining');
  return message;
}

function readCode([, version, locator, nonce, share]: Fields): JoinMessage {
  if (typeof locator !== 'string' || !/^[0-9]{3}$/.test(locator))
    throw malformed('a code starts with three digits');
  return versioned(version, {
    type: 'code',
    locator,
    nonce: bytes(nonce, NONCE_BYTES),
    share: bytes(share, 32),
  });
}

function readChallenge([, nonce, network, networkName, member]: Fields): JoinMessage {
  return {
    type: 'challenge',
    nonce: bytes(nonce, NONCE_BYTES),
    network: idFromBytes(network),
    networkName: label(networkName),
    member: member === null ? undefined : idFromBytes(member),
  };
}

function readRequest([, answer, certificate, name, org, place, proof, consent]: Fields): JoinMessage {
  return {
    type: 'request',
    answer: bytes(answer, 64),
    certificate: atMost(certificate, 1024),
    profile: { name: label(name), org: label(org), place: label(place) },
    proof: bytes(proof, 64),
    consent: bytes(consent, 64),
  };
}

function readRefused([, code]: Fields): JoinMessage {
  if (typeof code !== 'string' || !/^[a-z-]{1,40}$/.test(code)) throw malformed('a refusal has a code');
  return { type: 'refused', code };
}

function bytes(value: unknown, sizeBytes: number): Bytes {
  const read = atMost(value, sizeBytes);
  if (read.byteLength !== sizeBytes) throw malformed('bytes of another length');
  return read;
}

function atMost(value: unknown, sizeBytes: number): Bytes {
  if (!(value instanceof Uint8Array) || value.byteLength > sizeBytes) throw malformed('bytes expected');
  return value;
}

function label(value: unknown): string {
  if (typeof value !== 'string' || !isLabel(value)) throw malformed('a name is short and printable');
  return value;
}
