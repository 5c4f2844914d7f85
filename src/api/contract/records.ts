import { z } from 'zod';
import { Count, queryFlag, queryInt, Time } from './common.ts';
import { route } from './route.ts';

export const RecordKind = z.enum([
  'person',
  'note',
  'tracing',
  'patient',
  'immunisation',
  'census',
  'consent',
]);
export type RecordKind = z.infer<typeof RecordKind>;
/** PFIF 1.4, statuses of a note. */
export const RecordStatus = z.enum([
  'information_sought',
  'is_note_author',
  'believed_alive',
  'believed_missing',
  'believed_dead',
]);
export type RecordStatus = z.infer<typeof RecordStatus>;
export const RecordSex = z.enum(['female', 'male', 'other']);
export type RecordSex = z.infer<typeof RecordSex>;

const MOST_HITS = 200;
const RecordId = z
  .string()
  .min(1)
  .max(200)
  .meta({ description: 'PFIF’s name of a record: a domain, a slash and the rest' });

const registryRecord = {
  id: RecordId,
  kind: RecordKind,
  fields: z
    .record(z.string(), z.string())
    .meta({ description: 'by PFIF’s names; what this node holds of it' }),
  home: z.string().meta({ description: 'the home organisation, or where it came from' }),
  status: RecordStatus.nullable().meta({ description: 'of a person, as of the newest note' }),
  gone: z.boolean().meta({ description: 'expired or withdrawn: a placeholder' }),
  conflicts: z
    .array(z.object({ field: z.string(), values: z.array(z.string()) }))
    .meta({ description: 'what two wrote who did not know of each other; the first one counts for now' }),
};
const AsOf = Time.nullable().meta({
  description: 'when this node last had all that another member’s has; null while it never had',
});
const scored = {
  score: z.number().min(0).max(1),
  reasons: z.array(z.string()),
};

export const RegistryRecord = z.object(registryRecord).meta({ id: 'RegistryRecord' });
export type RegistryRecord = z.infer<typeof RegistryRecord>;

export const RecordDetail = z
  .object({
    ...registryRecord,
    linked: z.array(RecordId).meta({ description: 'records that were taken for the same person’s' }),
    notes: z.array(RegistryRecord),
    public: z.boolean().meta({ description: 'readers see something of it' }),
    asOf: AsOf,
  })
  .meta({ id: 'RecordDetail' });
export type RecordDetail = z.infer<typeof RecordDetail>;

export const RecordHit = z
  .object({ ...registryRecord, ...scored, linked: z.array(RecordId) })
  .meta({ id: 'RecordHit' });
export type RecordHit = z.infer<typeof RecordHit>;

export const RecordMatch = z
  .object({
    ...registryRecord,
    ...scored,
    mode: z
      .enum(['duplicates', 'reunion'])
      .meta({ description: 'reunion: one is sought and the other located' }),
  })
  .meta({ id: 'RecordMatch' });
export type RecordMatch = z.infer<typeof RecordMatch>;

export const RecordHistory = z
  .object({
    id: RecordId,
    items: z.array(
      z.object({
        at: Time,
        member: Count,
        name: z.string(),
        org: z.string(),
        otherOrg: z.boolean().meta({ description: 'the roll says another organisation of that member now' }),
        op: z.enum(['write', 'withhold', 'end']),
        fields: z.array(z.object({ field: z.string(), class: z.string(), value: z.string() })),
        hiddenParts: Count,
        refused: z.boolean().meta({ description: 'its author is not the record’s home' }),
      }),
    ),
    accesses: z
      .array(
        z.object({ at: Time, action: z.enum(['read', 'export', 'search']), fields: z.array(z.string()) }),
      )
      .meta({
        description:
          'of what few may see, on this node alone: each node keeps its own list, and no other hears of it',
      }),
  })
  .meta({ id: 'RecordHistory' });
export type RecordHistory = z.infer<typeof RecordHistory>;

export const RecordErasure = z
  .object({
    id: RecordId,
    confirmed: z
      .array(z.int())
      .meta({ description: 'peer numbers: their devices signed that it is overwritten' }),
    missing: z.array(z.int()),
    waiting: Count.meta({ description: 'entries whose author has not heard of it' }),
  })
  .meta({ id: 'RecordErasure' });
export type RecordErasure = z.infer<typeof RecordErasure>;

const attempt = {
  member: z.int().meta({ description: 'peer number' }),
  name: z.string(),
  outcome: z.enum(['answered', 'no-way', 'silent', 'broke-off']),
  entries: Count.meta({ description: 'that came' }),
};
export const RefreshStep = z
  .discriminatedUnion('step', [
    z.object({ step: z.literal('asking'), member: z.int(), name: z.string() }),
    z.object({ step: z.literal('asked'), ...attempt }),
    z.object({
      step: z.literal('done'),
      member: z.int().meta({ description: 'who answered' }),
      name: z.string(),
      asked: z.array(z.object(attempt)),
      entries: Count,
      asOf: AsOf,
    }),
  ])
  .meta({ id: 'RefreshStep' });
