/** What a host does for its roster unasked: who has caught up counts, who came back anew replaces who it was, who is away for long follows. */
import { demoted, deviceOf, majorityOf, promoted, without } from './roster.ts';
import type { ReplicaId, Roster, Silence } from './types.ts';

/** Whose majority decides. More than that would make everything slower for all, and nothing safer: others follow. */
export const MOST_VOTERS = 51;
/** A voter that was away for so long follows from then on, and counts again when it is back. */
export const AWAY_MS = 7 * 24 * 60 * 60 * 1000;
/** So many times in that time a host says for how long who is silent: what a change of host forgets is at most one part. */
const AWAY_PARTS = 1000;

interface Situation {
  readonly roster: Roster;
  readonly self: ReplicaId;
  readonly isCaughtUp: (peer: ReplicaId) => boolean;
  /** By this host, and those before it. */
  readonly unheardMs: (peer: ReplicaId) => number;
  readonly awayMs: number;
  /** How long this one is host. */
  readonly hostedMs: number;
}

/** The next roster on the way, one voter apart; undefined when all is as it should be. */
export function nextRoster(situation: Situation): Roster | undefined {
  return afterJoining(situation) ?? afterReturn(situation) ?? afterAbsence(situation);
}

function afterJoining({ roster, self, isCaughtUp }: Situation): Roster | undefined {
  const ready = roster.joining.filter((peer) => deviceOf(peer) !== deviceOf(self) && isCaughtUp(peer));
  const [first] = ready;
  if (first === undefined) return undefined;
  // First the old life goes, then the new one counts: in one step a majority could be missed by another.
  const before = roster.voters.find((voter) => deviceOf(voter) === deviceOf(first));
  if (before !== undefined) return without(roster, before);
  return hasRoom(roster) ? promoted(roster, first) : ready.reduce(demoted, roster);
}

/** Whoever was away and has caught up counts as before, and whoever came when there was no room for more. */
function afterReturn({ roster, isCaughtUp }: Situation): Roster | undefined {
  const back = hasRoom(roster) ? roster.learners.find((peer) => isCaughtUp(peer)) : undefined;
  return back === undefined ? undefined : promoted(roster, back);
}

function hasRoom({ voters }: Roster): boolean {
  return voters.length < MOST_VOTERS;
}

/** Never below what is a majority now: a quorum does not shrink because nobody is there. */
function afterAbsence({ roster, self, unheardMs, awayMs, hostedMs }: Situation): Roster | undefined {
  const { voters } = roster;
  // On the word of others alone nobody is put out who would answer this one.
  if (hostedMs < awayPartMs(awayMs)) return undefined;
  const away = voters.find((voter) => voter !== self && unheardMs(voter) > awayMs);
  if (away === undefined) return undefined;
  const here = voters.filter((voter) => voter === self || unheardMs(voter) <= awayMs);
  return here.length >= majorityOf(voters) ? demoted(roster, away) : undefined;
}

/** How often it is said who is silent, and how long one has to be for that. */
export function awayPartMs(awayMs: number): number {
  return awayMs / AWAY_PARTS;
}

/** Those who count and were not heard for long enough to be spoken of. */
export function silentVoters({
  roster,
  self,
  unheardMs,
  awayMs,
}: Pick<Situation, 'roster' | 'self' | 'unheardMs' | 'awayMs'>): Silence {
  return roster.voters
    .filter((voter) => voter !== self && unheardMs(voter) >= awayPartMs(awayMs))
    .map((voter) => [voter, Math.floor(unheardMs(voter))]);
}
