/** Rules about who counts: majorities, and which change may follow which. */
import type { ReplicaId, Roster } from './types.ts';

export function majorityOf(voters: readonly ReplicaId[]): number {
  return Math.floor(voters.length / 2) + 1;
}

/** Everyone whom the host sends entries to. */
export function everyone({ voters, joining, learners }: Roster): readonly ReplicaId[] {
  return [...voters, ...joining, ...learners];
}

/**
 * Ongaro 2014, §4.1: majorities before and after a change overlap only when the change adds or removes one voter.
 * Those who do not count may come and go freely.
 */
export function isSingleChange(from: Roster, to: Roster): boolean {
  const added = to.voters.filter((voter) => !from.voters.includes(voter));
  const removed = from.voters.filter((voter) => !to.voters.includes(voter));
  const all = everyone(to);
  return added.length + removed.length <= 1 && to.voters.length > 0 && new Set(all).size === all.length;
}

/** The device whose copy this is. */
export function deviceOf(replica: ReplicaId): string {
  return replica.split('/')[0] ?? '';
}

/** Which life of that device it is. */
export function lifeOf(replica: ReplicaId): string {
  return replica.split('/')[1] ?? '';
}

export function replicaOf(device: string, life: string): ReplicaId {
  return `${device}/${life}` as ReplicaId;
}

export function promoted(roster: Roster, replica: ReplicaId): Roster {
  const rest = without(roster, replica);
  return { ...rest, voters: [...rest.voters, replica] };
}

export function welcomed(roster: Roster, replica: ReplicaId): Roster {
  const rest = without(roster, replica);
  return { ...rest, joining: [...rest.joining, replica] };
}

export function demoted(roster: Roster, replica: ReplicaId): Roster {
  const rest = without(roster, replica);
  return { ...rest, learners: [...rest.learners, replica] };
}

/** In any of its lives, as whatever. */
export function hasDevice(roster: Roster, device: string): boolean {
  return everyone(roster).some((one) => deviceOf(one) === device);
}

/** This life of a device, which is to count once it has caught up; what does not count of its others goes. */
export function withDevice(roster: Roster, device: string, replica: ReplicaId): Roster {
  if (everyone(roster).includes(replica)) return roster;
  const idle = [...roster.joining, ...roster.learners].filter((one) => deviceOf(one) === device);
  return welcomed(idle.reduce(without, roster), replica);
}

/** All of a device's lives: those that count for nothing at once, of the voters one at a time. */
export function withoutDevice(roster: Roster, device: string): Roster {
  const isTheirs = (replica: ReplicaId): boolean => deviceOf(replica) === device;
  const { voters } = roster;
  const idle = everyone(roster).filter((one) => isTheirs(one) && !voters.includes(one));
  const voter = voters.find(isTheirs);
  return (voter === undefined ? idle : [...idle, voter]).reduce(without, roster);
}

export function without({ voters, joining, learners }: Roster, replica: ReplicaId): Roster {
  const others = (list: readonly ReplicaId[]): readonly ReplicaId[] => list.filter((one) => one !== replica);
  return { voters: others(voters), joining: others(joining), learners: others(learners) };
}
