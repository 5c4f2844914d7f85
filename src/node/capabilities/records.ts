/** The registry, as people and programs ask for it. */
import type { LinkKey, MemberId } from '../../base/ids.ts';
import type { Attempt, RecordDesk, RecordView } from '../../records/index.ts';
import type {
  RecordDetail,
  RecordErasure,
  RecordHistory,
  RecordsFacade,
  RefreshAttempt,
  RefreshStep,
  RegistryRecord,
} from '../facade-records.ts';
import { refresh, type RefreshNews } from '../refreshing.ts';
import type { Session } from '../session.ts';
import { iso, isoOf, type NodeContext } from './context.ts';

export function recordsOf(context: NodeContext): RecordsFacade {
  const session = (): Session => context.session();
  const desk = (): RecordDesk => session().records.desk;
  const detail = (id: string, as = sideOf(session())): RecordDetail => {
    const { linked, notes, isPublic, ...view } = desk().show(id, as);
    const asOf = asOfIn(session());
    return { ...describe(view), linked, notes: notes.map(describe), public: isPublic, asOf };
  };
  return {
    add: async ({ kind, fields, id }) => {
      const own = `${kind}_record_id`;
      const { [own]: named, ...others } = fields;
      return detail(desk().add(kind, others, id ?? (typeof named === 'string' ? named : undefined)).id);
    },
    edit: async (id, fields) => detail(desk().edit(id, fields).id),
    note: async (id, fields) => detail(desk().note(id, fields).id),
    show: async (id) => detail(id),
    showPublic: async (id) => detail(id, 'reader'),
    search: async ({ public: isPublic, ...question }) => {
      const as = isPublic ? 'reader' : sideOf(session());
      return desk()
        .search({ ...question, as })
        .map(({ score, reasons, linked, ...view }) => ({ ...describe(view), score, reasons, linked }));
    },
    matches: async (id, limit) =>
      desk()
        .matches(id, limit)
        .map(({ mode, score, reasons, ...view }) => ({ ...describe(view), mode, score, reasons })),
    link: async (id, other, options) => {
      desk().link(id, other, options);
      return detail(id);
    },
    history: async (id) => history(session(), id),
    expire: async (id) => {
      const { ended } = desk().end(id);
      desk().confirm();
      return erasure(session(), ended[0] ?? id);
    },
    erasure: async (id) => erasure(session(), id),
    asOf: async () => asOfIn(session()),
    refresh: async ({ attempts }, signal) => {
      const deps = { ...context, session: session(), logger: context.nodeLog.logger('records') };
      return refreshing(deps.session, refresh(deps, attempts, signal));
    },
  };
}

function asOfIn({ freshness }: Session): string | null {
  const asOfMs = freshness.asOfMs();
  return asOfMs === undefined ? null : iso(asOfMs);
}

async function* refreshing(session: Session, news: AsyncIterable<RefreshNews>): AsyncGenerator<RefreshStep> {
  const named = (who: LinkKey): { readonly member: number; readonly name: string } => {
    const member = session.memberOf(who);
    return { member: member?.number ?? 0, name: member?.name ?? '' };
  };
  const told = ({ who, outcome, entries }: Attempt<LinkKey>): RefreshAttempt => ({
    ...named(who),
    outcome,
    entries,
  });
  for await (const one of news) {
    if (one.type === 'asking') yield { step: 'asking', ...named(one.who) };
    else if (one.type === 'asked') yield { step: 'asked', ...told(one.attempt) };
    else {
      const asked = one.attempts.map(told);
      const entries = asked.reduce((sum, attempt) => sum + attempt.entries, 0);
      yield { step: 'done', ...named(one.answered), asked, entries, asOf: asOfIn(session) };
    }
  }
}

/** A reader's node holds the public side alone. */
function sideOf({ ownMember }: Session): 'member' | 'reader' {
  return ownMember?.role === 'reader' ? 'reader' : 'member';
}

function describe({ id, kind, fields, home, status, gone, conflicts }: RecordView): RegistryRecord {
  return { id, kind, fields, home, status: (status ?? null) as RegistryRecord['status'], gone, conflicts };
}

function history(session: Session, id: string): RecordHistory {
  const { items, accesses } = session.records.desk.history(id);
  const { members } = session.log.membership;
  return {
    id,
    items: items.map(({ at, member, isOtherOrg, ...item }) => {
      const known = member === undefined ? undefined : members.get(member);
      return {
        ...item,
        at: isoOf(at),
        member: known?.number ?? 0,
        name: known?.name ?? '',
        otherOrg: isOtherOrg,
      };
    }),
    accesses: accesses.map(({ atMs, action, fields }) => ({ at: iso(atMs), action, fields })),
  };
}

function erasure(session: Session, id: string): RecordErasure {
  const { record, confirmed, missing, waiting } = session.records.desk.erasure(id);
  const numbers = (ids: readonly MemberId[]): number[] =>
    ids.map((member) => session.log.membership.members.get(member)?.number ?? 0).sort((a, b) => a - b);
  return { id: record, confirmed: numbers(confirmed), missing: numbers(missing), waiting };
}
