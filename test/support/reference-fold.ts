/**
 * The resolution of conflicts once more, slowly and from its description (docs/protocol/roll.md) alone: every possible
 * outcome is written out, every reachable act is walked to. For a settled base of members, each with one device, and a
 * handful of acts that remove, demote, raise, rename or list a hub.
 */
import type { DeviceKey, EntryHash, MemberId } from '../../src/base/ids.ts';
import type { Role } from '../../src/identity/roles.ts';
import type { Act } from '../../src/identity/types.ts';

export interface Base {
  readonly acts: readonly Act[];
  /** In the order in which they came in. */
  readonly members: readonly { readonly member: MemberId; readonly role: Role }[];
}

type Outcome = ReadonlySet<EntryHash>;

/** @param contested in the order in which acts take effect. @returns the contested acts that count. */
export function resolveSlowly(base: Base, contested: readonly Act[]): Set<EntryHash> {
  const world = new World(base, contested);
  const counts = new Set<EntryHash>();
  const refused = new Set<EntryHash>();
  const isOpen = (act: Act): boolean => !counts.has(act.id) && !refused.has(act.id);
  for (;;) {
    let progress = true;
    while (progress) {
      progress = false;
      for (const act of contested.toReversed().filter(isOpen)) {
        const verdict = world.verdict(act, counts, refused);
        const attackers = world.attackers(act, counts).filter(({ id }) => !refused.has(id));
        const mayCount = attackers.filter(
          (by) => counts.has(by.id) || world.verdict(by, counts, refused) !== 'never',
        );
        if (verdict === 'never' || (verdict === 'always' && mayCount.some(({ id }) => counts.has(id)))) {
          refused.add(act.id);
          progress = true;
        } else if (verdict === 'always' && mayCount.length === 0) {
          counts.add(act.id);
          progress = true;
        }
      }
    }
    const open = contested.filter(isOpen);
    if (open.length === 0) return counts;
    const attackersOf = (act: Act): Act[] =>
      world
        .attackers(act, counts)
        .filter((by) => isOpen(by) && world.verdict(by, counts, refused) !== 'never');
    const waitsFor = (act: Act): Act[] => {
      const past =
        world.verdict(act, counts, refused) === 'always' ? [] : world.bearingPast(act).filter(isOpen);
      return [...past, ...attackersOf(act)];
    };
    const reach = new Map(open.map((act) => [act, reachable(act, waitsFor)]));
    // Those who wait for nobody who does not wait for them. The last such circle; the fold takes another one first.
    const circle = open.filter((act) =>
      [...(reach.get(act) ?? [])].every((other) => reach.get(other)?.has(act)),
    );
    const last = circle.at(-1);
    if (last === undefined) throw new Error('bug: nobody waits in a circle');
    const contenders = circle.filter(
      (act) => reach.get(last)?.has(act) === true && world.verdict(act, counts, refused) === 'always',
    );
    const winner = contenders.toSorted((a, b) => world.seniority(a) - world.seniority(b) || a.seq - b.seq)[0];
    if (winner === undefined) throw new Error('bug: a circle without anybody whose past is decided');
    for (const attacker of attackersOf(winner)) refused.add(attacker.id);
    counts.add(winner.id);
  }
}

function reachable(from: Act, next: (act: Act) => readonly Act[]): Set<Act> {
  const found = new Set<Act>();
  const stack = [...next(from)];
  for (let act = stack.pop(); act !== undefined; act = stack.pop()) {
    if (found.has(act)) continue;
    found.add(act);
    stack.push(...next(act));
  }
  return found;
}

class World {
  readonly #members: Base['members'];
  readonly #contested: readonly Act[];
  readonly #past = new Map<EntryHash, ReadonlySet<EntryHash>>();

  constructor(base: Base, contested: readonly Act[]) {
    this.#members = base.members;
    this.#contested = contested;
    const all = [...base.acts, ...contested];
    for (const act of contested) this.#past.set(act.id, pastOf(act, all));
  }

  seniority(act: Act): number {
    return this.#members.findIndex(({ member }) => member === authorOf(act));
  }

