/** Taking over what the host of this term has put in order (Ongaro 2014, §3.5). */
import type { Replica } from './replica.ts';
import type { Append, Message, ReplicaId, SentEntry } from './types.ts';

/** The append's term is this replica's own by now. */
export function takeAppend(replica: Replica, from: ReplicaId, append: Append): void {
  replica.follow(append.term, from);
  if (append.order !== undefined) replica.takeOrder(append.order);
  replica.heard(append.electionMs);
  const { log } = replica;
  const { prevIndex, stamp, term } = append;
  if (prevIndex < log.base.index) return takeOverlap(replica, from, append);
  if (log.termAt(prevIndex) !== append.prevTerm) {
    const hintIndex = log.lastUpTo(prevIndex, append.prevTerm);
    const hintTerm = log.termAt(hintIndex) ?? 0;
    replica.send(from, { type: 'conflict', term, rejected: prevIndex, hintIndex, hintTerm, stamp });
    return;
  }
  // One place and one term, and yet two histories: no host may be believed that says so.
  if (log.hashAt(prevIndex) !== append.prevHash) return replica.stop('diverged');
  takeEntries(replica, prevIndex, append.entries);
  if (replica.stopped !== undefined) return;
  const match = prevIndex + append.entries.length;
  replica.confirm(Math.min(append.commit, match));
  replica.send(from, { type: 'appended', term, match, stamp, order: replica.orderVersion });
}

/** What lies below this replica's snapshot is confirmed, so it is the same. */
function takeOverlap(replica: Replica, from: ReplicaId, append: Append): void {
  const { base } = replica.log;
  const known = base.index - append.prevIndex;
  if (append.entries.length < known) {
    const { term, stamp } = append;
    replica.send(from, { type: 'appended', term, match: replica.commit, stamp, order: replica.orderVersion });
    return;
  }
  takeAppend(replica, from, {
    ...append,
    prevIndex: base.index,
    prevTerm: base.term,
    prevHash: base.hash,
    entries: append.entries.slice(known),
  });
}

function takeEntries(replica: Replica, prevIndex: number, sent: readonly SentEntry[]): void {
  const { log } = replica;
  const fresh = sent.findIndex((entry, at) => log.termAt(prevIndex + 1 + at) !== entry.term);
  if (fresh < 0) return;
  const first = prevIndex + 1 + fresh;
  if (first <= replica.commit) return replica.stop('rewrites-confirmed');
  if (first <= log.lastIndex) log.truncateFrom(first);
  const entries = log.chainOn(sent.slice(fresh));
  log.append(entries);
  replica.persist({ type: 'append', entries });
}

export function takeSnapshot(
  replica: Replica,
  from: ReplicaId,
  { term, snapshot, stamp }: Extract<Message, { type: 'install' }>,
): void {
  replica.follow(term, from);
  replica.heard(replica.electionMs);
  if (snapshot.index > replica.commit) {
    // Where the log holds the snapshot's own place, what follows it stands; the host's entries tell it soon enough.
    if (replica.log.hashAt(snapshot.index) === snapshot.hash) replica.confirm(snapshot.index);
    else replica.install(snapshot);
  }
  replica.send(from, { type: 'appended', term, match: replica.commit, stamp, order: replica.orderVersion });
}
