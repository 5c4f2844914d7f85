/** Acts by what they are about, so that "as far as the author had seen" is a short walk. */
import { assert } from '../base/errors.ts';
import type { DeviceKey, EntryHash, InviteKey, MemberId } from '../base/ids.ts';
import type { ActBody } from './acts.ts';
import { keysOf, type Certificate } from './certificate.ts';
import { isSeen, type PlacedAct } from './history.ts';
import type { Seen } from './horizon.ts';
import type { Role } from './roles.ts';
import type { Past, PastInvite } from './rules.ts';

/** What an act is about, or a rule asks about. */
type Subject = readonly ['network' | 'member' | 'device' | 'invitation' | 'key', string];

const NETWORK: Subject = ['network', ''];

/** What an act says something new about, as far as any rule asks. */
function subjectsOf(body: ActBody): Subject[] {
  switch (body.kind) {
    case 'genesis':
    case 'admit':
    case 'device': {
      const { certificate } = body;
      const member = body.kind === 'device' ? body.member : memberIdOf(certificate.device);
      const subjects: Subject[] = [
        ['member', member],
        ['device', certificate.device],
        ...keySubjects(certificate),
      ];
      return body.kind === 'genesis' ? [NETWORK, ...subjects] : subjects;
    }
    case 'role':
      return [['member', body.member]];
    case 'revoke':
      return [
        body.target.scope === 'member' ? ['member', body.target.member] : ['device', body.target.device],
      ];
    case 'invite':
    case 'withdraw':
      return [['invitation', body.invite]];
    case 'grant':
    case 'rename':
    case 'hub':
    case 'accept':
      return [];
  }
}

/** What the rules ask about before an act counts, its author aside. */
function askedOf(body: ActBody): Subject[] {
  switch (body.kind) {
    case 'admit':
      return [['invitation', body.invite], ...keySubjects(body.certificate)];
    case 'device':
      return keySubjects(body.certificate);
    case 'grant':
    case 'rename':
      return [['member', body.member]];
    case 'genesis':
    case 'hub':
    case 'accept':
      return [];
    case 'role':
    case 'revoke':
    case 'invite':
    case 'withdraw':
      return subjectsOf(body);
  }
}

function keySubjects(certificate: Certificate): Subject[] {
  return keysOf(certificate).map((key) => ['key', key]);
}

interface Standing {
  readonly role: Role;
  readonly active: boolean;
}

type Invitation = Extract<ActBody, { kind: 'invite' }> & { readonly act: EntryHash };

type Index = Readonly<Record<Subject[0], Map<string, PlacedAct[]>>>;

export class ActIndex {
  readonly #index: Index;
  readonly #counts: ReadonlySet<EntryHash> | undefined;

  private constructor(index: Index, counts?: ReadonlySet<EntryHash>) {
    this.#index = index;
    this.#counts = counts;
  }

  /** @param placed in the order in which they count. */
  static of(placed: readonly PlacedAct[]): ActIndex {
    const index: Index = {
      network: new Map(),
      member: new Map(),
      device: new Map(),
      invitation: new Map(),
      key: new Map(),
    };
    for (const act of placed) {
      for (const [kind, id] of subjectsOf(act.act.body)) {
        const about = index[kind].get(id);
        if (about === undefined) index[kind].set(id, [act]);
        else about.push(act);
      }
    }
    return new ActIndex(index);
  }

