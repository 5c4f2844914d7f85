/** What a host does for its roster unasked: who has caught up counts, who came back anew replaces who it was, who is away for long follows. */
import { demoted, deviceOf, majorityOf, promoted, without } from './roster.ts';
import type { ReplicaId, Roster } from './types.ts';

/** A voter that was away for so long follows from then on, and counts again when it is back. */
export const AWAY_MS = 7 * 24 * 60 * 60 * 1000;

interface Situation {
  readonly roster: Roster;
  readonly self: ReplicaId;
  readonly isCaughtUp: (peer: ReplicaId) => boolean;
  readonly unheardMs: (peer: ReplicaId) => number;
  readonly awayMs: number;
}

/** The next roster on the way, one voter apart; undefined when all is as it should be. */
export function nextRoster(situation: Situation): Roster | undefined {
  return afterJoining(situation) ?? afterReturn(situation) ?? afterAbsence(situation);
}

function afterJoining({ roster, self, isCaughtUp }: Situation): Roster | undefined {
  const ready = roster.joining.find((peer) => deviceOf(peer) !== deviceOf(self) && isCaughtUp(peer));
  if (ready === undefined) return undefined;
  // First the old life goes, then the new one counts: in one step a majority could be missed by another.
  const before = roster.voters.find((voter) => deviceOf(voter) === deviceOf(ready));
  return before === undefined ? promoted(roster, ready) : without(roster, before);
}

/** Whoever was away and has caught up counts as before. */
function afterReturn({ roster, isCaughtUp }: Situation): Roster | undefined {
  const back = roster.learners.find((peer) => isCaughtUp(peer));
  return back === undefined ? undefined : promoted(roster, back);
}

/** Never below what is a majority now: a quorum does not shrink because nobody is there. */
function afterAbsence({ roster, self, unheardMs, awayMs }: Situation): Roster | undefined {
  const { voters } = roster;
  const away = voters.find((voter) => voter !== self && unheardMs(voter) > awayMs);
  if (away === undefined) return undefined;
  const here = voters.filter((voter) => voter === self || unheardMs(voter) <= awayMs);
  return here.length >= majorityOf(voters) ? demoted(roster, away) : undefined;
}
