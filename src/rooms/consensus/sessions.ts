/** Which of an author's commands count: each once, in the order of their numbers, whatever the log holds. */
import type { Command, Entry, SessionTable, Verdict } from './types.ts';

export class Sessions {
  readonly #last: Map<string, number>;

  constructor(table: SessionTable) {
    this.#last = new Map(table);
  }

  /** The number of the last one that counted. */
  lastOf(author: string, incarnation: string): number {
    return this.#last.get(sessionOf(author, incarnation)) ?? 0;
  }

  judge({ author, incarnation, number }: Command): Verdict {
    const last = this.lastOf(author, incarnation);
    if (number <= last) return 'again';
    return number === last + 1 ? 'new' : 'gap';
  }

  /** Depends on the entries alone, so that every replica judges alike. */
  apply(entry: Entry): Verdict {
    if (entry.kind !== 'command') return 'new';
    const verdict = this.judge(entry.command);
    const { author, incarnation, number } = entry.command;
    if (verdict === 'new') this.#last.set(sessionOf(author, incarnation), number);
    return verdict;
  }

  table(): SessionTable {
    return [...this.#last].sort(([a], [b]) => (a < b ? -1 : 1));
  }

  replace(table: SessionTable): void {
    this.#last.clear();
    for (const [session, number] of table) this.#last.set(session, number);
  }
}

export function sessionOf(author: string, incarnation: string): string {
  return `${author} ${incarnation}`;
}