  /** The same, of acts in this set alone; what is added to it later is seen. */
  only(counts: ReadonlySet<EntryHash>): ActIndex {
    return new ActIndex(this.#index, counts);
  }

  /** The past as seen by who had seen `seen`. */
  seenBy(seen: Seen, author: DeviceKey): Past {
    const own = this.memberOf(author, seen);
    const standing = own === undefined ? undefined : this.standingOf(own, seen);
    const active = own !== undefined && standing?.active === true && !this.isDeviceRevoked(author, seen);
    return {
      founded: this.#of(...NETWORK).some(({ act }) => isSeen(act, seen)),
      author: active ? { member: own, role: standing.role } : undefined,
      isMember: (id) => this.standingOf(id, seen)?.active === true,
      memberOf: (key) => this.memberOf(key, seen),
      invite: (key) => this.#inviteOf(key, seen),
      isKeyTaken: (key) => this.#of('key', key).some(({ act }) => isSeen(act, seen)),
    };
  }

  memberOf(key: DeviceKey, seen: Seen): MemberId | undefined {
    const [linked] = this.linksOf(key, seen);
    return linked === undefined ? undefined : memberLinkedBy(linked);
  }

  /** Whose device any of these acts says this is, of those that `seen` goes as far as. */
  membersOf(key: DeviceKey, seen: Seen): MemberId[] {
    return [...new Set(this.linksOf(key, seen).map(memberLinkedBy))];
  }

  /** Acts that let a device in. */
  linksOf(key: DeviceKey, seen: Seen): PlacedAct[] {
    return this.#of('device', key).filter(({ act }) => act.body.kind !== 'revoke' && isSeen(act, seen));
  }

  isDeviceRevoked(key: DeviceKey, seen: Seen): boolean {
    return this.#of('device', key).some(({ act }) => act.body.kind === 'revoke' && isSeen(act, seen));
  }

  standingOf(id: MemberId, seen: Seen): Standing | undefined {
    let standing: Standing | undefined;
    for (const placed of this.#of('member', id)) {
      const { act } = placed;
      const { body } = act;
      if (!isSeen(act, seen)) continue;
      if (body.kind === 'genesis') standing = { role: 'admin', active: true };
      else if (body.kind === 'admit') standing ??= { role: this.roleGiven(placed), active: true };
      else if (body.kind === 'role' && standing !== undefined) standing = { ...standing, role: body.role };
      else if (body.kind === 'revoke' && standing !== undefined) standing = { ...standing, active: false };
    }
    return standing;
  }

  /** The invitation that who admitted somebody knew of. */
  invitationOf({ act: { body }, vector }: PlacedAct): Invitation | undefined {
    if (body.kind !== 'admit') return undefined;
    for (const { act } of this.#of('invitation', body.invite)) {
      if (act.body.kind === 'invite' && isSeen(act, vector)) return { ...act.body, act: act.id };
    }
    return undefined;
  }

  roleGiven(admission: PlacedAct): Role {
    return this.invitationOf(admission)?.role ?? 'relay';
  }

  /** Acts about a member, in the order in which they count. */
  aboutMember(id: MemberId): readonly PlacedAct[] {
    return this.#of('member', id);
  }

  /** Acts about a device, in the order in which they count. */
  aboutDevice(key: DeviceKey): readonly PlacedAct[] {
    return this.#of('device', key);
  }

  /** Acts about an invitation, in the order in which they count. */
  aboutInvite(key: InviteKey): readonly PlacedAct[] {
    return this.#of('invitation', key);
  }

  /** Acts on which it can depend who wrote this one, and as what; seen by it or not. */
  aboutAuthor({ act, vector }: PlacedAct): PlacedAct[] {
    const about = [...this.#of('device', act.device)];
    for (const id of this.membersOf(act.device, vector)) about.push(...this.#of('member', id));
    return about;
  }

  /** Acts on which the judgement of what this one says can depend; seen by it or not. */
  aboutBody({ act: { body } }: PlacedAct): PlacedAct[] {
    const about = askedOf(body).flatMap(([kind, id]) => this.#of(kind, id));
    return about.filter((other) => !isAskedOfAuthorsAlone(other.act.body));
  }

  #of(kind: Subject[0], id: string): readonly PlacedAct[] {
    const about = this.#index[kind].get(id) ?? [];
    const counts = this.#counts;
    return counts === undefined ? about : about.filter(({ act }) => counts.has(act.id));
  }

  /** Where two acts claim one key, who has seen both takes it for withdrawn: neither can pass for the other. */
  #inviteOf(key: InviteKey, seen: Seen): PastInvite | undefined {
    let invite: PastInvite | undefined;
    for (const { act } of this.#of('invitation', key)) {
      if (!isSeen(act, seen)) continue;
      if (act.body.kind === 'invite' && invite === undefined) {
        invite = { expiresMs: act.body.expiresMs, withdrawn: false };
      } else if (invite !== undefined) {
        invite = { ...invite, withdrawn: true };
      }
    }
    return invite;
  }
}

/** Which role somebody has, and whether a device is revoked: whom an act names may have any, and may be. */
function isAskedOfAuthorsAlone(body: ActBody): boolean {
  return body.kind === 'role' || (body.kind === 'revoke' && body.target.scope === 'device');
}

/** A member is named by the signing key of its first device. */
export function memberIdOf(firstDevice: DeviceKey): MemberId {
  return firstDevice as string as MemberId;
}

export function memberLinkedBy({ act: { body } }: PlacedAct): MemberId {
  if (body.kind === 'device') return body.member;
  assert(
    body.kind === 'genesis' || body.kind === 'admit',
    'a device is let in by a genesis, an admit or a device act',
  );
  return memberIdOf(body.certificate.device);
}
