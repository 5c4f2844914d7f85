/**
 * What becomes of concurrent edits. Everywhere the same head wins; the loser's own device, and no other, makes a copy of it under another
 * name and joins the histories. So there is one copy, however many see the conflict.
 */
import type { DeviceKey } from '../../base/ids.ts';
import type { Content, PathState, Version, VersionId } from '../types.ts';
import { desired } from './core.ts';
import { namedApart, parentOf, pathFault } from './paths.ts';
import type { VersionDraft } from './ports.ts';

export interface Conflict {
  readonly path: string;
  readonly heads: readonly Version[];
  /** Of this device. */
  readonly loser: Version;
  /** Undefined when a folder has to stand there for what is inside of it. */
  readonly winner: Version | undefined;
  readonly state: PathState;
}

/** Undefined when there is none, or others have to settle it. */
export function ownConflict(
  me: DeviceKey,
  path: string,
  heads: readonly Version[],
  liveBelow: boolean,
): Conflict | undefined {
  const { losers, winner, state } = desired(heads, liveBelow);
  const loser = losers.find(({ device }) => device === me);
  return loser === undefined ? undefined : { path, heads, loser, winner, state };
}

export interface MergeInput {
  readonly ours: Content;
  readonly theirs: Content;
  readonly base: Content;
  readonly modifiedMs: number;
  readonly executable: boolean;
}

/** Two files and the one that both were made of. Undefined when there is no such one. */
export function mergeInput({ winner, loser }: Conflict, history: readonly Version[]): MergeInput | undefined {
  if (winner?.state.type !== 'file' || loser.state.type !== 'file') return undefined;
  const base = commonAncestor(winner, loser, history);
  if (base?.state.type !== 'file') return undefined;
  const [one, other] = [winner.state, loser.state];
  return {
    ours: one.content,
    theirs: other.content,
    base: base.state.content,
    modifiedMs: Math.max(one.modifiedMs, other.modifiedMs),
    executable: one.executable || other.executable,
  };
}

/** The nearest, by steps from the winner. */
function commonAncestor(one: Version, other: Version, history: readonly Version[]): Version | undefined {
  const byId = new Map(history.map((version) => [version.id, version]));
  const past = new Set(pastOf(other, byId));
  return pastOf(one, byId).find((version) => past.has(version));
}

function pastOf(version: Version, byId: ReadonlyMap<VersionId, Version>): Version[] {
  const found = new Set([version]);
  for (const one of found)
    for (const id of one.parents) {
      const parent = byId.get(id);
      if (parent !== undefined) found.add(parent);
    }
  return [...found];
}

/** Both edits in one file. */
export function mergedDraft(conflict: Conflict, input: MergeInput, content: Content): VersionDraft {
  const { modifiedMs, executable } = input;
  return joining(conflict, { type: 'file', content, modifiedMs, executable });
}

function joining({ path, winner, loser }: Conflict, state: PathState): VersionDraft {
  const parents = [loser.id, ...(winner === undefined ? [] : [winner.id])];
  return { path, parents, state, renamedFrom: undefined };
}

/**
 * The copy, and a version at the old place that replaces winner and loser by the winner.
 * @param isTaken does something have this path?
 */
export function apartDrafts(
  conflict: Conflict,
  author: string,
  isTaken: (path: string) => boolean,
): VersionDraft[] {
  const { path, loser, state } = conflict;
  const copy = freeName(path, `conflict, ${author}, ${minuteOf(loser.hlc.ms)}`, isTaken);
  return [{ path: copy, parents: [], state: loser.state, renamedFrom: path }, joining(conflict, state)];
}

/** Beside `path`; where that would be too long, in the outermost folder. */
export function freeName(path: string, label: string, isTaken: (path: string) => boolean): string {
  const beside = namedApart(path, label);
  const near = pathFault(beside) === undefined ? path : path.slice(parentOf(path).length + 1);
  let name = namedApart(near, label);
  for (let n = 2; isTaken(name); n += 1) name = namedApart(near, `${label}, ${String(n)}`);
  return name;
}

/** No colons: they are not for Windows. */
export function minuteOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 16).replace('T', ' ').replace(':', '.');
}
