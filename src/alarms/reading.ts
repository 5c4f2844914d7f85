/** Messages as they stand in the log, each with its author's rights as of what the author had seen. */
import type { FeedId } from '../base/ids.ts';
import type { EntryLink, Membership } from '../identity/types.ts';
import type { Log } from '../log/service.ts';
import { foldAlarm, type Alarm } from './fold.ts';
import type { AlertIndex } from './ports.ts';
import { readAlert } from './projection.ts';
import type { AlertId, AlertMessage, AlertPlace } from './types.ts';

/** Read once each: an entry never changes, and what its author was changes with the roll alone. */
const MOST_KEPT = 1024;

export class AlarmReader {
  readonly #log: Log;
  readonly #index: AlertIndex;
  readonly #kept = new Map<AlertId, AlertMessage>();
  readonly #news = new Map<FeedId, { upTo: number; links: { seq: number; link: EntryLink }[] }>();
  #roll: Membership | undefined;

  constructor(log: Log, index: AlertIndex) {
    this.#log = log;
    this.#index = index;
  }

  /** Undefined while the alarm's first message is not here. */
  alarm(id: AlertId): Alarm | undefined {
    return foldAlarm(
      id,
      this.#index.ofAlarm(id).flatMap((place) => this.message(place) ?? []),
    );
  }

  /** Begun or changed at `fromMs` or later, the newest last. */
  alarms(fromMs: number, limit: number): readonly Alarm[] {
    const ids = new Set(this.#index.since(fromMs, limit).map(({ alarm }) => alarm));
    return [...ids].flatMap((id) => this.alarm(id) ?? []);
  }

  message(place: AlertPlace): AlertMessage | undefined {
    if (this.#roll !== this.#log.membership) this.#kept.clear();
    this.#roll = this.#log.membership;
    const kept = this.#kept.get(place.id);
    if (kept !== undefined) return kept;
    const message = this.#read(place);
    if (message !== undefined && this.#kept.size < MOST_KEPT) this.#kept.set(place.id, message);
    return message;
  }

  /** Forgets what it read: parts may have been erased, or come. */
  forget(): void {
    this.#kept.clear();
    this.#news.clear();
  }

  #read(place: AlertPlace): AlertMessage | undefined {
    const entry = this.#log.entryAt(place.feed, place.seq);
    const device = this.#log.feed(place.feed)?.info.device;
    if (entry?.hash !== place.id || device === undefined) return undefined;
    const said = readAlert(entry);
    const seen = this.#log.authority.vectorOf(new Map(), this.#seenBy(place.feed, place.seq));
    const author = this.#log.authority.authorAt(device, seen);
    return said === undefined || author === undefined ? undefined : { ...place, ...said, device, author };
  }

  /** Everything of the roll that a feed's entries up to there say to have seen; each is read once. */
  #seenBy(feed: FeedId, seq: number): readonly EntryLink[] {
    const news = this.#news.get(feed) ?? { upTo: 0, links: [] };
    for (const { header } of this.#log.entriesOf(feed, news.upTo + 1, seq))
      for (const link of header.after) news.links.push({ seq: header.seq, link });
    this.#news.set(feed, { ...news, upTo: Math.max(news.upTo, seq) });
    return news.links.flatMap((item) => (item.seq <= seq ? [item.link] : []));
  }
}
