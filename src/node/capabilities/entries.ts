import { KithError } from '../../base/errors.ts';
import { fromBase64Url, toBase64Url } from '../../base/bytes.ts';
import { decodeCbor, encodeCbor } from '../../base/cbor.ts';
import type { FeedId } from '../../base/ids.ts';
import { AUDIENCE_PATTERN } from '../../identity/roles.ts';
import type { EraseTarget } from '../../log/folding.ts';
import type { FeedState } from '../../log/ports.ts';
import { payloadOf } from '../../log/wire.ts';
import type { Entry } from '../../log/types.ts';
import type { EntriesFacade, ExtensionEntry } from '../facade.ts';
import type { Session } from '../session.ts';
import { iso, memberOfDevice, type NodeContext } from './context.ts';

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
    page: async ({ kind, after, limit }) => page(context.session(), kind, readCursor(after), limit),
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

// ---- pages: a cursor says how far each feed was read, so that what comes late is not missed

type Cursor = ReadonlyMap<string, number>;

function readCursor(text: string | undefined): Cursor {
  if (text === undefined) return new Map();
  try {
    return new Map(decodeCbor(fromBase64Url(text)) as [string, number][]);
  } catch (cause) {
    throw new KithError('bad-cursor', 'This is no cursor of this node.', {
      next: 'Start again without one.',
      cause,
    });
  }
}

function page(
  session: Session,
  kind: string | undefined,
  cursor: Cursor,
  limit: number,
): Awaited<ReturnType<EntriesFacade['page']>> {
  const entries: ExtensionEntry[] = [];
  const next = new Map(cursor);
  let more = false;
  for (const state of session.log.feeds()) {
    if (state.info.lane !== 'data') continue;
    for (const entry of session.log.entriesOf(
      state.info.id,
      (cursor.get(state.info.id) ?? 0) + 1,
      state.folded,
    )) {
      if (entries.length >= limit) {
        more = true;
        break;
      }
      next.set(state.info.id, entry.header.seq);
      const fits = kind === undefined ? entry.header.kind.startsWith('x-') : entry.header.kind === kind;
      if (fits) entries.push(describe(session, state, entry));
    }
    if (more) break;
  }
  const text = next.size === 0 ? null : toBase64Url(encodeCbor([...next]));
  return { entries, next: text, more };
}

function describe(session: Session, { info }: FeedState, entry: Entry): ExtensionEntry {
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
