/** Finds records by name, what may be the same person's, and what was linked. Suggests, and never merges. */
import { KithError } from '../base/errors.ts';
import type { EntryHash } from '../base/ids.ts';
import { payloadOf } from '../log/wire.ts';
import { briefOf, decodeBrief, keysOf, personOf, type Brief } from './brief.ts';
import { authorOf, kindOf, mustFind, sidesOf, viewOf, type RecordContext } from './context.ts';
import { foldLink, type LinkEntry } from './fold.ts';
import { KINDS, type Status } from './kinds/table.ts';
import type { KindName } from './kinds/types.ts';
import { MAX_BLOCK } from './matching/blocking.ts';
import { compare } from './matching/compare.ts';
import type { MatchMode, Person } from './matching/types.ts';
import { SUGGEST_FROM } from './matching/weights.ts';
import { searchNames } from './names/search.ts';
import type { StoredRecord } from './ports.ts';
import type { RecordId, RecordView } from './types.ts';
import { decodeLink, encodeLink, LINK_KIND } from './wire.ts';

export interface Question {
  readonly text: string;
  readonly kind?: KindName | undefined;
  readonly status?: Status | undefined;
  readonly sex?: string | undefined;
  /** In years, as of now. */
  readonly age?: { readonly from: number; readonly to: number } | undefined;
  readonly region?: string | undefined;
  readonly limit: number;
  /** As a reader would see it: the public side alone, and never without a name. */
  readonly as: 'member' | 'reader';
}

export interface Hit extends RecordView {
  readonly score: number;
  readonly reasons: readonly string[];
  /** Records that are linked with it, over others too. */
  readonly linked: readonly RecordId[];
}

/** With filters, more have to be looked at to find as many. */
const FILTERED_CANDIDATES = 800;
const MOST_LINKED = 50;

/** @throws KithError `name-needed` */
export function search(context: RecordContext, question: Question): readonly Hit[] {
  if (question.text.trim() === '') return browse(context, question);
  const { records } = context;
  const known = new Map<number, { readonly record: StoredRecord; readonly brief: Brief }>();
  const namesOf = (row: number): readonly string[] => {
    const record = records.at(row);
    if (record === undefined) return [];
    const brief = decodeBrief(record.brief);
    known.set(row, { record, brief });
    return fits(context, record, brief, question) ? brief.names : [];
  };
  const found = searchNames(
    { candidates: (keys, limit) => candidatesOf(context, keys, limit) },
    namesOf,
    question.text,
    { limit: question.limit, ...(isFiltered(question) ? { candidates: FILTERED_CANDIDATES } : {}) },
  );
  const hits = found.flatMap(({ id: row, score, reasons }) => {
    const at = known.get(row);
    return at === undefined ? [] : hitOf(context, at.record, at.brief, question, score, reasons);
  });
  return question.as === 'reader' ? hits : withLinked(context, hits);
}

function candidatesOf(
  { records }: RecordContext,
  keys: readonly string[],
  limit: number,
): readonly { id: number; weight: number }[] {
  return records
    .candidates(
      keys.map((key) => `n${key}`),
      limit,
    )
    .map(({ row, weight }) => ({ id: row, weight }));
}

function isFiltered({ kind, status, sex, age, region }: Question): boolean {
  return [kind, status, sex, age, region].some((filter) => filter !== undefined);
}

function fits({ clock }: RecordContext, record: StoredRecord, brief: Brief, question: Question): boolean {
  const { kind, as, age } = question;
  const nowMs = clock.nowMs();
  if (record.gone || (record.expiryMs !== undefined && record.expiryMs <= nowMs)) return false;
  if (as === 'reader' && !brief.isPublic) return false;
  if (kind !== undefined && record.kind !== KINDS[kind].no) return false;
  return isDescribed(brief, question) && (age === undefined || isOfAge(brief, age, nowMs));
}

