/**
 * Decides about what was looked at, and has it carried out. Of thousands of paths little goes at a time, so that nothing else
 * waits for them; what destroys is weighed as a whole before any of it goes.
 */
import type { FolderMode } from '../types.ts';
import { decide, desired, WAYS, type Decision, type Situation } from './core.ts';
import { IGNORE_FILE } from './ignoring.ts';
import { isNews } from './looking.ts';
import type { Turns } from './pacing.ts';
import { fitsWindows, parentOf, staysInside } from './paths.ts';
import type { Index } from './ports.ts';
import type { Settling } from './settling.ts';
import type { Problem, Sight } from './sight.ts';
import type { Incoming, Outgoing, Works } from './works.ts';

export interface ActingDeps {
  readonly mode: FolderMode;
  readonly index: Index;
  readonly sight: Sight;
  readonly works: Works;
  readonly settling: Settling;
  readonly turns: Turns;
  readonly look: (path: string, delayMs: number) => void;
  readonly problem: (path: string, problem: Problem) => void;
  readonly calm: (path: string) => void;
}

/** Published in one turn, and in one transaction. */
const PUBLISHED_AT_ONCE = 64;

interface Decided {
  readonly seen: Situation;
  readonly decision: Decision;
}

export class Acting {
  readonly #deps: ActingDeps;
  readonly #conflicts = new Set<string>();

  constructor(deps: ActingDeps) {
    this.#deps = deps;
  }

  get conflicts(): readonly string[] {
    return [...this.#conflicts];
  }

  /** @returns whether what is ignored may be something else now. */
  async act(situations: readonly Situation[]): Promise<boolean> {
    const { works, turns } = this.#deps;
    const outgoing: Outgoing[] = [];
    const incoming: Incoming[] = [];
    const { taken } = turns;
    turns.begin();
    for (const looked of situations) {
      if (turns.isOver) await turns.next();
      const { seen, decision } = this.#decide(looked);
      if (decision.do === 'publish') {
        if (this.#mayPublish(seen)) outgoing.push({ seen, from: works.renamedFrom(seen), ...decision });
      } else if (decision.do === 'put') incoming.push({ seen, ...decision });
      else if (decision.do === 'read') works.read(seen);
      else this.#settle(seen, decision);
    }
    await this.#publish(outgoing, taken);
    await works.put(incoming);
    for (const seen of situations) {
      if (turns.isOver) await turns.next();
      // Whatever others say of what is new has it looked at again.
      if (!isNews(seen) || this.#conflicts.has(seen.path)) this.#conflict(seen);
    }
    return [...outgoing, ...incoming].some(({ seen }) => seen.path === IGNORE_FILE);
  }

  /** What came since it was looked at counts. */
  #decide(looked: Situation): Decided {
    const { mode, sight, works } = this.#deps;
    const seen = sight.fresh(looked);
    works.reconsider(seen.path);
    return { seen, decision: decide(mode, seen) };
  }

  /** From the last decision to the publishing nothing comes in between. @param taken turns when it was decided. */
  async #publish(outgoing: readonly Outgoing[], taken: number): Promise<void> {
    const { works, turns } = this.#deps;
    const all = works.weigh(outgoing);
    for (let at = 0; at < all.length; at += PUBLISHED_AT_ONCE) {
      if (turns.isOver && all.length > PUBLISHED_AT_ONCE) await turns.next();
      const some = all.slice(at, at + PUBLISHED_AT_ONCE);
      const still = turns.taken === taken ? some : some.flatMap((one) => this.#again(one));
      works.publish(this.#placed(still));
    }
  }

  /** Nothing goes before the folder that it lies in, which else would only stand for what is in it, and go with that. */
  #placed(ordered: readonly Outgoing[]): Outgoing[] {
    const going = new Set<string>();
    return ordered.filter(({ seen: { path }, state }) => {
      if (state.type === 'deleted') return true;
      const isPlaced = going.has(parentOf(path)) || this.#deps.works.isPlaceReady(path);
      if (isPlaced) going.add(path);
      return isPlaced;
    });
  }

  #again(one: Outgoing): Outgoing[] {
    const { seen, decision } = this.#decide(one.seen);
    if (decision.do === 'publish') return [{ ...one, seen, ...decision }];
    this.#deps.look(seen.path, 0);
    return [];
  }

  #settle(
    seen: Situation,
    decision: Extract<Decision, { do: 'nothing' | 'wait' | 'forget' | 'note' }>,
  ): void {
    const { works } = this.#deps;
    if (decision.do === 'note') works.note(seen, decision.base);
    if (decision.do === 'forget') works.forget(seen.path);
    if (decision.do === 'nothing') works.rest(seen.path);
    if (decision.do !== 'wait') this.#isFine(seen);
  }

  #mayPublish({ path, disk }: Situation): boolean {
    if (disk.type === 'link' && !staysInside(path, disk.target)) {
      this.#deps.problem(path, 'leads-out');
      return false;
    }
    this.#isFine({ path, disk });
    return true;
  }

  /** As far as this disk goes; others may have simpler ones. */
  #isFine({ path, disk }: Pick<Situation, 'path' | 'disk'>): void {
    const { works, problem, calm } = this.#deps;
    const isForAll = disk.type === 'absent' || (fitsWindows(path) && works.clashesWith(path) === undefined);
    if (isForAll) calm(path);
    else problem(path, 'not-everywhere');
  }

  #conflict({ path }: Situation): void {
    const { index, mode, settling } = this.#deps;
    const heads = index.heads(path);
    const isPlain =
      heads.length < 2 && heads.every(({ state }) => state.type !== 'file' && state.type !== 'link');
    if (isPlain || desired(heads, index.hasLiveBelow(path)).losers.length === 0) {
      this.#conflicts.delete(path);
      return;
    }
    this.#conflicts.add(path);
    if (WAYS[mode].out) settling.settle(path);
  }
}
