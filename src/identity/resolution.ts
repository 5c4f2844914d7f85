/**
 * Which acts count, by what their authors had seen and what others had taken from them meanwhile.
 *
 * An act that takes rights away attacks what its target did without having seen it and could not have done with what
 * is left. An act counts when all that attacks it is refused; it is refused when something that counts attacks it
 * (the grounded extension of Dung 1995). Where acts are left that wait for each other in a circle, the most senior
 * author's counts, what attacks it is refused, and so on with the rest.
 */
import { assert } from '../base/errors.ts';
import type { DeviceKey, EntryHash, MemberId } from '../base/ids.ts';
import { closedCircle } from './circles.ts';
import { areConcurrent, inOrder, isBefore, isSeen, type PlacedAct } from './history.ts';
import type { Seen } from './horizon.ts';
import { ActIndex } from './past.ts';
import { ROLES, type Role } from './roles.ts';
import { firstBroken, isAllowedAs, type Past, type Proposed, type Rule } from './rules.ts';

export interface Judgement {
  readonly accepted: ReadonlySet<EntryHash>;
  readonly refused: ReadonlyMap<EntryHash, string>;
  readonly index: ActIndex;
}

/** How conflicts end. There is one way; tests have others, to see that they are noticed. */
export interface ConflictRules {
  /** Does an act that lowers its author's target to `next` (undefined: out) defeat this act of the target's? */
  defeats(next: Role | undefined, act: Proposed, past: Past, rules: readonly Rule[]): boolean;
  /** Negative when `a` comes before `b` where they defeat each other. */
  precedence(a: Contender, b: Contender): number;
}

export interface Contender {
  readonly placed: PlacedAct;
  /** The act that let the author in. */
  readonly admission: PlacedAct;
  /** The act that let its device in. */
  readonly link: PlacedAct;
}

export const CONFLICT_RULES: ConflictRules = {
  defeats: (next, act, past, rules) => !isAllowedAs(next, act, past, rules),
  /** The senior author's first; of one author the elder device's; of one device what removes; then as they count. */
  precedence: (a, b) =>
    inOrder(a.admission, b.admission) ||
    inOrder(a.link, b.link) ||
    Number(isLowering(b.placed)) - Number(isLowering(a.placed)) ||
    inOrder(a.placed, b.placed),
};

export function judge(
  placed: readonly PlacedAct[],
  refused: ReadonlyMap<EntryHash, string>,
  rules: readonly Rule[],
  conflicts: ConflictRules,
): Judgement {
  return new Resolution(placed, refused, rules, conflicts).run();
}

class Resolution {
  readonly #rules: readonly Rule[];
  readonly #conflicts: ConflictRules;
  /** All acts, whether or not they count. */
  readonly #all = new ActIndex();
  readonly #accepted = new Set<EntryHash>();
  readonly #refused: Map<EntryHash, string>;
  readonly #index = new ActIndex();
  /** Not decided yet, in the order in which acts count. */
  #open: PlacedAct[];