function isDescribed(brief: Brief, { status, sex, region }: Question): boolean {
  if (status !== undefined && brief.status !== status) return false;
  if (sex !== undefined && brief.sex !== sex) return false;
  return region === undefined || brief.region.toLowerCase().includes(region.trim().toLowerCase());
}

function isOfAge(
  { born }: Brief,
  age: { readonly from: number; readonly to: number },
  nowMs: number,
): boolean {
  if (born === undefined) return false;
  const year = new Date(nowMs).getUTCFullYear();
  return year - born.to <= age.to && year - born.from >= age.from;
}

function hitOf(
  context: RecordContext,
  record: StoredRecord,
  brief: Brief,
  { as }: Pick<Question, 'as'>,
  score: number,
  reasons: readonly string[],
): Hit[] {
  const view = viewOf(context, record, as);
  if (view === undefined || view.gone) return [];
  // What few may know of a status, readers do not.
  const status = as === 'reader' && brief.status === 'believed_dead' ? undefined : brief.status;
  return [{ ...view, status, score: Math.round(score * 1000) / 1000, reasons, linked: [] }];
}

/** Without a name: for members only, who see the whole list anyway. */
function browse(context: RecordContext, question: Question): readonly Hit[] {
  if (question.as === 'reader') {
    throw new KithError('name-needed', 'Say a name, or part of one.', {
      next: 'People are looked for by name here, not by place.',
    });
  }
  const hits: Hit[] = [];
  for (let row = 0; hits.length < question.limit;) {
    const page = context.records.page(row, 200);
    const last = page.at(-1);
    if (last === undefined) break;
    row = last.row;
    for (const record of page) {
      const brief = decodeBrief(record.brief);
      const isWanted = question.kind !== undefined || record.kind !== KINDS.note.no;
      if (isWanted && record.kind !== 0 && fits(context, record, brief, question))
        hits.push(...hitOf(context, record, brief, question, 1, ['no name was asked for']));
    }
  }
  return hits.slice(0, question.limit);
}

/** A record that was taken for the same person's is found with it, though its name is another. */
function withLinked(context: RecordContext, hits: readonly Hit[]): readonly Hit[] {
  const found = new Set(hits.map(({ id }) => id));
  return hits.flatMap((hit) => {
    const linked = linkedWith(context, hit.id);
    const others = linked.flatMap((id) => {
      const record = found.has(id) ? undefined : context.records.find(id);
      if (record === undefined) return [];
      found.add(id);
      const reasons = [`linked with ${hit.id}`];
      return hitOf(context, record, decodeBrief(record.brief), { as: 'member' }, hit.score, reasons).map(
        (other) => ({
          ...other,
          linked: linkedWith(context, id),
        }),
      );
    });
    return [{ ...hit, linked }, ...others];
  });
}

// ---- links

/** All that are linked with it, directly or over others; not itself. */
export function linkedWith(context: RecordContext, id: RecordId): readonly RecordId[] {
  const reached = new Set([id]);
  for (const next of reached) {
    if (reached.size > MOST_LINKED) break;
    for (const other of neighboursOf(context, next)) reached.add(other);
  }
  reached.delete(id);
  return [...reached];
}

function neighboursOf(context: RecordContext, id: RecordId): readonly RecordId[] {
  const byOther = linkEntriesOf(context, id);
  const told = noteLinksOf(context, id).filter((other) => !byOther.has(other));
  return [...[...byOther].flatMap(([other, entries]) => (foldLink(entries).linked ? [other] : [])), ...told];
}

/** PFIF says in a note that two records are one person's. Whoever links here, or takes that back, says it last. */
function noteLinksOf(context: RecordContext, id: RecordId): readonly RecordId[] {
  const { records } = context;
  return records.referring(id).flatMap((row) => {
    const note = records.at(row);
    if (note === undefined || note.gone || note.kind !== KINDS.note.no) return [];
    const linked = sidesOf(context, note).full?.fields['linked_person_record_id'];
    return linked === undefined || linked === id ? [] : [linked];
  });
}

