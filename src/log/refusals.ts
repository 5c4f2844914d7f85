/** Why the log or the roll refuses something, for the person who asked for it. */
import { KithError } from '../base/errors.ts';

export function writtenTwice(): KithError {
  return new KithError(
    'written-twice',
    'Another copy of this device wrote too, so its history cannot go on.',
    {
      next: 'Start kith again: it goes on in a new history.',
    },
  );
}

const REFUSALS: Readonly<Record<string, string>> = {
  'not-an-admin': 'Only an admin can do this.',
  'not-a-member': 'This device is not, or no longer, a member of the network.',
  'last-admin': 'A network needs an admin, and this is the last one.',
  'unknown-member': 'There is no such active member.',
  'unknown-device': 'There is no such device.',
  'keys-in-use': 'This device is already in the roll.',
  'invitation-used-up': 'This invitation has been used already.',
  'invitation-expired': 'This invitation has expired.',
  'invitation-withdrawn': 'This invitation was withdrawn.',
  'unknown-invitation': 'There is no such invitation in this network.',
  'role-writes-nothing': 'A reader or relay cannot change anything.',
  'too-many-devices': 'This member has as many devices as one can have.',
};

export function refusalSentence(code: string): string {
  return REFUSALS[code] ?? `The network refuses this (${code}).`;
}
