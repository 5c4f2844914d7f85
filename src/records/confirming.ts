/**
 * Each device says with its signature that it has overwritten what was to be erased. Who writes says so in an entry; a
 * reader writes none, so it signs its word, and a member takes that into the log for it. Either is checked by everyone
 * from its bytes alone.
 */
import { isKithError } from '../base/errors.ts';
import type { Bytes } from '../base/bytes.ts';
import type { EntryHash, NetworkId } from '../base/ids.ts';
import { mayWrite } from '../identity/roles.ts';
import type { Signer, Verifier } from '../identity/signing.ts';
import { ownMember, type RecordContext } from './context.ts';
import {
  CONFIRMED_PER_ENTRY,
  CONFIRMED_PER_WORD,
  decodeErasedWord,
  encodeErased,
  encodeErasedWord,
  ERASED_KIND,
  ERASED_PURPOSE,
  ERASED_WORD_KIND,
  erasedStatement,
  type ErasedWord,
} from './wire.ts';

/** Overwrites what was erased in the write-ahead log too, and signs that it is done. @returns how many erasures. */
export function confirmErasures(context: RecordContext): number {
  if (!writes(context)) return 0;
  const done = overwritten(context, CONFIRMED_PER_ENTRY);
  if (done.length === 0) return 0;
  const parts = [{ audience: 'public', payload: encodeErased(done) }];
  context.log.append([{ kind: ERASED_KIND, lane: 'data', parts }]);
  return done.length;
}

/** What a reader's node has to say to a member, while the log does not say it. Undefined where there is nothing. */
export function erasedWord(context: RecordContext): Bytes | undefined {
  const { signer, device, log } = context;
  if (ownMember(context)?.role !== 'reader') return undefined;
  const erasures = overwritten(context, CONFIRMED_PER_WORD);
  return erasures.length === 0 ? undefined : signWord(signer, device, log.network, erasures);
}

export function signWord(
  signer: Pick<Signer, 'sign'>,
  device: ErasedWord['device'],
  network: NetworkId,
  erasures: readonly EntryHash[],
): Bytes {
  const signature = signer.sign(ERASED_PURPOSE, erasedStatement(network, erasures));
  return encodeErasedWord({ device, erasures, signature });
}

/** Takes a reader's word into the log, if it is one and says something new. @returns whether it did. */
export function takeErasedWord(context: RecordContext, bytes: Bytes): boolean {
  const { log, erasures } = context;
  const word = readErasedWord(bytes, log.network, context.verifier);
  if (word === undefined || !writes(context) || !isReader(context, word)) return false;
  // Of what nobody demanded here a stranger to the truth could say anything, without end.
  if (!word.erasures.every((erasure) => erasures.isDemanded(erasure))) return false;
  if (word.erasures.every((erasure) => erasures.confirmationsOf(erasure).includes(word.device))) return false;
  log.append([{ kind: ERASED_WORD_KIND, lane: 'data', parts: [{ audience: 'public', payload: bytes }] }]);
  return true;
}

/** Undefined for bytes that are none, or that its device did not sign. */
export function readErasedWord(
  bytes: Bytes,
  network: NetworkId,
  verifier: Pick<Verifier, 'verify'>,
): ErasedWord | undefined {
  try {
    const word = decodeErasedWord(bytes);
    const statement = erasedStatement(network, word.erasures);
    return verifier.verify(word.device, ERASED_PURPOSE, statement, word.signature) ? word : undefined;
  } catch (error) {
    if (isKithError(error, 'malformed')) return undefined;
    throw error;
  }
}

function writes(context: RecordContext): boolean {
  const role = ownMember(context)?.role;
  return role !== undefined && mayWrite(role, 'data');
}

function isReader({ log }: RecordContext, { device }: ErasedWord): boolean {
  const { devices, members } = log.membership;
  const known = devices.get(device);
  const member = known?.active === true ? members.get(known.member) : undefined;
  return member?.status === 'active' && member.role === 'reader';
}

/** Once for what was heard of by then: it waits until nobody reads the write-ahead log. */
function overwritten(context: RecordContext, limit: number): readonly EntryHash[] {
  const { erasures, settled, settle, device } = context;
  const done = erasures.unconfirmedBy(device, limit);
  const count = erasures.count();
  if (done.length === 0 || count === settled.erasures) return done;
  if (!settle()) return [];
  settled.erasures = count;
  return done;
}
