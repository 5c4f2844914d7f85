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
  /** The senior author's first; of one author the elder device's; of one device as they stand in the line. */
  precedence: (a, b) =>
    inOrder(a.admission, b.admission) || inOrder(a.link, b.link) || inOrder(a.placed, b.placed),
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
  readonly #all: ActIndex;
  readonly #accepted = new Set<EntryHash>();
  readonly #refused: Map<EntryHash, string>;
  /** Those that count, as far as it is decided. */
  readonly #index: ActIndex;
  /** What `#mayCount` found, until something is decided. */
  readonly #hopes = new Map<PlacedAct, boolean>();
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
    this.#all = ActIndex.of(this.#open);
    this.#index = this.#all.only(this.#accepted);
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
    if (code !== undefined) return this.#refuse(placed, code);
    const attackers = this.#attackersOf(placed);
    if (attackers.some(({ act }) => this.#accepted.has(act.id))) return this.#refuse(placed, 'author-removed');
    if (attackers.some((attacker) => this.#mayCount(attacker))) return false;
    this.#accept(placed);
    return true;
  }

  #breakCircle(): void {
    const [start] = this.#open;
    if (start === undefined) return;
    const waitsFor = (placed: PlacedAct): PlacedAct[] => [
      ...this.#undecidedPast(placed),
      ...this.#attackersOf(placed).filter((attacker) => this.#mayCount(attacker)),
    ];
    // In a closed circle the first act in line has its past decided, so there always is a contender.
    const contenders = closedCircle(start, waitsFor).filter((placed) => this.#undecidedPast(placed).length === 0);
    const [winner] = contenders
      .map((placed) => this.#contender(placed))
      .sort((a, b) => this.#conflicts.precedence(a, b));
    assert(winner !== undefined, 'who waits for each other in a circle includes somebody whose past is decided');
    const outranked = this.#attackersOf(winner.placed).filter((attacker) => this.#mayCount(attacker));
    for (const attacker of outranked) this.#refuse(attacker, 'outranked');
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

  /** What takes from the author what this act needs, neither having seen the other, and is not refused. */
  #attackersOf(placed: PlacedAct): PlacedAct[] {
    const { act, vector } = placed;
    const author = this.#index.memberOf(act.device, vector);
    const authors = author === undefined ? this.#all.membersOf(act.device, vector) : [author];
    const about = [...authors.flatMap((id) => this.#all.aboutMember(id)), ...this.#all.aboutDevice(act.device)];
    const attackers = about.filter(
      (other) => isLowering(other) && !this.#refused.has(other.act.id) && areConcurrent(other, placed),
    );
    if (attackers.length === 0) return attackers;
    const past = this.#pastOf(placed);
    const fatal = new Map(
      [undefined, ...ROLES].map((next) => [
        next,
        this.#conflicts.defeats(next, proposedBy(placed), past, this.#rules),
      ]),
    );
    return attackers.filter((attacker) => fatal.get(roleLeft(attacker)));
  }

  /**
   * Could this act still come to count, should all that its author had seen go well for the author? Else whoever has
   * no right to remove anybody could keep a decision open by building on what is open.
   */
  #mayCount(placed: PlacedAct): boolean {
    const known = this.#hopes.get(placed) ?? this.#hasHope(placed);
    this.#hopes.set(placed, known);
    return known;
  }

  #hasHope(placed: PlacedAct): boolean {
    const { act, vector } = placed;
    if (this.#accepted.has(act.id)) return true;
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
    this.#hopes.clear();
  }

  #refuse(placed: PlacedAct, code: string): true {
    this.#refused.set(placed.act.id, code);
    this.#hopes.clear();
    return true;
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
