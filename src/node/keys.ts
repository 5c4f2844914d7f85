/** This device's keys: made once, kept sealed under the root key, which a passphrase wraps when the user sets one. */
import type { Bytes } from '../base/bytes.ts';
import { decodeCbor, encodeCbor, malformed } from '../base/cbor.ts';
import type { Rng } from '../base/ports.ts';
import { certify, type Certificate } from '../identity/certificate.ts';
import { createSigner, SEED_BYTES, type Signer } from '../identity/signing.ts';
import {
  changePassphrase,
  createSealer,
  needsPassphrase,
  newRootKey,
  subkey,
  unwrapRootKey,
  wrapRootKey,
  type Sealer,
} from '../sealing/index.ts';

/** Small facts of this node, beside the log. `store/meta-store.ts` keeps them. */
export interface Meta {
  get(key: string): Bytes | undefined;
  set(key: string, value: Bytes): void;
  delete(key: string): void;
}

export interface DeviceKeys {
  readonly signer: Signer;
  readonly linkSeed: Bytes;
  readonly linkKey: string;
  readonly mlsSeed: Bytes;
  readonly certificate: Certificate;
  /** Seals what lies on this disk. */
  readonly sealer: Sealer;
  /** The root key wrapped for a copy of the store: under that copy's passphrase, or plain inside a sealed file. */
  wrap(passphrase: string | undefined): Promise<Bytes>;
}

const ROOT = 'root key';
const SEEDS = 'device keys';
const SEEDS_PLACE = { table: 'meta', key: SEEDS } as const;

export function isLocked(meta: Meta): boolean {
  const stored = meta.get(ROOT);
  return stored !== undefined && needsPassphrase(stored);
}

/** Opens this device's keys, or makes them where there are none. @throws KithError `wrong-passphrase` | `passphrase-needed` */
export async function openKeys(meta: Meta, rng: Rng, passphrase: string | undefined): Promise<DeviceKeys> {
  const stored = meta.get(ROOT);
  if (stored === undefined) {
    const rootKey = newRootKey(rng);
    const seeds = [0, 1, 2].map(() => rng.bytes(SEED_BYTES));
    meta.set(SEEDS, sealerOf(rootKey).seal(SEEDS_PLACE, encodeCbor(seeds)));
    meta.set(ROOT, await wrapRootKey(rootKey, passphrase, rng));
    return keysOf(rootKey, seeds, rng);
  }
  const rootKey = await unwrapRootKey(stored, passphrase);
  const sealed = meta.get(SEEDS);
  if (sealed === undefined) throw malformed('the device keys are gone');
  return keysOf(rootKey, readSeeds(sealerOf(rootKey).open(SEEDS_PLACE, sealed)), rng);
}

export async function setPassphrase(
  meta: Meta,
  rng: Rng,
  current: string | undefined,
  next: string | undefined,
): Promise<void> {
  const stored = meta.get(ROOT);
  if (stored === undefined) throw malformed('there are no keys yet');
  meta.set(ROOT, await changePassphrase(stored, current, next, rng));
}

const HAD_PASSPHRASE = 'had a passphrase';

/** Makes a copied store independent of this one's passphrase: the sealed file around it has its own. */
export async function openUpCopy(copy: Meta, keys: DeviceKeys): Promise<void> {
  if (isLocked(copy)) copy.set(HAD_PASSPHRASE, Uint8Array.of(1));
  copy.set(ROOT, await keys.wrap(undefined));
}

/** Where the store was locked before, it is again, under the passphrase that it was brought with. */
export async function lockAsBefore(meta: Meta, keys: DeviceKeys, passphrase: string): Promise<void> {
  if (meta.get(HAD_PASSPHRASE) === undefined) return;
  meta.set(ROOT, await keys.wrap(passphrase));
  meta.delete(HAD_PASSPHRASE);
}

function sealerOf(rootKey: Bytes): Sealer {
  return createSealer(subkey(rootKey, 'at rest'));
}

function keysOf(rootKey: Bytes, seeds: readonly Bytes[], rng: Rng): DeviceKeys {
  const [deviceSeed, linkSeed, mlsSeed] = seeds;
  if (deviceSeed === undefined || linkSeed === undefined || mlsSeed === undefined)
    throw malformed('three keys a device');
  const signers = {
    device: createSigner(deviceSeed),
    link: createSigner(linkSeed),
    mls: createSigner(mlsSeed),
  };
  return {
    signer: signers.device,
    linkSeed,
    linkKey: signers.link.key,
    mlsSeed,
    certificate: certify(signers),
    sealer: sealerOf(rootKey),
    wrap: async (passphrase) => wrapRootKey(rootKey, passphrase, rng),
  };
}

function readSeeds(bytes: Bytes): Bytes[] {
  const value = decodeCbor(bytes);
  const isSeed = (seed: unknown): seed is Bytes =>
    seed instanceof Uint8Array && seed.byteLength === SEED_BYTES;
  const seeds: readonly unknown[] = Array.isArray(value) ? value : [];
  if (seeds.length !== 3 || !seeds.every(isSeed)) throw malformed('device keys of another form');
  return [...seeds];
}
