/**
 * Twelve digits that two people read to each other to be sure that each holds the other's true keys, in the same
 * network. They come out alike on both sides exactly when network and keys are alike.
 *
 * Twelve digits are 39.9 bits, which a machine could grind through: keys are made freely until the digits fit. So
 * each trial costs one argon2id of 64 MiB, a quarter of a second of one processor. To fit **given** digits takes 2^40
 * trials, nine thousand processor years. Who stands between two people, each of them alone with him in a network of
 * his making, may vary **both** sides and needs only two lists with one number in common, about 2·2^20 trials: some
 * 150 processor hours. So this check is one lock behind another (invitations are proven by their secret), and must
 * not become the only one.
 */
import { argon2 } from 'node:crypto';
import { promisify } from 'node:util';
import { compareBytes, utf8, type Bytes } from '../base/bytes.ts';
import { encodeCbor } from '../base/cbor.ts';
import { assert } from '../base/errors.ts';
import { idToBytes, type DeviceKey, type NetworkId } from '../base/ids.ts';

const argon2Async = promisify(argon2);

/** Changing any of these changes everybody's digits. */
const VOICE_MEMORY_KIB = 64 * 1024;
const VOICE_PASSES = 5;
const VOICE_LANES = 4;
const VOICE_SALT = utf8('kith/1 voice check');
const VOICE_DIGITS = 12;

/**
 * @param keysA every device key of one side; the order does not matter, nor which side comes first.
 * @returns twelve ASCII digits; `formatVoiceDigits` for people.
 */
export async function voiceDigits(
  network: NetworkId,
  keysA: readonly DeviceKey[],
  keysB: readonly DeviceKey[],
): Promise<string> {
  const [first, second] = [side(keysA), side(keysB)].sort(compareBytes);
  assert(first !== undefined && second !== undefined, 'two sides');
  assert(compareBytes(first, second) !== 0, 'nobody compares digits with himself');
  const stretched = await argon2Async('argon2id', {
    message: encodeCbor([idToBytes(network), first, second]),
    nonce: VOICE_SALT,
    memory: VOICE_MEMORY_KIB,
    passes: VOICE_PASSES,
    parallelism: VOICE_LANES,
    tagLength: 32,
  });
  // 256 bits modulo 10^12: no digit is likelier than another by more than 2^-216.
  const number = BigInt(`0x${stretched.toString('hex')}`) % 10n ** BigInt(VOICE_DIGITS);
  return number.toString().padStart(VOICE_DIGITS, '0');
}

/** Three groups of four, so that nobody takes them for a code to join with, which has four groups of three. */
export function formatVoiceDigits(digits: string): string {
  return digits.replace(/(\d{4})(?=\d)/g, '$1 ');
}

function side(keys: readonly DeviceKey[]): Bytes {
  assert(keys.length > 0, 'a side has a device');
  return encodeCbor([...new Set(keys)].sort().map(idToBytes));
}
