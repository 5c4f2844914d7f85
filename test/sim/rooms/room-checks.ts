/** What must hold at every moment of every room, whatever breaks. Sees all, decides nothing. */
import { majorityOf } from '../../../src/rooms/consensus/roster.ts';
import { sessionOf } from '../../../src/rooms/consensus/sessions.ts';
import type { Consensus } from '../../../src/rooms/consensus/core.ts';
import type {
  Applied,
  Entry,
  Message,
  ReplicaId,
  Roster,
  Write,
} from '../../../src/rooms/consensus/types.ts';
import type { RoomDisk } from './room-disk.ts';

function must(condition: boolean, rule: string): asserts condition {
  if (!condition) throw new Error(`rule broken: ${rule}`);
}

interface Confirmed {
  readonly hash: string;
  readonly verdict: string;
  /** The term of the host that confirmed it. */
  readonly since: number;
}

/** One person's view of the confirmed part, over all restarts of one device. */
interface Screen {
  readonly shown: Map<number, string>;
  readonly places: Map<string, number>;
}

export class RoomChecks {
  /** What is confirmed, by index, as the first that confirmed it has it. */
  readonly confirmed = new Map<number, Confirmed>();
  confirmedUpTo = 0;
  /** Commands that count. */
  readonly counted = new Set<string>();
  readonly #hosts = new Map<number, ReplicaId>();
  readonly #hashes = new Map<string, string>();
  readonly #votes = new Map<string, ReplicaId>();
  readonly #terms = new Map<ReplicaId, { term: number; vote: ReplicaId | undefined }>();
  readonly #screens = new Map<string, Screen>();
  readonly #sessions = new Map<string, number>();
  readonly #hostEnd = new Map<ReplicaId, { term: number; lastIndex: number }>();
  readonly #diskOf: (replica: ReplicaId) => RoomDisk | undefined;

  constructor(diskOf: (replica: ReplicaId) => RoomDisk | undefined) {
    this.#diskOf = diskOf;
  }

  becameHost(core: Consensus): void {
    const before = this.#hosts.get(core.term);
    must(before === undefined || before === core.self, 'one host per term');
    this.#hosts.set(core.term, core.self);
    // The start entry of its term is in its log already.
    this.#hostEnd.set(core.self, { term: core.term, lastIndex: core.end.lastIndex });
    // One of an old term that is elected late, because votes were under way for long, may lack something.
    const index = this.#newestBefore(core.term);
    const known = this.confirmed.get(index);
    must(known === undefined || core.hashAt(index) === known.hash, 'a host has all that was ever confirmed');
  }

