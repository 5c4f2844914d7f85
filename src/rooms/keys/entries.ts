/** What entries and rosters mean for the keys. */
import type { Bytes } from '../../base/bytes.ts';
import type { DeviceKey } from '../../base/ids.ts';
import type { MlsGroup } from '../../sealing/mls/index.ts';
import { digestOf } from '../../sealing/rooms/index.ts';
import { bodyIn, type CommitBody, type SealedBody } from '../bodies.ts';
import { deviceOf, everyone } from '../consensus/roster.ts';
import type { Entry, Roster } from '../consensus/types.ts';

export function devicesIn(roster: Roster): readonly DeviceKey[] {
  return [...new Set(everyone(roster).map((one) => deviceOf(one) as DeviceKey))];
}

interface Change {
  readonly author: string;
  readonly body: CommitBody;
  readonly digest: Bytes;
}

export function changeIn(entry: Entry): Change | undefined {
  const body = entry.kind === 'command' ? bodyIn(entry.command.body) : undefined;
  if (entry.kind !== 'command' || body?.kind !== 'commit') return undefined;
  return { author: entry.command.author, body, digest: digestOf(entry.command.body) };
}

export function hasTwice({ members }: MlsGroup): boolean {
  return new Set(members.map(({ device }) => device)).size !== members.length;
}

export function messageIn(entry: Entry): SealedBody | undefined {
  const body = entry.kind === 'command' ? bodyIn(entry.command.body) : undefined;
  return body?.kind === 'message' ? body : undefined;
}

/** Those that follow that place without a hole. */
export function followingOn(at: number, entries: readonly Entry[]): readonly Entry[] {
  const hole = entries.findIndex(({ index }, place) => index !== at + 1 + place);
  return hole < 0 ? entries : entries.slice(0, hole);
}
