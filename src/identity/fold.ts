/**
 * The membership fold: from the same acts every node computes the same roll, in whatever order they came.
 *
 * 1. Acts are placed in causal order (`history.ts`).
 * 2. Each is judged by what its author had seen (`rules.ts`).
 * 3. An act that takes rights away defeats what its target did without having seen it, beyond what the remover had
 *    seen ("attack"). Attacks are resolved as in abstract argumentation (Dung 1995): what nothing undefeated attacks
 *    counts; where acts attack each other in a circle, the most senior author's counts and the rest is resolved again.
 * 4. What only the whole can tell (an invitation used up by two admins at once, the last admin) is then counted along
 *    the line; who loses there is taken out and 2–4 repeat without it.
 */
import type { EntryHash, MemberId, NetworkId } from '../base/ids.ts';
import { Authority } from './authority.ts';
import { areConcurrent, isBefore, placeActs, type PlacedAct } from './history.ts';
import { AcceptedActs } from './past.ts';
import { firstBroken, nextRoleAllows } from './rules.ts';
import { countAlong, type Counted, type Judgement } from './roll.ts';
import type { Act, Membership } from './types.ts';

export interface FoldResult {
  readonly membership: Membership;
  readonly authority: Authority;
}

export function foldMembership(network: NetworkId, acts: readonly Act[]): FoldResult {
  const placed = placeActs(acts);
  const refused = new Map<EntryHash, string>();
  for (const { act } of placed) {
    if (act.body.kind === 'genesis' && (act.id as string) !== (network as string))
      refused.set(act.id, 'other-network');
  }
  for (;;) {
    const judged = new Resolution(placed, refused).run();
    const counted = countAlong(network, placed, judged);
    if (counted.losers.size === 0) return finish(placed, judged, counted);
    for (const [act, code] of counted.losers) refused.set(act, code);
  }
}

function finish(placed: readonly PlacedAct[], judged: Judgement, counted: Counted): FoldResult {
  const authority = new Authority(placed, judged.accepted, judged.index);
  return { membership: counted.membership, authority };
}

class Resolution {
  readonly #placed: readonly PlacedAct[];
  readonly #accepted = new Set<EntryHash>();
  readonly #refused: Map<EntryHash, string>;
  readonly #index = new AcceptedActs();
  readonly #lowering = new Map<string, PlacedAct[]>();

  constructor(placed: readonly PlacedAct[], refused: ReadonlyMap<EntryHash, string>) {
    this.#placed = placed;
    this.#refused = new Map(refused);
    for (const act of placed) {
      const target = loweringTarget(act);
      if (target !== undefined) this.#lowering.set(target, [...(this.#lowering.get(target) ?? []), act]);
    }
  }

  run(): Judgement {
    for (;;) {
      const open = this.#pass();
      if (open.length === 0) return { accepted: this.#accepted, refused: this.#refused, index: this.#index };
      this.#breakCircle(open);
    }
  }

  /** Decides what can be decided; returns the acts that wait for each other and whose whole past is decided. */
  #pass(): PlacedAct[] {
    const ready: PlacedAct[] = [];
    const undecided: PlacedAct[] = [];
    let progress = false;
    for (const placed of this.#placed) {
      if (this.#isDecided(placed)) continue;
      if (undecided.some((earlier) => isBefore(earlier, placed))) {
        undecided.push(placed);
        continue;
      }
      if (this.#decide(placed)) {
        progress = true;
      } else {
        undecided.push(placed);
        ready.push(placed);
      }
    }
    return progress && undecided.length > 0 ? this.#pass() : ready;
  }

  #decide(placed: PlacedAct): boolean {
    const code = firstBroken(
      { body: placed.act.body, device: placed.act.device, atMs: placed.at.ms },
      this.#index.seenBy(placed.vector, placed.act.device),
    );
    if (code !== undefined) {
      this.#refused.set(placed.act.id, code);
      return true;
    }
    const attackers = this.#attackersOf(placed);
    if (attackers.some((attacker) => this.#accepted.has(attacker.act.id))) {
      this.#refused.set(placed.act.id, 'author-removed');
      return true;
    }
    if (attackers.some((attacker) => !this.#isDecided(attacker))) return false;
    this.#accept(placed);
    return true;
  }

  #breakCircle(ready: readonly PlacedAct[]): void {
    const winner = ready.reduce((best, next) => (this.#outranks(next, best) ? next : best));
    this.#accept(winner);
    for (const attacker of this.#attackersOf(winner)) {
      if (!this.#isDecided(attacker)) this.#refused.set(attacker.act.id, 'outranked');
    }
  }

  /** Seniority of the author; between acts of one author what removes comes first; else the order in which they count. */
  #outranks(a: PlacedAct, b: PlacedAct): boolean {
    const seniority = this.#seniority(a) - this.#seniority(b);
    if (seniority !== 0) return seniority < 0;
    const removes = Number(loweringTarget(b) !== undefined) - Number(loweringTarget(a) !== undefined);
    return removes !== 0 ? removes < 0 : this.#placed.indexOf(a) < this.#placed.indexOf(b);
  }

  #seniority(placed: PlacedAct): number {
    const member = this.#authorOf(placed);
    if (member === undefined) return Infinity;
    const admission = this.#index.about(member, placed.act.device)[0];
    return admission === undefined ? Infinity : this.#placed.indexOf(admission);
  }

  #authorOf(placed: PlacedAct): MemberId | undefined {
    return this.#index.memberOf(placed.act.device, placed.vector);
  }

  /** Acts that take from this one's author what it needs, neither having seen the other. */
  #attackersOf(placed: PlacedAct): PlacedAct[] {
    const author = this.#authorOf(placed);
    if (author === undefined) return [];
    const against = [
      ...(this.#lowering.get(author) ?? []),
      ...(this.#lowering.get(`device ${placed.act.device}`) ?? []),
    ];
    return against.filter((attacker) => {
      if (this.#refused.has(attacker.act.id) || !areConcurrent(attacker, placed)) return false;
      const { body } = attacker.act;
      return !nextRoleAllows(body.kind === 'role' ? body.role : undefined, placed.act.body, author);
    });
  }

  #accept(placed: PlacedAct): void {
    this.#accepted.add(placed.act.id);
    this.#index.add(placed);
  }

  #isDecided(placed: PlacedAct): boolean {
    return this.#accepted.has(placed.act.id) || this.#refused.has(placed.act.id);
  }
}

/** Whom an act may take rights from: a member, or one device of it. */
function loweringTarget({ act: { body } }: PlacedAct): string | undefined {
  if (body.kind === 'role') return body.role === 'admin' ? undefined : body.member;
  if (body.kind !== 'revoke') return undefined;
  return body.target.scope === 'member' ? body.target.member : `device ${body.target.device}`;
}
