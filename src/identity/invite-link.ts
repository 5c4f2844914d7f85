/** An invitation as a link (and QR code): everything that a newcomer needs, so it is shown to nobody else. */
import { fromBase64Url, toBase64Url, type Bytes } from '../base/bytes.ts';
import { decodeCbor, encodeCbor } from '../base/cbor.ts';
import { KithError } from '../base/errors.ts';
import { idFromBytes, idToBytes, type NetworkId } from '../base/ids.ts';
import { SEED_BYTES } from './signing.ts';

const PREFIX = 'kith://join/';
const VERSION = 1;
const ADDRESSES = 12;

export interface InviteLink {
  readonly network: NetworkId;
  /** Seed of the invitation's key pair. Whoever has it can join. */
  readonly seed: Bytes;
  readonly networkName: string;
  /** Whom it is meant for; empty when for anybody. */
  readonly name: string;
  /** For another device of a member, not for a new member. */
  readonly forDevice: boolean;
  readonly expiresMs: number;
  /** Multiaddrs of nodes that can admit. */
  readonly addresses: readonly string[];
}

export function formatInviteLink(link: InviteLink): string {
  const fields = [
    VERSION,
    idToBytes(link.network),
    link.seed,
    link.networkName,
    link.name,
    link.forDevice,
    link.expiresMs,
    link.addresses.slice(0, ADDRESSES),
  ] as const;
  return PREFIX + toBase64Url(encodeCbor(fields));
}

export function isInviteLink(text: string): boolean {
  return text.trim().startsWith(PREFIX);
}

/** @throws KithError `bad-link` when it was cut off, changed, or is none of ours. */
export function parseInviteLink(text: string): InviteLink {
  const trimmed = text.trim();
  if (!trimmed.startsWith(PREFIX)) throw badLink();
  try {
    return readFields(decodeCbor(fromBase64Url(trimmed.slice(PREFIX.length))));
  } catch (cause) {
    throw badLink(cause);
  }
}

function readFields(value: unknown): InviteLink {
  if (!Array.isArray(value) || value.length !== 8) throw badLink();
  const [version, network, seed, networkName, name, forDevice, expiresMs, addresses] = value as unknown[];
  const isText = (item: unknown): item is string => typeof item === 'string' && item.length <= 256;
  if (version !== VERSION || !(seed instanceof Uint8Array) || seed.byteLength !== SEED_BYTES) throw badLink();
  if (
    !isText(networkName) ||
    !isText(name) ||
    typeof forDevice !== 'boolean' ||
    !Number.isSafeInteger(expiresMs)
  )
    throw badLink();
  if (!Array.isArray(addresses) || addresses.length > ADDRESSES || !addresses.every(isText)) throw badLink();
  return {
    network: idFromBytes(network),
    seed,
    networkName,
    name,
    forDevice,
    expiresMs: expiresMs as number,
    addresses,
  };
}

function badLink(cause?: unknown): KithError {
  return new KithError('bad-link', 'This is not a whole invitation link.', {
    next: 'Copy the link again, all of it: it starts with kith://join/',
    cause,
  });
}