  constructor(
    placed: readonly PlacedAct[],
    refused: ReadonlyMap<EntryHash, string>,
    rules: readonly Rule[],
    conflicts: ConflictRules,
  ) {
    this.#refused = new Map(refused);
    this.#rules = rules;
    this.#conflicts = conflicts;
    this.#open = placed.filter((act) => !this.#isDecided(act));
    for (const act of this.#open) this.#all.add(act);
  }

  run(): Judgement {
    while (this.#open.length > 0) {
      const stillOpen = this.#open.filter((act) => !this.#decide(act));
      if (stillOpen.length === this.#open.length) this.#breakCircle();
      this.#open = stillOpen.filter((act) => !this.#isDecided(act));
    }
    return { accepted: this.#accepted, refused: this.#refused, index: this.#index };
  }

  #decide(placed: PlacedAct): boolean {
    if (this.#undecidedPast(placed).length > 0) return false;
    const code = firstBroken(proposedBy(placed), this.#pastOf(placed), this.#rules);
    if (code !== undefined) {
      this.#refused.set(placed.act.id, code);
      return true;
    }
    const attackers = this.#attackersOf(placed);
    if (attackers.some((attacker) => this.#accepted.has(attacker.act.id))) {
      this.#refused.set(placed.act.id, 'author-removed');
      return true;
    }
    if (attackers.length > 0) return false;
    this.#accept(placed);
    return true;
  }

  #breakCircle(): void {
    const [start] = this.#open;
    if (start === undefined) return;
    const waitsFor = (placed: PlacedAct): PlacedAct[] => [
      ...this.#undecidedPast(placed),
      ...this.#attackersOf(placed).filter((attacker) => !this.#isDecided(attacker)),
    ];
    // In a closed circle the first act in line has its past decided, so there always is a contender.
    const contenders = closedCircle(start, waitsFor).filter((placed) => this.#undecidedPast(placed).length === 0);
    const [winner] = contenders
      .map((placed) => this.#contender(placed))
      .sort((a, b) => this.#conflicts.precedence(a, b));
    assert(winner !== undefined, 'who waits for each other in a circle includes somebody whose past is decided');
    for (const attacker of this.#attackersOf(winner.placed)) {
      if (!this.#isDecided(attacker)) this.#refused.set(attacker.act.id, 'outranked');
    }
    this.#accept(winner.placed);
  }

  #contender(placed: PlacedAct): Contender {
    const { act, vector } = placed;
    const author = this.#index.memberOf(act.device, vector);
    const [admission] = author === undefined ? [] : this.#index.aboutMember(author);
    const [link] = this.#index.aboutDevice(act.device);
    assert(admission !== undefined && link !== undefined, 'an act that the rules allow has an author who was let in');
    return { placed, admission, link };
  }

  #pastOf({ act, vector }: PlacedAct): Past {
    return this.#index.seenBy(vector, act.device);
  }

  /** Acts that this one's author had seen, that bear on it, and of which it is not known yet whether they count. */
  #undecidedPast(placed: PlacedAct): PlacedAct[] {
    return this.#all.bearingOn(placed).filter((other) => !this.#isDecided(other) && isBefore(other, placed));
  }

  /** What takes from the author what this act needs, neither having seen the other: what counts, and what may come to. */
  #attackersOf(placed: PlacedAct): PlacedAct[] {
    const { act, vector } = placed;
    const author = this.#index.memberOf(act.device, vector);
    const authors = author === undefined ? this.#all.membersOf(act.device, vector) : [author];
    const about = [...authors.flatMap((id) => this.#all.aboutMember(id)), ...this.#all.aboutDevice(act.device)];
    return about.filter(
      (attacker) =>
        isLowering(attacker) &&
        !this.#refused.has(attacker.act.id) &&
        areConcurrent(attacker, placed) &&
        this.#conflicts.defeats(roleLeft(attacker), proposedBy(placed), this.#pastOf(placed), this.#rules) &&
        this.#mayCount(attacker),
    );
  }

  /**
   * Could this act still come to count, should all that its author had seen go well for the author? Else whoever has
   * no right to remove anybody could keep a decision open by building on what is open.
   */
  #mayCount(placed: PlacedAct): boolean {
    if (this.#accepted.has(placed.act.id)) return true;
    const { act, vector } = placed;
    if (this.#index.isDeviceRevoked(act.device, vector)) return false;
    const hoped: Past = {
      ...this.#pastOf(placed),
      isMember: () => true,
      memberOf: (key: DeviceKey) => this.#all.memberOf(key, vector),
    };
    return this.#all.membersOf(act.device, vector).some((id) => {
      const role = this.#bestRole(id, vector);
      const author = role === undefined ? undefined : { member: id, role };
      return firstBroken(proposedBy(placed), { ...hoped, author }, this.#rules) === undefined;
    });
  }

  /** The most that a member may turn out to have been; undefined when it was out for certain. */
  #bestRole(id: MemberId, seen: Seen): Role | undefined {
    let role: Role | undefined;
    for (const placed of this.#all.aboutMember(id)) {
      const { act } = placed;
      if (!isSeen(act, seen) || this.#refused.has(act.id)) continue;
      const isCertain = this.#accepted.has(act.id);
      if (act.body.kind === 'genesis') role = 'admin';
      else if (act.body.kind === 'admit') role ??= this.#all.roleGiven(placed);
      else if (act.body.kind === 'role') role = isCertain ? act.body.role : higher(role, act.body.role);
      else if (act.body.kind === 'revoke' && isCertain) return undefined;
    }
    return role;
  }

  #accept(placed: PlacedAct): void {
    this.#accepted.add(placed.act.id);
    this.#index.add(placed);
  }

  #isDecided({ act }: PlacedAct): boolean {
    return this.#accepted.has(act.id) || this.#refused.has(act.id);
  }
}

function proposedBy({ act }: PlacedAct): Proposed {
  return { body: act.body, device: act.device, atMs: act.hlc.ms };
}

/** May this act take rights away? */
function isLowering({ act: { body } }: PlacedAct): boolean {
  return body.kind === 'revoke' || (body.kind === 'role' && body.role !== 'admin');
}

function roleLeft({ act: { body } }: PlacedAct): Role | undefined {
  return body.kind === 'role' ? body.role : undefined;
}

function higher(a: Role | undefined, b: Role): Role {
  return a !== undefined && ROLES.indexOf(a) < ROLES.indexOf(b) ? a : b;
}
