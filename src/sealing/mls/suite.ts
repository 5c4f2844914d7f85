/**
 * The suite's digests and signatures by node:crypto, in the turn in which they are asked for. The library's own go through
 * Web Crypto, where each of the thousands that one change of a large group takes is a job of its own for another thread.
 */
import { createHmac, hash, sign, timingSafeEqual, verify } from 'node:crypto';
import type { CiphersuiteImpl } from 'ts-mls';
import { concatBytes, type Bytes } from '../../base/bytes.ts';

const DIGEST = 'sha256';
const DIGEST_BYTES = 32;
/** Before the 32 bytes of an Ed25519 key (RFC 8410). */
const SPKI = Buffer.from('302a300506032b6570032100', 'hex');
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');

/** @param suite 0x0001. */
export function withNodeCrypto(suite: CiphersuiteImpl): CiphersuiteImpl {
  return { ...suite, hash: HASH, kdf: KDF, signature: { ...suite.signature, ...SIGNATURE } };
}

const HASH: CiphersuiteImpl['hash'] = {
  digest: async (data) => digestOf(data),
  mac: async (key, data) => hmac(key, data),
  verifyMac: async (key, mac, data) =>
    mac.byteLength === DIGEST_BYTES && timingSafeEqual(mac, hmac(key, data)),
};

const KDF: CiphersuiteImpl['kdf'] = {
  size: DIGEST_BYTES,
  extract: async (salt, secret) => hmac(salt.byteLength === 0 ? new Uint8Array(DIGEST_BYTES) : salt, secret),
  expand: async (secret, info, sizeBytes) => expanded(secret, info, sizeBytes),
};

const SIGNATURE: Pick<CiphersuiteImpl['signature'], 'sign' | 'verify'> = {
  async sign(seed, message) {
    const key = { key: Buffer.concat([PKCS8, seed]), format: 'der', type: 'pkcs8' } as const;
    return bytesOf(sign(null, message, key));
  },
  async verify(publicKey, message, signature) {
    const key = { key: Buffer.concat([SPKI, publicKey]), format: 'der', type: 'spki' } as const;
    return verify(null, message, key, signature);
  },
};

function digestOf(data: Uint8Array): Bytes {
  return bytesOf(hash(DIGEST, data, 'buffer'));
}

function hmac(key: Uint8Array, data: Uint8Array): Bytes {
  return bytesOf(createHmac(DIGEST, key).update(data).digest());
}

/** HKDF-Expand (RFC 5869, §2.3). */
function expanded(secret: Uint8Array, info: Uint8Array, sizeBytes: number): Bytes {
  let block: Bytes = new Uint8Array();
  let all: Bytes = new Uint8Array();
  for (let count = 1; all.byteLength < sizeBytes; count += 1) {
    block = hmac(secret, concatBytes(block, info, new Uint8Array([count])));
    all = concatBytes(all, block);
  }
  return all.slice(0, sizeBytes);
}

/** Of its own: the library overwrites secrets in place. */
function bytesOf(buffer: Uint8Array): Bytes {
  return new Uint8Array(buffer);
}
