/** A device's keys, certified together: each key signs all three, so none can be borrowed. */
import { equalBytes, type Bytes } from '../base/bytes.ts';
import { decodeCbor, encodeCbor, malformed } from '../base/cbor.ts';
import { idFromBytes, idToBytes, type DeviceKey, type LinkKey } from '../base/ids.ts';
import { isAcceptableKey, type Signer, type Verifier } from './signing.ts';

const PURPOSE = 'device certificate';
const VERSION = 1;

export interface Certificate {
  /** Signs entries; names the device. */
  readonly device: DeviceKey;
  /** Authenticates links. */
  readonly link: LinkKey;
  /** Signature key of the device's leaves in MLS groups. */
  readonly mls: string;
  readonly bytes: Bytes;
}

function statement(device: string, link: string, mls: string): Bytes {
  return encodeCbor([
    VERSION,
    idToBytes(device as DeviceKey),
    idToBytes(link as LinkKey),
    idToBytes(mls as DeviceKey),
  ]);
}

export function certify(signers: { device: Signer; link: Signer; mls: Signer }): Certificate {
  const { device, link, mls } = signers;
  const signed = statement(device.key, link.key, mls.key);
  const bytes = encodeCbor([
    signed,
    device.sign(PURPOSE, signed),
    link.sign(PURPOSE, signed),
    mls.sign(PURPOSE, signed),
  ]);
  return { device: device.key as DeviceKey, link: link.key as LinkKey, mls: mls.key, bytes };
}

/** @throws KithError `malformed` when the form is wrong or one of the three signatures does not hold. */
export function readCertificate(bytes: Bytes, verifier: Verifier): Certificate {
  const outer = decodeCbor(bytes);
  if (!Array.isArray(outer) || outer.length !== 4) throw malformed('a device certificate has four places');
  const [signed, ...signatures] = outer as unknown[];
  if (!(signed instanceof Uint8Array)) throw malformed('a device certificate signs bytes');
  const inner = decodeCbor(signed);
  if (!Array.isArray(inner) || inner.length !== 4 || inner[0] !== VERSION)
    throw malformed('unknown device certificate');
  const keys = [
    idFromBytes<DeviceKey>(inner[1]),
    idFromBytes<LinkKey>(inner[2]),
    idFromBytes<DeviceKey>(inner[3]),
  ] as const;
  if (new Set<string>(keys).size !== 3) throw malformed('a device has three different keys');
  if (!keys.every(isAcceptableKey)) throw malformed('a key that anybody could sign for');
  keys.forEach((key, index) => {
    const signature = signatures[index];
    if (!(signature instanceof Uint8Array) || !verifier.verify(key, PURPOSE, signed, signature)) {
      throw malformed('a device certificate is signed by each of its keys');
    }
  });
  const [device, link, mls] = keys;
  const shortest = encodeCbor([statement(...keys), ...(signatures as Bytes[])]);
  if (!equalBytes(shortest, bytes)) throw malformed('a device certificate has another encoding');
  return { device, link, mls, bytes };
}

/** All that it certifies, whatever for. */
export function keysOf({ device, link, mls }: Certificate): readonly string[] {
  return [device, link, mls];
}
