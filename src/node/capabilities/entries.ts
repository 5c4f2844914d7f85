import { KithError } from '../../base/errors.ts';
import { fromBase64Url, toBase64Url } from '../../base/bytes.ts';
import { decodeCbor, encodeCbor } from '../../base/cbor.ts';
import type { FeedId } from '../../base/ids.ts';
import { AUDIENCE_PATTERN } from '../../identity/roles.ts';
import type { EraseTarget } from '../../log/folding.ts';
import { isExtensionKind, readExtensionPage } from '../../log/extension.ts';
import type { ExtensionPlace, FoldedEntry } from '../../log/ports.ts';
import { payloadOf } from '../../log/wire.ts';
import type { Entry, FeedInfo } from '../../log/types.ts';
import type { EntriesFacade, ExtensionEntry } from '../facade.ts';
import type { Session } from '../session.ts';
import { iso, memberOfDevice, type NodeContext } from './context.ts';

const FEED = /^[0-9a-f]{64}$/;
const KIND = /^x-[a-z0-9.-]{1,30}$/;

export function entriesOf(context: NodeContext): EntriesFacade {
  return {
    append: async (entries) => {
      const session = context.session();
      for (const { kind, audience } of entries) mustFit(kind, audience);
      const drafts = entries.map(({ kind, audience, payload }) => ({
        kind,
        lane: 'data' as const,
        parts: [{ audience, payload }],
      }));
      return session.log
        .append(drafts)
        .map(({ header }) => ({ id: idOf(header.feed, header.seq), feed: header.feed, seq: header.seq }));
    },
    page: async ({ kind, after, limit }) => page(context.session(), kind, after, limit),
    erase: async (ids) => {
      const session = context.session();
      const targets = ids.map((id) => targetOf(session, id));
      if (targets.length > 0) session.log.erase(targets);
      return { erased: targets.length };
    },
  };
}

function mustFit(kind: string, audience: string): void {
  if (!KIND.test(kind)) {
    throw new KithError('bad-kind', `“${kind}” cannot be a kind.`, {
      next: 'Kinds of programs start with x-',
    });
  }
  if (!AUDIENCE_PATTERN.test(audience) || audience === 'roll') {
    throw new KithError('bad-audience', `“${audience}” is no audience.`, {
      next: 'Use public, members or admins.',
    });
  }
}

/** Names an entry: its feed, and its place in it. */
function idOf(feed: FeedId, seq: number): string {
  return `${feed}:${String(seq)}`;
}

// ---- pages: of all kinds, a cursor says how far each feed was read; of one kind, after which place in time

type Cursor = ReadonlyMap<string, number>;

function readCursor(text: string | undefined): Cursor {
  return text === undefined ? new Map() : new Map(fromText(text, isFeedHeight));
}

function readPlace(text: string | undefined): ExtensionPlace | undefined {
  if (text === undefined) return undefined;
  const [hlc, place] = fromText(text, isPair);
  const [ms, n] = hlc ?? [];
  if (typeof ms !== 'number' || typeof n !== 'number' || !isFeedHeight(place)) throw badCursor();
  return { hlc: { ms, n }, feed: place[0] as FeedId, seq: place[1] };
}

function placeText({ header, feed }: FoldedEntry): string {
  return toBase64Url(
    encodeCbor([
      [header.hlc.ms, header.hlc.n],
      [feed.id, header.seq],
    ]),
  );
}

function isPair(value: unknown): value is [unknown, unknown] {
  return Array.isArray(value) && value.length === 2;
}

function isFeedHeight(value: unknown): value is [string, number] {
  return (
    isPair(value) && typeof value[0] === 'string' && FEED.test(value[0]) && Number.isSafeInteger(value[1])
  );
}

function fromText<Item>(text: string, isItem: (value: unknown) => value is Item): Item[] {
  let value: unknown;
  try {
    value = decodeCbor(fromBase64Url(text));
  } catch (cause) {
    throw badCursor(cause);
  }
  if (!Array.isArray(value) || !value.every(isItem)) throw badCursor();
  return value;
}

function badCursor(cause?: unknown): KithError {
  return new KithError('bad-cursor', 'This is no cursor of this node.', {
    next: 'Start again without one.',
    cause,
  });
}

type Page = Awaited<ReturnType<EntriesFacade['page']>>;

function page(session: Session, kind: string | undefined, after: string | undefined, limit: number): Page {
  return kind === undefined
    ? pageOfFeeds(session, readCursor(after), limit)
    : pageOfKind(session, kind, after, limit);
}

/** One kind, in the order of time: from the index that the log keeps in step. */
function pageOfKind(session: Session, kind: string, after: string | undefined, limit: number): Page {
  const { extensions, store } = session.deps;
  const found = readExtensionPage(extensions, store, { kind, after: readPlace(after), limit });
  const last = found.entries.at(-1);
  const next = last === undefined ? (after ?? null) : placeText(last);
  return {
    entries: found.entries.map((entry) => describe(session, entry.feed, entry)),
    next,
    more: found.next !== undefined,
  };
}

/** All kinds, feed by feed. */
function pageOfFeeds(session: Session, cursor: Cursor, limit: number): Page {
  const entries: ExtensionEntry[] = [];
  const next = new Map(cursor);
  let more = false;
  for (const { info, folded } of session.log.feeds()) {
    if (info.lane !== 'data') continue;
    for (const entry of session.log.entriesOf(info.id, (cursor.get(info.id) ?? 0) + 1, folded)) {
      if (entries.length >= limit) {
        more = true;
        break;
      }
      next.set(info.id, entry.header.seq);
      if (isExtensionKind(entry.header.kind)) entries.push(describe(session, info, entry));
    }
    if (more) break;
  }
  const text = next.size === 0 ? null : toBase64Url(encodeCbor([...next]));
  return { entries, next: text, more };
}

function describe(session: Session, info: FeedInfo, entry: Entry): ExtensionEntry {
  const part = entry.parts[0];
  return {
    id: idOf(info.id, entry.header.seq),
    kind: entry.header.kind,
    feed: info.id,
    seq: entry.header.seq,
    member: memberOfDevice(session, info.device)?.number ?? 0,
    device: info.device,
    time: iso(entry.header.hlc.ms),
    audience: entry.header.parts[0]?.audience ?? 'public',
    payload: part === null || part === undefined ? null : payloadOf(part),
  };
}

function targetOf(session: Session, id: string): EraseTarget {
  const [feed = '', seq = ''] = id.split(':');
  const state = session.log.feed(feed as FeedId);
  const entry =
    state === undefined || !/^[0-9]{1,10}$/.test(seq)
      ? undefined
      : session.log.entryAt(state.info.id, Number(seq));
  if (state === undefined || entry === undefined) {
    throw new KithError('unknown-entry', `There is no entry ${id}.`, {
      next: 'Take the id from a page of entries.',
    });
  }
  const own = session.ownMember;
  if (own?.role !== 'admin' && memberOfDevice(session, state.info.device)?.id !== own?.id) {
    throw new KithError('not-yours', 'Only its author or an admin can erase this entry.');
  }
  return { entry: { feed: state.info.id, seq: entry.header.seq, hash: entry.hash }, part: 0 };
}
