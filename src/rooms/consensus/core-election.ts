/** Becoming host: asking beforehand (PreVote, Ongaro 2014 §9.6), asking in earnest (§3.4), and answering both. */
import { majorityOf } from './roster.ts';
import type { Replica } from './replica.ts';
import type { LogEnd, Message, ReplicaId } from './types.ts';

/** Who said yes in the round that is under way. */
export class Ballot {
  readonly #yes = new Set<ReplicaId>();
  readonly term: number;
  readonly startedMs: number;

  constructor(term: number, startedMs: number) {
    this.term = term;
    this.startedMs = startedMs;
  }

  /** @returns whether a majority of these voters has said yes. */
  yes(voter: ReplicaId, voters: readonly ReplicaId[]): boolean {
    this.#yes.add(voter);
    return this.wonBy(voters);
  }

  wonBy(voters: readonly ReplicaId[]): boolean {
    return voters.filter((one) => this.#yes.has(one)).length >= majorityOf(voters);
  }
}

/** Would a majority have this replica? Nothing changes by asking, so whoever was cut off for long disturbs nobody. */
export function askBeforehand(replica: Replica): Ballot {
  const term = replica.term + 1;
  replica.role = 'pre-candidate';
  replica.host = undefined;
  const ballot = new Ballot(term, replica.nowMs);
  ballot.yes(replica.self, replica.log.roster.voters);
  toVoters(replica, { type: 'pre-vote', term, ...endOf(replica) });
  return ballot;
}

/** @param transfer the host itself asked for it: whoever still hears that host may vote. */
export function askInEarnest(replica: Replica, transfer: boolean): Ballot {
  replica.role = 'candidate';
  replica.host = undefined;
  replica.term += 1;
  replica.vote = replica.self;
  replica.heardMs = replica.nowMs;
  replica.hasLease = false;
  replica.persist({ type: 'vote', term: replica.term, vote: replica.self });
  // Its own vote counts when it is on disk.
  const ballot = new Ballot(replica.term, replica.nowMs);
  toVoters(replica, { type: 'vote', term: replica.term, transfer, ...endOf(replica) });
  return ballot;
}

export function answerPreVote(
  replica: Replica,
  from: ReplicaId,
  ask: Extract<Message, { type: 'pre-vote' }>,
): void {
  const isFree = replica.role !== 'host' && !replica.leaseHolds;
  const granted = isFree && ask.term > replica.term && isUpToDate(replica, ask);
  const term = granted ? ask.term : replica.term;
  replica.send(from, { type: 'pre-vote-answer', term, granted });
}

/** The term of the request is this replica's own by now. */
export function answerVote(replica: Replica, from: ReplicaId, ask: Extract<Message, { type: 'vote' }>): void {
  const isFree = replica.vote === undefined || replica.vote === from;
  const granted = isFree && isUpToDate(replica, ask);
  if (granted) {
    if (replica.vote === undefined) replica.persist({ type: 'vote', term: replica.term, vote: from });
    replica.vote = from;
    replica.follow(replica.term, undefined);
    replica.rest();
  }
  replica.send(from, { type: 'vote-answer', term: replica.term, granted });
}

/** Ongaro 2014, §3.6.1. */
function isUpToDate({ log }: Replica, { lastTerm, lastIndex }: LogEnd): boolean {
  return lastTerm > log.lastTerm || (lastTerm === log.lastTerm && lastIndex >= log.lastIndex);
}

function endOf({ log }: Replica): LogEnd {
  return { lastIndex: log.lastIndex, lastTerm: log.lastTerm };
}

function toVoters(replica: Replica, message: Message): void {
  for (const voter of replica.log.roster.voters) if (voter !== replica.self) replica.send(voter, message);
}