function linkEntriesOf({ log, records }: RecordContext, id: RecordId): Map<RecordId, LinkEntry[]> {
  const found = new Map<RecordId, LinkEntry[]>();
  for (const { feed, seq } of records.linksOf(id)) {
    const entry = log.entryAt(feed, seq);
    const part = entry?.parts[0];
    if (entry === undefined || part === null || part === undefined) continue;
    const { a, b, ...link } = decodeLink(payloadOf(part));
    const other = a === id ? b : a;
    if (a !== id && b !== id) continue;
    found.set(other, [...(found.get(other) ?? []), { hash: entry.hash, ...link }]);
  }
  return found;
}

/** Takes two records for one person's, or takes that back. @throws KithError `unknown-record` | `bad-record` */
export function linkRecords(
  context: RecordContext,
  one: string,
  other: string,
  { linked, reason }: { readonly linked: boolean; readonly reason: string },
): readonly RecordId[] {
  const ids = [mustFind(context, one).id, mustFind(context, other).id].sort();
  const [a = '', b = ''] = ids;
  if (a === b) throw new KithError('bad-record', 'A record is not linked with itself.');
  authorOf(context);
  const after: readonly EntryHash[] = foldLink(linkEntriesOf(context, a).get(b) ?? []).heads;
  const payload = encodeLink({ a, b, linked, reason, after });
  context.log.append([{ kind: LINK_KIND, lane: 'data', parts: [{ audience: 'members', payload }] }]);
  return linkedWith(context, mustFind(context, one).id);
}

// ---- matches

export interface MatchHit extends RecordView {
  readonly mode: MatchMode;
  readonly score: number;
  readonly reasons: readonly string[];
}

const MOST_COMPARED = 600;

/** What may be the same person's: duplicates, and who is sought and who was found. @throws KithError `unknown-record` */
export function matchesOf(context: RecordContext, name: string, limit: number): readonly MatchHit[] {
  const record = mustFind(context, name);
  const asked = describedBy(context, record);
  if (asked === undefined) return [];
  const linked = new Set([record.id, ...linkedWith(context, record.id)]);
  const keys = asked.keys.filter((key) => key.startsWith('b'));
  return context.records
    .sharing(keys, MAX_BLOCK)
    .slice(0, MOST_COMPARED)
    .flatMap((row) => {
      const other = context.records.at(row);
      if (other === undefined || other.gone || linked.has(other.id)) return [];
      return matchWith(context, asked.person, other);
    })
    .sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1))
    .slice(0, limit);
}

function matchWith(context: RecordContext, asked: Person, other: StoredRecord): MatchHit[] {
  const described = describedBy(context, other);
  const view = described === undefined ? undefined : viewOf(context, other);
  if (described === undefined || view === undefined || view.gone) return [];
  const [best] = (['reunion', 'duplicates'] as const)
    .map((mode) => ({ mode, ...compare(asked, described.person, mode) }))
    .sort((a, b) => b.score - a.score);
  if (best === undefined || best.score < SUGGEST_FROM) return [];
  const score = Math.round(best.score * 1000) / 1000;
  return [
    { ...view, status: decodeBrief(other.brief).status, mode: best.mode, score, reasons: best.reasons },
  ];
}

function describedBy(
  context: RecordContext,
  record: StoredRecord,
): { readonly person: Person; readonly keys: readonly string[] } | undefined {
  const side = sidesOf(context, record).full;
  if (side === undefined || side.end !== undefined) return undefined;
  const { status } = decodeBrief(record.brief);
  const brief = { ...briefOf(side.fields, false, undefined), status };
  const keys = keysOf(kindOf(record), side.fields, brief);
  return keys.length === 0 ? undefined : { person: personOf(kindOf(record), side.fields, brief), keys };
}