export type Refreshed = Extract<z.infer<typeof RefreshStep>, { step: 'done' }>;

const common = { tag: 'records', states: ['running'], form: 'json' } as const;
const one = z.object({ id: RecordId });
const RECORD_BYTES = 256 * 1024;
const fields = z
  .record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.string()), z.null()]))
  .meta({ description: 'by PFIF’s names; an empty text takes a value back' });
const WRITING = [
  'bad-record',
  'not-home',
  'needs-grant',
  'role-writes-nothing',
  'not-a-member',
  'too-large',
] as const;
const FINDING = ['unknown-record'] as const;

export const recordRoutes = {
  addRecord: route({
    ...common,
    method: 'post',
    path: '/v1/records',
    summary: 'Begin a record; what few may see of it goes to those alone',
    body: z.strictObject({
      kind: RecordKind.default('person'),
      fields,
      id: RecordId.optional().meta({ description: 'its name elsewhere; left out: a new one' }),
    }),
    bodyBytes: RECORD_BYTES,
    answer: RecordDetail,
    failures: [...WRITING, ...FINDING, 'record-exists'],
  }),
  searchRecords: route({
    ...common,
    method: 'get',
    path: '/v1/records',
    summary: 'Look for people by name, as it was heard or written, in whatever script',
    query: z.strictObject({
      text: z.string().max(400).default(''),
      kind: RecordKind.optional(),
      status: RecordStatus.optional(),
      sex: RecordSex.optional(),
      age: z
        .string()
        .regex(/^\d{1,3}(-\d{1,3})?$/, 'must be an age or two, as 34 or 30-40')
        .optional(),
      region: z.string().max(200).optional(),
      public: queryFlag('as a reader would see it'),
      limit: queryInt('at most', { min: 1, max: MOST_HITS, default: 20 }),
    }),
    answer: z.object({ records: z.array(RecordHit), asOf: AsOf }),
    failures: ['name-needed'],
  }),
  refreshRecords: route({
    ...common,
    form: 'lines',
    method: 'post',
    path: '/v1/records/refresh',
    summary: 'Ask members at random for news until one has answered, or the attempts are used up',
    body: z.strictObject({ attempts: z.int().min(1).max(20).default(6) }),
    answer: RefreshStep,
    failures: ['nobody-answered'],
  }),
  record: route({
    ...common,
    method: 'get',
    path: '/v1/records/{id}',
    summary: 'One record, with its notes and what it is linked with',
    params: one,
    answer: RecordDetail,
    failures: FINDING,
  }),
  editRecord: route({
    ...common,
    method: 'patch',
    path: '/v1/records/{id}',
    summary: 'Change a record of one’s own organisation; what is not named stays',
    params: one,
    body: z.strictObject({ fields }),
    bodyBytes: RECORD_BYTES,
    answer: RecordDetail,
    failures: [...FINDING, ...WRITING, 'record-gone'],
  }),
  noteRecord: route({
    ...common,
    method: 'post',
    path: '/v1/records/{id}/notes',
    summary: 'Say what one knows of a person',
    params: one,
    body: z.strictObject({ fields }),
    bodyBytes: RECORD_BYTES,
    answer: RecordDetail,
    failures: [...FINDING, ...WRITING],
  }),
  recordMatches: route({
    ...common,
    method: 'get',
    path: '/v1/records/{id}/matches',
    summary: 'What may be the same person’s: suggestions, with reasons',
    params: one,
    query: z.strictObject({ limit: queryInt('at most', { min: 1, max: MOST_HITS, default: 20 }) }),
    answer: z.object({ records: z.array(RecordMatch) }),
    failures: FINDING,
  }),
  linkRecords: route({
    ...common,
    method: 'post',
    path: '/v1/records/{id}/links',
    summary: 'Take two records for one person’s, or take that back; nothing is merged',
    params: one,
    body: z.strictObject({
      other: RecordId,
      linked: z.boolean().default(true),
      reason: z.string().max(2000).default(''),
    }),
    answer: RecordDetail,
    failures: [...FINDING, 'bad-record', 'role-writes-nothing', 'not-a-member'],
  }),
  recordHistory: route({
    ...common,
    method: 'get',
    path: '/v1/records/{id}/history',
    summary: 'Who changed what and when, and who on this node read what few may see',
    params: one,
    answer: RecordHistory,
    failures: FINDING,
  }),
  expireRecord: route({
    ...common,
    method: 'post',
    path: '/v1/records/{id}/expire',
    summary: 'End a record everywhere: a placeholder stays, the rest is erased, down to the disk',
    params: one,
    answer: RecordErasure,
    failures: [...FINDING, 'not-home', 'record-gone', 'role-writes-nothing', 'not-a-member'],
  }),
  recordErasure: route({
    ...common,
    method: 'get',
    path: '/v1/records/{id}/erasure',
    summary: 'Who has signed that a record that ended is erased, and who has not',
    params: one,
    answer: RecordErasure,
    failures: [...FINDING, 'not-gone'],
  }),
};