  /** Is this act allowed whichever open acts of its past come to count, or whichever not? */
  verdict(act: Act, counts: Outcome, refused: Outcome): 'always' | 'never' | 'depends' {
    const past = this.#contested.filter(({ id }) => this.#past.get(act.id)?.has(id));
    const open = past.filter(({ id }) => !counts.has(id) && !refused.has(id));
    const answers = subsetsOf(open).map((more) => {
      const outcome = new Set([...past.map(({ id }) => id).filter((id) => counts.has(id)), ...more]);
      return this.#isAllowed(act, this.#roleOf(act, outcome), outcome);
    });
    if (answers.every((allowed) => allowed)) return 'always';
    return answers.some((allowed) => allowed) ? 'depends' : 'never';
  }

  /** Acts of its past that are about its author, or about who it names. */
  bearingPast(act: Act): Act[] {
    const author = authorOf(act);
    const named = targetOf(act);
    return this.#contested.filter((other) => {
      if (this.#past.get(act.id)?.has(other.id) !== true) return false;
      const about = targetOf(other);
      const changes = other.body.kind === 'role' || other.body.kind === 'revoke';
      return changes && (about === author || (about === named && other.body.kind === 'revoke'));
    });
  }

  attackers(act: Act, counts: Outcome): Act[] {
    const seen = new Set([...(this.#past.get(act.id) ?? [])].filter((id) => counts.has(id)));
    return this.#contested.filter((by) => {
      const { body } = by;
      if (body.kind !== 'revoke' && !(body.kind === 'role' && body.role !== 'admin')) return false;
      if (by === act || targetOf(by) !== authorOf(act)) return false;
      if (this.#past.get(act.id)?.has(by.id) === true || this.#past.get(by.id)?.has(act.id) === true)
        return false;
      return !this.#isAllowed(act, body.kind === 'role' ? body.role : undefined, seen);
    });
  }

  #roleOf(act: Act, outcome: Outcome): Role | undefined {
    let role = this.#members.find(({ member }) => member === authorOf(act))?.role;
    for (const { id, body } of this.#contested.filter((other) => targetOf(other) === authorOf(act))) {
      if (!outcome.has(id) || role === undefined) continue;
      if (body.kind === 'revoke') role = undefined;
      if (body.kind === 'role') role = body.role;
    }
    return role;
  }

  #isAllowed(act: Act, role: Role | undefined, outcome: Outcome): boolean {
    if (role === undefined || role === 'reader' || role === 'relay') return false;
    const target = targetOf(act);
    const isAboutSelf =
      target === authorOf(act) && (act.body.kind === 'rename' || act.body.kind === 'revoke');
    if (role !== 'admin' && !isAboutSelf) return false;
    // A device that is gone is still a device that one knows.
    const namesDevice = act.body.kind === 'revoke' && act.body.target.scope === 'device';
    return target === undefined || namesDevice || !this.#isOut(target, outcome);
  }

  #isOut(member: MemberId, outcome: Outcome): boolean {
    return this.#contested.some(
      ({ id, body }) =>
        outcome.has(id) &&
        body.kind === 'revoke' &&
        body.target.scope === 'member' &&
        body.target.member === member,
    );
  }
}

/** By walking all links, from every act. */
function pastOf(act: Act, all: readonly Act[]): Set<EntryHash> {
  const found = new Set<EntryHash>();
  const stack = [act];
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const { feed, seq, after } = next;
    for (const before of all) {
      const isBefore =
        (before.feed === feed && before.seq < seq) || after.some(({ hash }) => hash === before.id);
      if (!isBefore || found.has(before.id)) continue;
      found.add(before.id);
      stack.push(before);
    }
  }
  return found;
}

function authorOf(act: Act): MemberId {
  return act.device as string as MemberId;
}

function targetOf({ body }: Act): MemberId | undefined {
  if (body.kind === 'role' || body.kind === 'rename') return body.member;
  if (body.kind !== 'revoke') return undefined;
  return body.target.scope === 'member' ? body.target.member : asMember(body.target.device);
}

function asMember(device: DeviceKey): MemberId {
  return device as string as MemberId;
}

function subsetsOf(acts: readonly Act[]): EntryHash[][] {
  return acts.reduce<EntryHash[][]>(
    (subsets, { id }) => [...subsets, ...subsets.map((subset) => [...subset, id])],
    [[]],
  );
}