  /** The last place that was confirmed by a host of an earlier term. */
  #newestBefore(term: number): number {
    let index = this.confirmedUpTo;
    while (index > 0 && (this.confirmed.get(index)?.since ?? 0) >= term) index -= 1;
    return index;
  }

  wrote(core: Consensus, writes: readonly Write[]): void {
    for (const write of writes) {
      if (write.type === 'vote') this.#wroteVote(core.self, write.term, write.vote);
      else if (write.type === 'append') this.#wroteEntries(core, write.entries);
    }
  }

  #wroteVote(replica: ReplicaId, term: number, vote: ReplicaId | undefined): void {
    const before = this.#terms.get(replica) ?? { term: 0, vote: undefined };
    must(term >= before.term, 'a term never goes back');
    must(term > before.term || before.vote === undefined || before.vote === vote, 'a vote is never changed');
    this.#terms.set(replica, { term, vote });
  }

  /** What had not reached the disk when the power failed was promised to nobody. */
  powerFailed(replica: ReplicaId, { term, vote }: RoomDisk): void {
    if (this.#terms.has(replica)) this.#terms.set(replica, { term, vote });
  }

  #wroteEntries(core: Consensus, entries: readonly Entry[]): void {
    const first = entries[0]?.index ?? 0;
    const end = this.#hostEnd.get(core.self);
    if (core.role === 'host' && end?.term === core.term) {
      must(first > end.lastIndex, 'a host only appends');
      end.lastIndex = entries.at(-1)?.index ?? 0;
    }
    for (const { index, term, hash } of entries) {
      const place = `${String(index)}/${String(term)}`;
      const known = this.#hashes.get(place);
      must(
        known === undefined || known === hash,
        'one place and one term is one entry, and all before it are the same',
      );
      this.#hashes.set(place, hash);
    }
  }

  /** Right before a message leaves. */
  says(from: ReplicaId, message: Message): void {
    const disk = this.#diskOf(from);
    if (disk === undefined) return;
    const isAhead = message.type === 'pre-vote' || message.type === 'pre-vote-answer';
    must(isAhead || disk.term >= message.term, 'a term is on disk before anything is said in it');
    if (message.type === 'appended') {
      const isThere = message.match <= disk.height.index;
      must(isThere, 'what is acknowledged is on disk');
    }
  }

  votes(voter: ReplicaId, term: number, candidate: ReplicaId): void {
    const key = `${voter} ${String(term)}`;
    const known = this.#votes.get(key);
    must(known === undefined || known === candidate, 'one vote a term');
    this.#votes.set(key, candidate);
  }

  applied(core: Consensus, device: string, applied: readonly Applied[]): void {
    for (const one of applied) {
      const { entry, verdict } = one;
      const known = this.confirmed.get(entry.index);
      if (known === undefined) {
        this.#confirmsFirst(core, one);
      } else {
        must(known.hash === entry.hash, 'what is confirmed is the same everywhere');
        must(known.verdict === verdict, 'what counts is the same everywhere');
      }
      this.#shows(device, one);
    }
  }

  #confirmsFirst(core: Consensus, { entry, verdict }: Applied): void {
    must(entry.index === this.confirmedUpTo + 1, 'nothing is skipped');
    this.confirmedUpTo = entry.index;
    this.confirmed.set(entry.index, { hash: entry.hash, verdict, since: core.term });
    this.#isSafe(core.roster, entry);
    if (entry.kind !== 'command' || verdict !== 'new') return;
    const { author, incarnation, number } = entry.command;
    const session = sessionOf(author, incarnation);
    must(number === (this.#sessions.get(session) ?? 0) + 1, 'each author in order, each message once');
    this.#sessions.set(session, number);
    this.counted.add(`${session} ${String(number)}`);
  }

  #isSafe({ voters }: Roster, { index, hash }: Entry): void {
    const holders = voters.filter((voter) => this.#diskOf(voter)?.holds(index, hash) === true);
    must(holders.length >= majorityOf(voters), 'what is confirmed is on the disks of a majority');
  }

  #shows(device: string, { entry, verdict }: Applied): void {
    const screen = this.#screenOf(device);
    const shown = screen.shown.get(entry.index);
    must(shown === undefined || shown === entry.hash, 'the confirmed part never changes on a screen');
    screen.shown.set(entry.index, entry.hash);
    if (shown !== undefined || entry.kind !== 'command' || verdict !== 'new') return;
    const { author, incarnation, number } = entry.command;
    const key = `${sessionOf(author, incarnation)} ${String(number)}`;
    const place = screen.places.get(key) ?? entry.index;
    must(place === entry.index, 'nothing is shown twice');
    screen.places.set(key, place);
  }

  #screenOf(device: string): Screen {
    const screen = this.#screens.get(device) ?? {
      shown: new Map<number, string>(),
      places: new Map<string, number>(),
    };
    this.#screens.set(device, screen);
    return screen;
  }

  /** After each step of a host. */
  hosts(core: Consensus): void {
    let open = 0;
    for (let index = Math.max(this.confirmedUpTo, core.commit) + 1; index <= core.end.lastIndex; index += 1)
      if (core.entry(index)?.kind === 'change') open += 1;
    must(open <= 1, 'one change at a time');
  }
}
