/**
 * What mail may ask of the sealing of letters.
 *
 * Agreeing on keys is asynchronous (MLS), sealing and opening are not. So each of the two has a step before it:
 * `prepare` before `seal`, `meet` before `open`. These keep what they find out in transactions of their own and may
 * be repeated at will; `seal` and `open` run inside the caller's transaction, so that a key is used up exactly when
 * the letter that used it is stored.
 */
import type { Bytes } from '../../base/bytes.ts';
import type { DeviceKey, MemberId } from '../../base/ids.ts';

export interface SealedLetter {
  /** All that the recipients' devices need, padded to a size class. */
  readonly sealed: Bytes;
  /** One a recipient device, 16 bytes each; only sender and recipient can tell whose they are, and that two of different days belong together. */
  readonly tags: readonly Bytes[];
}

export interface OpenedLetter {
  readonly from: DeviceKey;
  readonly member: MemberId;
  readonly payload: Bytes;
}

export interface SealResult {
  /** Undefined when nobody could be sealed to. */
  readonly letter: SealedLetter | undefined;
  readonly sealedFor: readonly MemberId[];
  /** Without a session, even after `prepare`: their devices have published no keys yet, or are revoked. Try again later. */
  readonly unreachable: readonly MemberId[];
}

export interface LetterSealer {
  /** Founds sessions with those of the members' devices that there is none with. Call and await it before `seal`. */
  prepare(recipients: readonly MemberId[]): Promise<void>;
  /**
   * Inside the caller's transaction. The own member as a recipient means its other devices.
   * @param id the letter's, up to 64 bytes, unique; needed again to open it.
   * @throws KithError `too-large` | `too-many-recipients` (split at LIMITS.letterRecipients members)
   */
  seal(recipients: readonly MemberId[], payload: Bytes, id: Bytes): SealResult;
  /** Whether a letter with this tag may be for this device, sealed at any time that a letter lives. Cheap. */
  isOurs(tag: Bytes): boolean;
  /** Takes in the sessions that a letter founds. Call and await it before `open`. Never throws on what others wrote. */
  meet(sealed: Bytes): Promise<void>;
  /**
   * Inside the caller's transaction. A key opens once: afterwards nothing on this disk opens the letter again.
   * @returns undefined when it is not for this device.
   * @throws KithError `cannot-open`, with the reason, when it is and cannot be opened now or ever.
   */
  open(sealed: Bytes, id: Bytes): OpenedLetter | undefined;
  /** A recipient's device has this letter: the next ones to it need not found the session again. Inside the caller's transaction. */
  confirmed(id: Bytes, by: DeviceKey): void;
  /** Forgets the sessions with a member: it could not open what was sealed. The next `prepare` founds new ones. Inside a transaction. */
  renew(member: MemberId): void;
  /** Publishes keys when some are used up or old, and deletes what is past. At start, when the roll changes, hourly. */
  maintain(nowMs: number): Promise<void>;
}
