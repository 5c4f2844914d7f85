import { KithError } from '../../base/errors.ts';
import type { DeviceKey } from '../../base/ids.ts';

const REASONS = {
  'unknown-sender': 'its sender is not in the list of members here',
  'revoked-sender': 'its sender’s device was revoked',
  'not-signed': 'its sender’s signature does not hold',
  'unknown-session': 'the keys that it was sealed with are not known here',
  'wrong-session': 'it was sealed with keys of somebody else',
  'too-many-sessions': 'its sender’s device founds more sessions than anybody needs',
  'used-key': 'its key was used already and is gone',
  damaged: 'it was changed, or its sender told two texts',
} as const;

export type CannotOpenReason = keyof typeof REASONS;

/** A letter to this device that does not open. With `unknown-session` or `used-key` its sender can seal it anew (`LetterSealer.renew`). */
export class CannotOpen extends KithError {
  readonly reason: CannotOpenReason;
  /** As the letter says; proven only where the signature was what did hold. */
  readonly from: DeviceKey;

  constructor(reason: CannotOpenReason, from: DeviceKey) {
    super('cannot-open', `A letter to this device cannot be opened: ${REASONS[reason]}.`, {
      next: 'Ask its sender to send it again.',
    });
    this.reason = reason;
    this.from = from;
  }
}

export function cannotOpen(reason: CannotOpenReason, from: DeviceKey): CannotOpen {
  return new CannotOpen(reason, from);
}
