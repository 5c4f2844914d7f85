/** What a host does for its roster unasked: who has caught up counts, who came back anew replaces who it was. */
import { demoted, deviceOf, majorityOf, promoted, without } from './roster.ts';
import type { ReplicaId, Roster } from './types.ts';

/** A voter that was away for so long follows from then on, and is asked to count again when it is back. */
export const AWAY_MS = 7 * 24 * 60 * 60 * 1000;

interface Situation {
  readonly roster: Roster;
  readonly self: ReplicaId;
  readonly isCaughtUp: (peer: ReplicaId) => boolean;
  readonly unheardMs: (peer: ReplicaId) => number;
}

/** The next roster on the way, one voter apart; undefined when all is as it should be. */
export function nextRoster(situation: Situation): Roster | undefined {
  return afterJoining(situation) ?? afterAbsence(situation);
}

function afterJoining({ roster, self, isCaughtUp }: Situation): Roster | undefined {
  const ready = roster.joining.find((peer) => deviceOf(peer) !== deviceOf(self) && isCaughtUp(peer));
  if (ready === undefined) return undefined;
  // First the old life goes, then the new one counts: in one step a majority could be missed by another.
  const before = roster.voters.find((voter) => deviceOf(voter) === deviceOf(ready));
  return before === undefined ? promoted(roster, ready) : without(roster, before);
}

/** Never below what is a majority now: a quorum does not shrink because nobody is there. */
function afterAbsence({ roster, self, unheardMs }: Situation): Roster | undefined {
  const { voters } = roster;
  const away = voters.find((voter) => voter !== self && unheardMs(voter) > AWAY_MS);
  if (away === undefined) return undefined;
  const here = voters.filter((voter) => voter === self || unheardMs(voter) <= AWAY_MS);
  return here.length >= majorityOf(voters) ? demoted(roster, away) : undefined;
}
