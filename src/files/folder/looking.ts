/**
 * Looks at what a pass is about. What destroys, and what may be half of a rename, is decided as a whole when all was looked at; of a hundred
 * thousand files that somebody moves in, each few hundred are read and published while the rest is still to be looked at, and forgotten.
 */
import type { Situation } from './core.ts';
import { eachOf } from './pacing.ts';

export interface LookingDeps {
  /** Waits as long as more is to be read than is of use. @returns false when nothing is to be done any more. */
  readonly room: () => Promise<boolean>;
  /** Undefined where there is nothing to decide. */
  readonly look: (path: string) => Promise<Situation | undefined>;
  /** What was read meanwhile, and can be published. */
  readonly takeRead: () => readonly string[];
  /** Was it on this disk under another name? */
  readonly isRenamed: (seen: Situation) => boolean;
  /** @returns false when nothing may be done any more. */
  readonly act: (news: readonly Situation[]) => Promise<boolean>;
}

const LOOKS = 16;
/** So many are looked at before what is new among them is acted on; fewer are one moment. */
export const LOOKED_AT_ONCE = 512;

/** @returns what is to be decided together; undefined when nothing may be done any more. */
export async function lookAtAll(
  paths: readonly string[],
  atOnce: number,
  { room, look, takeRead, isRenamed, act }: LookingDeps,
): Promise<Situation[] | undefined> {
  const held: Situation[] = [];
  for (let at = 0; at < paths.length; at += atOnce) {
    if (at > 0 && !(await room())) return undefined;
    const news: Situation[] = [];
    const some = at === 0 ? [] : [...takeRead()];
    some.push(...paths.slice(at, at + atOnce));
    const isLast = at + atOnce >= paths.length;
    await eachOf(some, LOOKS, async (path) => {
      const seen = await look(path);
      if (seen !== undefined) (!isLast && isNews(seen) && !isRenamed(seen) ? news : held).push(seen);
    });
    if (news.length > 0 && !(await act(news))) return undefined;
  }
  return held;
}

/** Nothing was here before, and nobody says anything of it: whatever is done about it, nothing else becomes otherwise. */
export function isNews({ disk, known, heads, liveBelow, knownBelow }: Situation): boolean {
  if (disk.type === 'absent' || disk.type === 'other') return false;
  return known === undefined && heads.length === 0 && !liveBelow && !knownBelow;
}
