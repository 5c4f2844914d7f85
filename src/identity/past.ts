/** Accepted acts, indexed by whom they are about, so that "as far as the author had seen" is a short walk. */
import type { DeviceKey, InviteKey, MemberId } from '../base/ids.ts';
import { isSeen, type PlacedAct } from './history.ts';
import type { Role } from './roles.ts';
import type { Past, PastInvite } from './rules.ts';
import type { Vector } from './types.ts';

interface Standing {
  role: Role;
  active: boolean;
}

export class AcceptedActs {
  readonly #aboutMember = new Map<MemberId, PlacedAct[]>();
  readonly #aboutDevice = new Map<DeviceKey, PlacedAct[]>();
  readonly #aboutInvite = new Map<InviteKey, PlacedAct[]>();
  #genesis: PlacedAct | undefined;

  add(placed: PlacedAct): void {
    const { body } = placed.act;
    switch (body.kind) {
      case 'genesis':
        this.#genesis ??= placed;
        push(this.#aboutMember, memberIdOf(body.certificate.device), placed);
        push(this.#aboutDevice, body.certificate.device, placed);
        break;
      case 'admit':
        push(this.#aboutMember, memberIdOf(body.certificate.device), placed);
        push(this.#aboutDevice, body.certificate.device, placed);
        break;
      case 'device':
        push(this.#aboutMember, body.member, placed);
        push(this.#aboutDevice, body.certificate.device, placed);
        break;
      case 'role':
        push(this.#aboutMember, body.member, placed);
        break;
      case 'revoke':
        if (body.target.scope === 'member') push(this.#aboutMember, body.target.member, placed);
        else push(this.#aboutDevice, body.target.device, placed);
        break;
      case 'invite':
      case 'withdraw':
        push(this.#aboutInvite, body.invite, placed);
        break;
      case 'grant':
      case 'rename':
      case 'hub':
      case 'accept':
        break;
    }
  }

  /** The past as seen by who had seen `vector`. */
  seenBy(vector: Vector, device: DeviceKey): Past {
    const member = this.memberOf(device, vector);
    const standing = member === undefined ? undefined : this.standingOf(member, vector);
    const active = member !== undefined && standing?.active === true && this.isDeviceActive(device, vector);
    return {
      founded: this.#genesis !== undefined && isSeen(this.#genesis.act, vector),
      author: active ? { member, role: standing.role } : undefined,
      roleOf: (id) => this.standingOf(id, vector)?.role,
      isMember: (id) => this.standingOf(id, vector)?.active === true,
      memberOf: (key) => this.memberOf(key, vector),
      devicesOf: (id) => this.#devicesOf(id, vector),
      invite: (key) => this.#inviteOf(key, vector),
    };
  }

  memberOf(device: DeviceKey, vector: Vector): MemberId | undefined {
    for (const { act } of this.#aboutDevice.get(device) ?? []) {
      if (act.body.kind === 'revoke' || !isSeen(act, vector)) continue;
      return act.body.kind === 'device' ? act.body.member : memberIdOf(device);
    }
    return undefined;
  }

  /** Whose device this is, whoever has seen it. */
  anyMemberOf(device: DeviceKey): MemberId | undefined {
    const linked = this.#aboutDevice.get(device)?.find(({ act }) => act.body.kind !== 'revoke');
    if (linked === undefined) return undefined;
    return linked.act.body.kind === 'device' ? linked.act.body.member : memberIdOf(device);
  }

  isDeviceActive(device: DeviceKey, vector: Vector): boolean {
    const about = this.#aboutDevice.get(device) ?? [];
    return about.length > 0 && !about.some(({ act }) => act.body.kind === 'revoke' && isSeen(act, vector));
  }

  standingOf(member: MemberId, vector: Vector): Standing | undefined {
    let standing: Standing | undefined;
    for (const { act } of this.#aboutMember.get(member) ?? []) {
      if (!isSeen(act, vector)) continue;
      if (act.body.kind === 'genesis') standing = { role: 'admin', active: true };
      else if (act.body.kind === 'admit')
        standing ??= { role: this.#roleInvited(act.body.invite), active: true };
      else if (act.body.kind === 'role' && standing !== undefined)
        standing = { ...standing, role: act.body.role };
      else if (act.body.kind === 'revoke' && standing !== undefined)
        standing = { ...standing, active: false };
    }
    return standing;
  }

  /** Accepted acts about a member or one of its devices, in the order in which they count. */
  about(member: MemberId, device: DeviceKey): readonly PlacedAct[] {
    return [...(this.#aboutMember.get(member) ?? []), ...(this.#aboutDevice.get(device) ?? [])];
  }

  #roleInvited(key: InviteKey): Role {
    for (const { act } of this.#aboutInvite.get(key) ?? [])
      if (act.body.kind === 'invite') return act.body.role;
    return 'relay';
  }

  #devicesOf(member: MemberId, vector: Vector): number {
    return (this.#aboutMember.get(member) ?? []).filter(
      ({ act }) => isSeen(act, vector) && ['genesis', 'admit', 'device'].includes(act.body.kind),
    ).length;
  }

  #inviteOf(key: InviteKey, vector: Vector): PastInvite | undefined {
    let invite: PastInvite | undefined;
    for (const { act } of this.#aboutInvite.get(key) ?? []) {
      if (!isSeen(act, vector)) continue;
      if (act.body.kind === 'invite')
        invite ??= { role: act.body.role, expiresMs: act.body.expiresMs, withdrawn: false };
      else if (invite !== undefined) invite = { ...invite, withdrawn: true };
    }
    return invite;
  }
}

/** A member is named by the signing key of its first device. */
export function memberIdOf(firstDevice: DeviceKey): MemberId {
  return firstDevice as string as MemberId;
}

function push<Key>(index: Map<Key, PlacedAct[]>, key: Key, placed: PlacedAct): void {
  const list = index.get(key);
  if (list === undefined) {
    index.set(key, [placed]);
    return;
  }
  const at = list.findLastIndex((other) => comesBefore(other, placed));
  list.splice(at + 1, 0, placed);
}

function comesBefore(a: PlacedAct, b: PlacedAct): boolean {
  if (a.at.ms !== b.at.ms) return a.at.ms < b.at.ms;
  if (a.at.n !== b.at.n) return a.at.n < b.at.n;
  return a.act.id < b.act.id;
}
