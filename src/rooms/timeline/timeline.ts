/**
 * What people see of a room: above the line what is confirmed, in the one order that never changes; below it what waits
 * for a majority, in an order that everybody who holds the same messages sees alike. Pure: what is durable is the
 * caller's affair, and is said here afterwards.
 */
import type { Bytes } from '../../base/bytes.ts';
import { sessionOf, Sessions } from '../consensus/sessions.ts';
import type { Command, SessionTable } from '../consensus/types.ts';

/** A message as its author made it; what is inside is for whoever shows it. */
export interface Said {
  readonly command: Command;
  /** The author's hybrid time, as claimed: places it among what waits, and nothing else. */
  readonly sentMs: number;
  /** What it opens with, where that is known: of this device alone. */
  readonly key?: Bytes | undefined;
}

export interface Waiting extends Said {
  /** Devices of voters that have said, after it was on disk there, that they hold it. */
  readonly holders: ReadonlySet<string>;
}

export type Mark =
  /** On this disk, and with nobody else yet. */
  | { readonly state: 'saved'; readonly held: number; readonly needed: number }
  | { readonly state: 'waiting'; readonly held: number; readonly needed: number }
  | { readonly state: 'confirmed' }
  | { readonly state: 'delivered'; readonly to: number; readonly of: number };

export interface TimelineLimits {
  readonly waiting: number;
  readonly perAuthor: number;
  /** Whether the first takes the place of the second: its author sealed it anew. Never, unless said. */
  readonly isNewer?: (one: Command, other: Command) => boolean;
}

export type Hearing = 'new' | 'known' | 'confirmed' | 'gap' | 'too-many' | 'other-text';

interface Pending {
  said: Said;
  readonly holders: Set<string>;
}

export class Timeline {
  readonly #limits: TimelineLimits;
  readonly #sessions: Sessions;
  /** By session, in the order of numbers without gaps, from the first that is not confirmed. */
  readonly #waiting = new Map<string, Pending[]>();
  #count = 0;

  constructor(limits: TimelineLimits, confirmed: SessionTable) {
    this.#limits = limits;
    this.#sessions = new Sessions(confirmed);
  }

  /** From its author here, or from whomever passed it on: a message goes below the line, each once, each author in order. */
  heard(said: Said, isOwn = false): Hearing {
    const { author, incarnation, number } = said.command;
    const session = sessionOf(author, incarnation);
    const last = this.#sessions.lastOf(author, incarnation);
    if (number <= last) return 'confirmed';
    const list = this.#waiting.get(session) ?? [];
    const known = list[number - last - 1];
    if (known !== undefined) return this.#again(known, said);
    if (number !== last + list.length + 1) return 'gap';
    // What this person wrote is never turned away: it is on the disk already.
    const isFull = this.#count >= this.#limits.waiting || list.length >= this.#limits.perAuthor;
    if (isFull && !isOwn) return 'too-many';
    list.push({ said, holders: new Set() });
    this.#waiting.set(session, list);
    this.#count += 1;
    return 'new';
  }

  #again(known: Pending, said: Said): Hearing {
    if (sameBody(known.said, said)) return 'known';
    if (this.#limits.isNewer?.(said.command, known.said.command) !== true) return 'other-text';
    known.said = said;
    known.holders.clear();
    return 'new';
  }

  /** A device has said that it holds everything of this session up to there, on its disk. */
  held(device: string, author: string, incarnation: string, upTo: number): boolean {
    const last = this.#sessions.lastOf(author, incarnation);
    const list = this.#waiting.get(sessionOf(author, incarnation)) ?? [];
    let news = false;
    for (const pending of list.slice(0, Math.max(0, upTo - last))) {
      news ||= !pending.holders.has(device);
      pending.holders.add(device);
    }
    return news;
  }

  /** A majority has it: it goes above the line, and what waits of it goes. @returns what waited here of it. */
  confirmed(command: Command): Said | undefined {
    if (this.#sessions.judge(command) !== 'new') return undefined;
    const { author, incarnation, number } = command;
    this.#sessions.apply({ kind: 'command', command, index: 0, term: 0, hash: '' });
    return this.#drop(sessionOf(author, incarnation), 1, number);
  }

  /** Confirmed as a whole, by a snapshot. */
  confirmedUpTo(table: SessionTable): void {
    for (const [session, number] of table) {
      const [author = '', incarnation = ''] = session.split(' ');
      const news = number - this.#sessions.lastOf(author, incarnation);
      if (news > 0) this.#drop(session, news, number);
    }
    this.#sessions.replace(table);
  }

  #drop(session: string, count: number, upTo: number): Said | undefined {
    const list = this.#waiting.get(session) ?? [];
    const dropped = list.splice(0, count);
    this.#count -= dropped.length;
    if (list.length === 0) this.#waiting.delete(session);
    const last = dropped.at(-1)?.said;
    return last?.command.number === upTo ? last : undefined;
  }

