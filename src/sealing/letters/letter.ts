/** One letter, sealed and opened, when the sessions are known. */
import { concatBytes, equalBytes, type Bytes } from '../../base/bytes.ts';
import { KithError } from '../../base/errors.ts';
import { idToBytes, type DeviceKey, type NetworkId } from '../../base/ids.ts';
import type { Rng } from '../../base/ports.ts';
import type { Signer, Verifier } from '../../identity/signing.ts';
import { agree, boxKey, derive, KEY_BYTES, openOnce, sealOnce, sha256, type BoxKey } from './primitives.ts';
import {
  encodeHead,
  encodeInside,
  pad,
  readInside,
  readOutside,
  signedStatement,
  unpad,
  type Inside,
} from './wire.ts';

const PURPOSE = 'letter';
const NOTHING = new Uint8Array(0);

/** A session's key for this letter, and what founds the session where that is not known to all yet. */
export interface SessionUse {
  readonly session: Bytes;
  readonly slot: number;
  readonly key: Bytes;
  readonly welcome: Bytes | null;
}

export interface Sealing {
  readonly network: NetworkId;
  readonly id: Bytes;
  readonly from: DeviceKey;
  readonly boot: Bytes;
  readonly uses: readonly SessionUse[];
  /** Of every recipient device, in the order of the tags. */
  readonly boxes: readonly Bytes[];
}

/** @throws KithError `too-large` */
export function sealLetter(sealing: Sealing, payload: Bytes, signer: Signer, rng: Rng): Bytes {
  const content = rng.bytes(KEY_BYTES);
  const ciphertext = sealOnce(derive(content, 'content'), payload, sealing.id);
  const wraps = sealing.uses.map(({ session, slot, key, welcome }) => ({
    session,
    slot,
    wrapped: sealOnce(wrappingKey(key, sealing), content, session),
    welcome,
  }));
  const { from, boot } = sealing;
  const unsigned = { from, boot, wraps, commitment: derive(content, 'commitment') };
  const statement = signedStatement(idToBytes(sealing.network), sealing.id, unsigned, sha256(ciphertext));
  const inside = encodeInside({ ...unsigned, ciphertext, signature: signer.sign(PURPOSE, statement) });
  return wrapUp(inside, sealing.boxes, rng);
}

function wrappingKey(key: Bytes, { boot, from, id }: Pick<Sealing, 'boot' | 'from' | 'id'>): Bytes {
  return derive(key, 'wrap', concatBytes(idToBytes(from), id), boot);
}

/** Around the inside: so that carriers see neither who wrote it nor which session it is of. */
function wrapUp(inside: Bytes, boxes: readonly Bytes[], rng: Rng): Bytes {
  const own = boxKey(rng.bytes(KEY_BYTES));
  const letterKey = rng.bytes(KEY_BYTES);
  const headers = boxes.map((box) => {
    const key = headerKey(own, box, { ephemeral: own.publicBytes, box });
    if (key === undefined) throw new KithError('bad-box', 'A device has published a key that is none.');
    return sealOnce(key, letterKey, NOTHING);
  });
  const head = encodeHead(own.publicBytes, headers);
  return concatBytes(head, sealOnce(letterKey, pad(inside, head), head));
}

function headerKey(
  own: BoxKey,
  theirs: Bytes,
  { ephemeral, box }: { readonly ephemeral: Bytes; readonly box: Bytes },
): Bytes | undefined {
  const shared = agree(own, theirs);
  return shared === undefined ? undefined : derive(shared, 'header', concatBytes(ephemeral, box));
}

/** Undefined when none of these boxes opens it, or when what is inside is no letter. */
export function openInside(sealed: Bytes, boxes: readonly BoxKey[]): Inside | undefined {
  try {
    const { ephemeral, headers, blob, head } = readOutside(sealed);
    for (const own of boxes) {
      const key = headerKey(own, ephemeral, { ephemeral, box: own.publicBytes });
      if (key === undefined) return undefined;
      for (const header of headers) {
        const letterKey = openOnce(key, header, NOTHING);
        const padded = letterKey && openOnce(letterKey, blob, head);
        if (padded !== undefined) return readInside(unpad(padded));
      }
    }
  } catch (error) {
    if (!(error instanceof KithError)) throw error;
  }
  return undefined;
}

/** The signature says to whom, under which key, which ciphertext; so no two recipients read two texts, and nobody passes it on as his. */
export function isSigned(network: NetworkId, id: Bytes, inside: Inside, verifier: Verifier): boolean {
  const statement = signedStatement(idToBytes(network), id, inside, sha256(inside.ciphertext));
  return verifier.verify(inside.from, PURPOSE, statement, inside.signature);
}

/** Undefined when the key is another, or the sender committed to another text. */
export function openContent(inside: Inside, id: Bytes, key: Bytes, session: Bytes): Bytes | undefined {
  const wrap = inside.wraps.find((one) => equalBytes(one.session, session));
  const content =
    wrap && openOnce(wrappingKey(key, { boot: inside.boot, from: inside.from, id }), wrap.wrapped, session);
  if (content === undefined || !equalBytes(derive(content, 'commitment'), inside.commitment))
    return undefined;
  return openOnce(derive(content, 'content'), inside.ciphertext, id);
}
