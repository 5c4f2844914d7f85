/** For programs that build on kith: entries of their own kinds in the network's log. */
import { z } from 'zod';
import { LIMITS } from '../../base/limits.ts';
import { Count, Id, PeerNumber, queryInt, Time } from './common.ts';
import { route } from './route.ts';

export const ExtensionKind = z
  .string()
  .max(LIMITS.kindChars)
  .regex(/^x-[a-z0-9][a-z0-9.-]*$/, 'must be x- and then lower-case letters, digits, dots and dashes');

export const Audience = z
  .string()
  .max(LIMITS.audienceChars)
  .regex(/^(public|members|admins|(grant|member|folder|room):[a-z0-9-]{1,64})$/, 'is no audience')
  .meta({ description: 'who may hold it: `public`, `members`, `admins`, `grant:NAME`, `member:ID` …' });

export const ENTRIES_LIMITS = { batch: 1024, page: 1000, bodyBytes: 16 * 1024 * 1024 } as const;

/** Names an entry: its feed and its place in it. */
const EntryId = z.string().regex(/^[0-9a-f]{64}:[1-9][0-9]*$/, 'must be FEED:SEQ');

export const NewEntry = z
  .strictObject({
    kind: ExtensionKind,
    audience: Audience,
    payload: z
      .base64()
      .max(Math.ceil(LIMITS.partBytes / 3) * 4)
      .meta({ description: `at most ${String(LIMITS.partBytes)} bytes` }),
  })
  .meta({ id: 'NewEntry' });

export const ExtensionEntry = z
  .object({
    id: EntryId,
    kind: z.string(),
    feed: Id,
    seq: Count,
    member: PeerNumber,
    device: Id,
    time: Time,
    audience: z.string(),
    payload: z.base64().nullable().meta({ description: 'null: not for this node, not here yet, or erased' }),
  })
  .meta({ id: 'ExtensionEntry' });
export type ExtensionEntry = z.infer<typeof ExtensionEntry>;

export const entryRoutes = {
  appendEntries: route({
    method: 'post',
    path: '/v1/entries',
    tag: 'entries',
    summary: 'Append a batch: all of it or nothing, under one signature',
    states: ['running'],
    body: z.strictObject({ entries: z.array(NewEntry).min(1).max(ENTRIES_LIMITS.batch) }),
    bodyBytes: ENTRIES_LIMITS.bodyBytes,
    form: 'json',
    answer: z.object({ entries: z.array(z.object({ id: EntryId, feed: Id, seq: Count })) }),
    failures: ['too-large', 'bad-kind', 'bad-audience', 'role-writes-nothing', 'not-a-member'],
  }),
  entries: route({
    method: 'get',
    path: '/v1/entries',
    tag: 'entries',
    summary:
      'A page of entries: of one kind in the order of time, of all kinds feed by feed so that none is missed',
    states: ['running'],
    query: z.strictObject({
      kind: ExtensionKind.optional(),
      after: z.string().max(12_000).optional().meta({ description: '`next` of the page before' }),
      limit: queryInt('entries on the page', { min: 1, max: ENTRIES_LIMITS.page, default: 100 }),
    }),
    form: 'json',
    answer: z.object({
      entries: z.array(ExtensionEntry),
      next: z.string().nullable(),
      more: z.boolean(),
    }),
    failures: ['bad-cursor', 'bad-kind'],
  }),
  eraseEntries: route({
    method: 'post',
    path: '/v1/entries/erase',
    tag: 'entries',
    summary: 'Erase the payloads of entries on every node; the history stays',
    states: ['running'],
    body: z.strictObject({ ids: z.array(EntryId).min(1).max(ENTRIES_LIMITS.batch) }),
    bodyBytes: 256 * 1024,
    form: 'json',
    answer: z.object({ erased: Count }),
    failures: ['unknown-entry', 'not-yours'],
  }),
};
