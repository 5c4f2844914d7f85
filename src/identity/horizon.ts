/**
 * How far an author had seen each roll feed. One full map for each act would be feeds times acts: gigabytes in a large
 * network. So an act shares the map of the act before it, and holds the few feeds in which it has seen more.
 */
import type { FeedId } from '../base/ids.ts';
import type { Vector } from './types.ts';

/** Of a vector, what it takes to ask it. */
export type Seen = Pick<Vector, 'get'>;

/** News that an act holds beside the shared map, before it makes a map of its own. */
const MAX_NEWS = 32;
const NOTHING: Vector = new Map();

export class Horizon {
  static readonly #nothing = new Horizon(NOTHING, NOTHING);
  readonly #shared: Vector;
  /** Ahead of `#shared` wherever it speaks. */
  readonly #news: Vector;

  private constructor(shared: Vector, news: Vector) {
    this.#shared = shared;
    this.#news = news;
  }

  /** What somebody has seen who has seen all of `pasts` and then writes at this place. */
  static after(pasts: readonly Horizon[], own: { readonly feed: FeedId; readonly seq: number }): Horizon {
    const [first = Horizon.#nothing, ...others] = pasts;
    const shared = first.#shared;
    const news = new Map(first.#news);
    for (const other of others) {
      if (other.#shared !== shared) raise(news, other.#shared, shared);
      raise(news, other.#news, shared);
    }
    news.set(own.feed, own.seq);
    if (news.size <= MAX_NEWS) return new Horizon(shared, news);
    return new Horizon(new Map([...shared, ...news]), NOTHING);
  }

  get(feed: FeedId): number | undefined {
    return this.#news.get(feed) ?? this.#shared.get(feed);
  }

  /** Moves `target` on to what was seen here too. */
  raise(target: Map<FeedId, number>): void {
    raise(target, this.#shared, NOTHING);
    raise(target, this.#news, NOTHING);
  }
}

function raise(target: Map<FeedId, number>, source: Vector, known: Seen): void {
  for (const [feed, seq] of source) {
    if (seq > Math.max(target.get(feed) ?? 0, known.get(feed) ?? 0)) target.set(feed, seq);
  }
}
