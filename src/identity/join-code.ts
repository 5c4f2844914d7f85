/**
 * The twelve-digit code of an invitation, as people read it over the phone: `417 302 998 215`.
 *
 * The first three digits are the invitation's **locator**: public, said in clear to any node that asks, so that the
 * admitting node knows which invitation is meant. The other nine are the **secret**, 29.9 bits, which never crosses
 * the wire and is proven by CPace (`cpace.ts`, `docs/decisions/0003-twelve-digit-codes.md`).
 */
import { utf8, type Bytes } from '../base/bytes.ts';
import { encodeCbor } from '../base/cbor.ts';
import { KithError } from '../base/errors.ts';
import { idToBytes, type LinkKey } from '../base/ids.ts';
import type { Rng } from '../base/ports.ts';

const LOCATOR_DIGITS = 3;
const SECRET_DIGITS = 9;
const CODE_DIGITS = LOCATOR_DIGITS + SECRET_DIGITS;

export const CODE_LIMITS = {
  /** Wrong tries at one node before it answers to that code no more. */
  wrongTries: 5,
  /** Nodes that a joining program proves itself to for one code that was typed in: each can test one guess. */
  nodesTried: 8,
} as const;

export interface JoinCode {
  /** Three ASCII digits. */
  readonly locator: string;
  /** Nine ASCII digits. */
  readonly secret: string;
}

/**
 * @param taken locators of invitations that are open already; the new one has another.
 * @throws KithError `too-many-codes` when all thousand are taken.
 */
export function generateJoinCode(rng: Rng, taken: ReadonlySet<string> = new Set()): JoinCode {
  const free = Array.from({ length: 10 ** LOCATOR_DIGITS }, (_, n) => padded(n, LOCATOR_DIGITS)).filter(
    (locator) => !taken.has(locator),
  );
  const locator = free.length === 0 ? undefined : free[rng.below(free.length)];
  if (locator === undefined) {
    throw new KithError('too-many-codes', 'A thousand invitations by code are open; no more can be made.', {
      next: 'Withdraw some of them, or invite by link.',
    });
  }
  return { locator, secret: padded(rng.below(10 ** SECRET_DIGITS), SECRET_DIGITS) };
}

/** As people see it: four groups of three. */
export function formatJoinCode(code: JoinCode): string {
  return (code.locator + code.secret).replace(/(\d{3})(?=\d)/g, '$1 ');
}

/**
 * Reads a code as people type it: in digits of their own script, with any spaces, dashes and dots.
 * @throws KithError `bad-code` when there is anything else in it, or not exactly twelve digits.
 */
export function parseJoinCode(text: string): JoinCode {
  const digits = readDigits(text);
  if (digits === undefined) throw badCode('A code has digits only.');
  if (digits.length !== CODE_DIGITS) {
    throw badCode(`A code has twelve digits; this has ${digits.length}.`);
  }
  return { locator: digits.slice(0, LOCATOR_DIGITS), secret: digits.slice(LOCATOR_DIGITS) };
}

/** Whether a person who typed this meant a code (perhaps one digit short) and not a link. */
export function looksLikeCode(text: string): boolean {
  const digits = readDigits(text);
  return digits !== undefined && digits.length > 0;
}

/** CPace's password: the nine secret digits in ASCII, in whatever script they were typed. */
export function codePassword(code: JoinCode): Bytes {
  return utf8(code.secret);
}

/**
 * CPace's channel identifier: the invitation, and who stands at the two ends of the link, initiator first
 * (draft-irtf-cfrg-cpace-21 §10.1.1). A relayed exchange has other ends than its parties believe, and fails.
 */
export function codeChannel(locator: string, initiator: LinkKey, responder: LinkKey): Bytes {
  return encodeCbor(['kith/1 join by code', locator, idToBytes(initiator), idToBytes(responder)]);
}

function padded(value: number, digits: number): string {
  return String(value).padStart(digits, '0');
}

function badCode(message: string): KithError {
  return new KithError('bad-code', message, { next: 'Ask for the code again: four groups of three digits.' });
}

/**
 * Code points of the zeros of ten consecutive digits: Latin, full-width, Arabic-Indic (٠), Eastern Arabic (۰),
 * Devanagari, Bengali (০), Thai, Lao, Burmese (၀), Shan, Khmer, Hanifi Rohingya, Chakma.
 */
const ZEROS = [
  0x30, 0xff10, 0x660, 0x6f0, 0x966, 0x9e6, 0xe50, 0xed0, 0x1040, 0x1090, 0x17e0, 0x10d30, 0x11136,
] as const;

/** The Burmese letter wa looks just like the Burmese zero and is what many keyboards give. */
const BURMESE_WA = 0x101d;

/** Blanks, dashes of all kinds, dots, and the invisible marks that come along when text is copied. */
const SEPARATOR = /^[\s\p{Pd}\p{Cf}.,·_/()−]$/u;

/** The ASCII digits of a text, or nothing when it holds more than digits and separators. */
function readDigits(text: string): string | undefined {
  let digits = '';
  for (const char of text) {
    const digit = digitOf(char.codePointAt(0) ?? 0);
    if (digit !== undefined) digits += String(digit);
    else if (!SEPARATOR.test(char)) return undefined;
  }
  return digits;
}

function digitOf(codePoint: number): number | undefined {
  if (codePoint === BURMESE_WA) return 0;
  const zero = ZEROS.find((start) => codePoint >= start && codePoint < start + 10);
  return zero === undefined ? undefined : codePoint - zero;
}