  get size(): number {
    return this.#count;
  }

  /** How many of what waits are like that. */
  count(isLike: (command: Command) => boolean): number {
    return this.#all().filter(({ said }) => isLike(said.command)).length;
  }

  some(isLike: (command: Command) => boolean): boolean {
    return this.#all().some(({ said }) => isLike(said.command));
  }

  #all(): readonly Pending[] {
    return [...this.#waiting.values()].flat();
  }

  /** What this author has waiting here, oldest first. */
  of(author: string): readonly Command[] {
    return [...this.#waiting.values()]
      .filter(([first]) => first?.said.command.author === author)
      .flatMap((list) => list.map(({ said }) => said.command));
  }

  /** For others: how far each session is here, so that they send what lacks and nothing else. */
  heights(): SessionTable {
    return [...this.#waiting].map(([session, list]) => [session, list.at(-1)?.said.command.number ?? 0]);
  }

  /** What somebody lacks who is so far. */
  above(theirs: SessionTable, most: number): readonly Said[] {
    const known = new Map(theirs);
    const lacking = [...this.#waiting].flatMap(([session, list]) =>
      list.filter(({ said }) => said.command.number > (known.get(session) ?? 0)).map(({ said }) => said),
    );
    return inOrder(lacking).slice(0, most);
  }

  /** Below the line, alike for all who hold the same. */
  get waiting(): readonly Waiting[] {
    const all = this.#all();
    const bySaid = new Map(all.map((pending) => [pending.said, pending]));
    return inOrder(all.map(({ said }) => said)).map((said) => ({
      ...said,
      holders: bySaid.get(said)?.holders ?? new Set<string>(),
    }));
  }
}

/**
 * By claimed time, but never an author's later message before an earlier one: whoever sets a clock back moves to where
 * the message before stands. Ties by author, incarnation and number, so that nothing depends on who heard what first.
 */
function inOrder(list: readonly Said[]): readonly Said[] {
  const placeMs = new Map<Said, number>();
  const latest = new Map<string, number>();
  for (const said of [...list].sort((a, b) => a.command.number - b.command.number)) {
    const session = sessionOf(said.command.author, said.command.incarnation);
    const ms = Math.max(said.sentMs, latest.get(session) ?? 0);
    latest.set(session, ms);
    placeMs.set(said, ms);
  }
  return [...list].sort((a, b) => {
    const [one, two] = [a.command, b.command];
    return (
      (placeMs.get(a) ?? 0) - (placeMs.get(b) ?? 0) ||
      compareText(one.author, two.author) ||
      compareText(one.incarnation, two.incarnation) ||
      one.number - two.number
    );
  });
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

function sameBody(a: Said, b: Said): boolean {
  return Buffer.compare(a.command.body, b.command.body) === 0;
}

export interface Whereabouts {
  readonly confirmed: boolean;
  /** Voters who hold it, this device included if it counts. */
  readonly held: number;
  /** Devices that have said that it can be read there, this one included. */
  readonly deliveredTo: number;
  /** All devices in the room. */
  readonly devices: number;
}

/** Where a message stands, never more than is proven. */
export function markOf({ confirmed, held, deliveredTo, devices }: Whereabouts, voters: number): Mark {
  // That it can be read where it is read says nothing.
  if (confirmed)
    return deliveredTo > 1 ? { state: 'delivered', to: deliveredTo, of: devices } : { state: 'confirmed' };
  const needed = Math.floor(voters / 2) + 1;
  return { state: held > 1 ? 'waiting' : 'saved', held, needed };
}

/** In words, as people read it. */
export function markInWords(mark: Mark): string {
  switch (mark.state) {
    case 'saved':
      return `saved · waiting (${String(mark.held)} of ${String(mark.needed)} needed)`;
    case 'waiting':
      return `waiting (${String(mark.held)} of ${String(mark.needed)} needed)`;
    case 'confirmed':
      return 'confirmed';
    case 'delivered':
      return `delivered ${String(mark.to)} of ${String(mark.of)}`;
  }
}
