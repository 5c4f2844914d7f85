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
import { ActIndex, memberLinkedBy } from './past.ts';
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

interface Verdict {
  /** Refused for certain. */
  readonly code: string | undefined;
  /** Acts that its author had seen, and of which some have to be decided first. */
  readonly waitsFor: readonly PlacedAct[];
}

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
  /** What `#judge` found, until something is decided. */
  readonly #verdicts = new Map<PlacedAct, Verdict>();
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
    const verdict = this.#judge(placed);
    if (verdict.code !== undefined) return this.#refuse(placed, verdict.code);
    if (verdict.waitsFor.length > 0) return false;
    const attackers = this.#attackersOf(placed);
    if (attackers.some(({ act }) => this.#accepted.has(act.id)))
      return this.#refuse(placed, 'author-removed');
    if (attackers.some((attacker) => this.#mayComeToCount(attacker))) return false;
    this.#accept(placed);
    return true;
  }

  #breakCircle(): void {
    const [start] = this.#open;
    if (start === undefined) return;
    const waitsFor = (placed: PlacedAct): PlacedAct[] => [
      ...this.#judge(placed).waitsFor,
      ...this.#attackersOf(placed).filter((attacker) => this.#mayComeToCount(attacker)),
    ];
    // What the first act in line of a closed circle had seen is decided, so there always is a contender.
    const contenders = closedCircle(start, waitsFor).filter(
      (placed) => this.#judge(placed).waitsFor.length === 0,
    );
    const [winner] = contenders
      .map((placed) => this.#contender(placed))
      .sort((a, b) => this.#conflicts.precedence(a, b));
    assert(
      winner !== undefined,
      'who waits for each other in a circle includes somebody whose past is decided',
    );
    assert(
      !this.#isDecided(winner.placed),
      'nobody waits for what is decided: each circle broken is progress',
    );
    const outranked = this.#attackersOf(winner.placed).filter((attacker) => this.#mayComeToCount(attacker));
    for (const attacker of outranked) this.#refuse(attacker, 'outranked');
    this.#accept(winner.placed);
  }

  /** What the rules say, where it is the same whatever becomes of the acts that its author had seen. */
  #judge(placed: PlacedAct): Verdict {
    const known = this.#verdicts.get(placed) ?? this.#judgeAnew(placed);
    this.#verdicts.set(placed, known);
    return known;
  }

  #judgeAnew(placed: PlacedAct): Verdict {
    const proposed = proposedBy(placed);
    const past = this.#index.seenBy(placed.vector, placed.act.device);
    const isOpen = (other: PlacedAct): boolean => !this.#isDecided(other) && isBefore(other, placed);
    const openAboutBody = this.#all.aboutBody(placed).filter(isOpen);
    const open = [...this.#all.aboutAuthor(placed).filter(isOpen), ...openAboutBody];
    if (open.length === 0) return { code: firstBroken(proposed, past, this.#rules), waitsFor: [] };
    const authors = this.#possibleAuthors(placed);
    const hoped = this.#hopedPast(placed, past);
    const codes = authors.map((author) => firstBroken(proposed, { ...hoped, author }, this.#rules));
    // Else whoever has no right to remove anybody could keep a decision open by building on what is open.
    if (!codes.includes(undefined)) return { code: codes[0], waitsFor: [] };
    const isAllowed = authors.every(
      (author) => firstBroken(proposed, { ...past, author }, this.#rules) === undefined,
    );
    return { code: undefined, waitsFor: isAllowed && openAboutBody.length === 0 ? [] : open };
  }

  /** The past in which what this act says is as right as it may turn out to be. */
  #hopedPast({ act, vector }: PlacedAct, past: Past): Past {
    return {
      ...past,
      isMember: () => true,
      memberOf: (key) => this.#all.memberOf(key, vector),
      invite: () => (act.body.kind === 'invite' ? undefined : { expiresMs: Infinity, withdrawn: false }),
      isKeyTaken: () => false,
    };
  }

  /** Who the author may turn out to have been; undefined: nobody who was in. */
  #possibleAuthors({ act, vector }: PlacedAct): Past['author'][] {
    if (this.#index.isDeviceRevoked(act.device, vector)) return [undefined];
    const links = this.#all.linksOf(act.device, vector).filter((link) => !this.#refused.has(link.act.id));
    const certain = links.findIndex((link) => this.#accepted.has(link.act.id));
    const possible = certain === -1 ? links : links.slice(0, certain + 1);
    const authors = [...new Set(possible.map(memberLinkedBy))].flatMap((member) =>
      this.#possibleRoles(member, vector).map((role) => (role === undefined ? undefined : { member, role })),
    );
    return certain === -1 || this.#mayBeRevoked(act.device, vector) ? [undefined, ...authors] : authors;
  }

  #mayBeRevoked(device: DeviceKey, seen: Seen): boolean {
    const about = this.#all.aboutDevice(device);
    return about.some(
      ({ act }) => act.body.kind === 'revoke' && isSeen(act, seen) && !this.#refused.has(act.id),
    );
  }

  /** What a member may turn out to have been: each act that is not decided counts, or does not. */
  #possibleRoles(id: MemberId, seen: Seen): (Role | undefined)[] {
    let states: ReadonlySet<Role | 'new' | 'out'> = new Set(['new'] as const);
    for (const placed of this.#all.aboutMember(id)) {
      const { act } = placed;
      if (!isSeen(act, seen) || this.#refused.has(act.id)) continue;
      const next = new Set([...states].map((state) => this.#afterwards(state, placed)));
      states = this.#accepted.has(act.id) ? next : states.union(next);
    }
    return [...states].map((state) => (state === 'new' || state === 'out' ? undefined : state));
  }

  #afterwards(state: Role | 'new' | 'out', placed: PlacedAct): Role | 'new' | 'out' {
    const { body } = placed.act;
    if (body.kind === 'genesis') return 'admin';
    if (body.kind === 'admit') return state === 'new' ? this.#all.roleGiven(placed) : state;
    if (state === 'new' || state === 'out') return state;
    if (body.kind === 'revoke') return 'out';
    return body.kind === 'role' ? body.role : state;
  }

  #contender(placed: PlacedAct): Contender {
    const { act, vector } = placed;
    const author = this.#index.memberOf(act.device, vector);
    const [admission] = author === undefined ? [] : this.#index.aboutMember(author);
    const [link] = this.#index.aboutDevice(act.device);
    assert(
      admission !== undefined && link !== undefined,
      'an act that the rules allow has an author who was let in',
    );
    return { placed, admission, link };
  }

  /** What takes from the author what this act needs, neither having seen the other, and is not refused. */
  #attackersOf(placed: PlacedAct): PlacedAct[] {
    const { act, vector } = placed;
    const author = this.#index.memberOf(act.device, vector);
    const authors = author === undefined ? this.#all.membersOf(act.device, vector) : [author];
    const about = [
      ...authors.flatMap((id) => this.#all.aboutMember(id)),
      ...this.#all.aboutDevice(act.device),
    ];
    const attackers = about.filter(
      (other) => isLowering(other) && !this.#refused.has(other.act.id) && areConcurrent(other, placed),
    );
    if (attackers.length === 0) return attackers;
    const past = this.#index.seenBy(vector, act.device);
    const fatal = new Map(
      [undefined, ...ROLES].map((next) => [
        next,
        this.#conflicts.defeats(next, proposedBy(placed), past, this.#rules),
      ]),
    );
    return attackers.filter((attacker) => fatal.get(roleLeft(attacker)));
  }

  #mayComeToCount(placed: PlacedAct): boolean {
    return !this.#isDecided(placed) && this.#judge(placed).code === undefined;
  }

  #accept(placed: PlacedAct): void {
    this.#accepted.add(placed.act.id);
    this.#verdicts.clear();
  }

  #refuse(placed: PlacedAct, code: string): true {
    this.#refused.set(placed.act.id, code);
    this.#verdicts.clear();
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
