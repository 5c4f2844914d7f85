/** Invitations: signed by somebody inside, for one member, asked again ever more rarely until answered or over. */
import type { DeviceKey } from '../base/ids.ts';
import type { Signer, Verifier } from '../identity/signing.ts';
import type { Consensus } from './consensus/core.ts';
import { hasDevice } from './consensus/roster.ts';
import type { Invitation, SentInvite } from './types.ts';
import { INVITATION_PURPOSE, signedInvitation } from './wire.ts';

export const INVITE = {
  lastsMs: 7 * 24 * 60 * 60 * 1000,
  firstAgainMs: 2000,
  mostAgainMs: 60 * 60 * 1000,
  /** Where there is no link, nobody knows whether it went anywhere. */
  mostUnlinkedMs: 60 * 1000,
} as const;

export function signInvitation(signer: Signer, rest: Omit<Invitation, 'by' | 'signature'>): Invitation {
  const unsigned = { ...rest, by: signer.key as DeviceKey };
  return { ...unsigned, signature: signer.sign(INVITATION_PURPOSE, signedInvitation(unsigned)) };
}

export function isGenuine(verifier: Verifier, invitation: Invitation): boolean {
  return verifier.verify(
    invitation.by,
    INVITATION_PURPOSE,
    signedInvitation(invitation),
    invitation.signature,
  );
}

/** Once more, of today: one from before the log begins is worth nothing any more. */
export function renewed(
  signer: Signer,
  { by: _by, signature: _signature, ...rest }: Invitation,
  commit: number,
): Invitation {
  return signInvitation(signer, { ...rest, commit });
}

/** After it was sent once more: twice as long to the next time. */
export function nextTry(invite: SentInvite, nowMs: number, isLinked = true): SentInvite {
  const mostMs = isLinked ? INVITE.mostAgainMs : INVITE.mostUnlinkedMs;
  const pauseMs = Math.min(mostMs, INVITE.firstAgainMs * 2 ** Math.min(invite.tries, 20));
  return { ...invite, tries: invite.tries + 1, nextMs: nowMs + pauseMs };
}

/** Whether a change that was agreed on after that place put this device out, wherever it is now. */
export function wasOutSince(
  core: Pick<Consensus, 'base' | 'commit' | 'entry'>,
  device: DeviceKey,
  since: number,
): boolean {
  for (let index = core.commit; index > since; index -= 1) {
    const entry = core.entry(index);
    if (entry === undefined) return false;
    if (entry.kind === 'change' && !hasDevice(entry.roster, device)) return true;
  }
  return false;
}

/**
 * From where on an invitation lets this device in: not from before the log put it out, agreed on or not, since in the next
 * moment a majority may have. What is in no log any more cannot be known, so that an invitation from before the log begins
 * is worth nothing where the log does not begin with the device.
 */
export function invitableSince(core: Pick<Consensus, 'base' | 'end' | 'entry'>, device: DeviceKey): number {
  let lacksSince = 0;
  for (let index = core.end.lastIndex; index > core.base.index; index -= 1) {
    const entry = core.entry(index);
    if (entry?.kind !== 'change') continue;
    if (hasDevice(entry.roster, device)) return lacksSince;
    lacksSince = index;
  }
  return hasDevice(core.base.roster, device) ? lacksSince : core.base.index;
}
