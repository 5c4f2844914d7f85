/** One replica alone, spoken to by hand: for what a whole room hardly ever comes to. */
import { chained, genesis, NOBODY } from '../../../src/rooms/consensus/chain.ts';
import { Consensus } from '../../../src/rooms/consensus/core.ts';
import type { ReplicaOptions } from '../../../src/rooms/consensus/replica.ts';
import { replicaOf } from '../../../src/rooms/consensus/roster.ts';
import type {
  Append,
  ConsensusEvent,
  Effect,
  Entry,
  Message,
  ReplicaId,
  SentEntry,
  Snapshot,
  StoredReplica,
} from '../../../src/rooms/consensus/types.ts';

export const BASE: Snapshot = genesis(new Uint8Array([1]));
export const [A, B, C, D, E] = ['A', 'B', 'C', 'D', 'E'].map((device) => replicaOf(device, 'life1')) as [
  ReplicaId,
  ReplicaId,
  ReplicaId,
  ReplicaId,
  ReplicaId,
];

/** What an author says; `number` as in its session. */
export function word(term: number, author: string, number: number): SentEntry {
  const command = { author, incarnation: 'life1', number, body: new Uint8Array([number]) };
  return { kind: 'command', term, command };
}

export function roster(term: number, voters: readonly ReplicaId[]): SentEntry {
  return { kind: 'change', term, roster: { ...NOBODY, voters } };
}

export function chain(sent: readonly SentEntry[]): Entry[] {
  let { hash } = BASE;
  return sent.map((one, at) => {
    const entry = chained(hash, at + 1, one);
    ({ hash } = entry);
    return entry;
  });
}

export class Direct {
  readonly core: Consensus;
  nowMs = 0;
  readonly sent: { readonly to: ReplicaId; readonly message: Message }[] = [];
  readonly effects: Effect[] = [];
  #held: Extract<Effect, { type: 'send' }>[] = [];

  constructor(
    self: ReplicaId,
    sent: readonly SentEntry[],
    rest: Partial<StoredReplica> = {},
    options: Partial<ReplicaOptions> = {},
  ) {
    const entries = chain(sent);
    const last = entries.at(-1);
    const height = { index: last?.index ?? 0, hash: last?.hash ?? BASE.hash };
    const stored = {
      term: last?.term ?? 0,
      vote: undefined,
      base: BASE,
      height,
      commit: 0,
      heard: { term: 0, silent: [] },
      entries,
      ...rest,
    };
    this.core = new Consensus({ self, stored, nowMs: 0, seed: 1, ...options });
  }

  /** @param flush whether the disk keeps up. */
  step(event: ConsensusEvent, flush = true): readonly Effect[] {
    const effects = this.core.step(this.nowMs, event);
    for (const effect of effects) {
      this.effects.push(effect);
      if (effect.type === 'send') {
        if (flush || effect.after === 0) this.sent.push(effect);
        else this.#held.push(effect);
      }
    }
    const ticket = effects.find((effect) => effect.type === 'persist')?.ticket;
    if (flush && ticket !== undefined) this.flush(ticket);
    return effects;
  }

  flush(ticket = this.core.lastTicket): void {
    this.sent.push(...this.#held);
    this.#held = [];
    this.step({ type: 'flushed', ticket });
  }

  hear(from: ReplicaId, message: Message): readonly Effect[] {
    return this.step({ type: 'message', from, message });
  }

  /** Time passes with ticks. */
  wait(ms: number): this {
    for (const endMs = this.nowMs + ms; this.nowMs < endMs;) {
      this.nowMs += Math.min(20, endMs - this.nowMs);
      this.step({ type: 'tick' });
    }
    return this;
  }

  /** It is asked to stand, and these vote for it. */
  elect(...voters: readonly ReplicaId[]): this {
    this.hear(voters[0] ?? B, { type: 'campaign', term: this.core.term });
    for (const voter of voters)
      this.hear(voter, { type: 'vote-answer', term: this.core.term, granted: true });
    return this;
  }

  acknowledge(from: ReplicaId, match: number): void {
    this.hear(from, { type: 'appended', term: this.core.term, match, stamp: this.nowMs, order: 0 });
  }

  /** From a host whose log this replica's follows up to `prevIndex`. */
  append(
    from: ReplicaId,
    term: number,
    prevIndex: number,
    entries: readonly SentEntry[],
    commit = 0,
  ): Message | undefined {
    const [prevTerm, prevHash] = [
      this.core.entry(prevIndex)?.term ?? 0,
      this.core.hashAt(prevIndex) ?? BASE.hash,
    ];
    const append: Append = {
      type: 'append',
      term,
      prevIndex,
      prevTerm,
      prevHash,
      entries,
      commit,
      electionMs: 300,
      stamp: 0,
      order: undefined,
    };
    this.hear(from, append);
    return this.sent.at(-1)?.message;
  }

  get last(): Message | undefined {
    return this.sent.at(-1)?.message;
  }
}
