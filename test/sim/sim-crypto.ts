/**
 * Signatures for the simulator: a digest over key, purpose and message, some fifty times faster than Ed25519. Anybody
 * could forge one, and nobody in a simulation does; what matters is that a changed message no longer verifies.
 */
import { createHash } from 'node:crypto';
import { certify, type Certificate } from '../../src/identity/certificate.ts';
import { toHex, utf8 } from '../../src/base/bytes.ts';
import type { Rng } from '../../src/base/ports.ts';
import type { Signer, Verifier } from '../../src/identity/signing.ts';

function mark(key: string, purpose: string, message: Uint8Array): Buffer {
  return createHash('sha256').update(key).update(utf8(purpose)).update('\n').update(message).digest();
}

export function simSigner(rng: Rng): Signer {
  const key = toHex(rng.bytes(32));
  return {
    key,
    sign: (purpose, message) => {
      const half = mark(key, purpose, message);
      const signature = new Uint8Array(64);
      signature.set(half, 0);
      signature.set(half, 32);
      return signature;
    },
  };
}

export const simVerifier: Verifier = {
  verify: (key, purpose, message, signature) => {
    const half = mark(key, purpose, message);
    return (
      signature.byteLength === 64 &&
      half.equals(signature.subarray(0, 32)) &&
      half.equals(signature.subarray(32))
    );
  },
};

export interface SimKeys {
  readonly device: Signer;
  readonly link: Signer;
  readonly mls: Signer;
  readonly certificate: Certificate;
}

export function simKeys(rng: Rng): SimKeys {
  const signers = { device: simSigner(rng), link: simSigner(rng), mls: simSigner(rng) };
  return { ...signers, certificate: certify(signers) };
}
