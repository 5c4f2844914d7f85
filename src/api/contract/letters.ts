/** Letters: sending, reading, and where each one is. */
import { z } from 'zod';
import { Count, LetterId, PeerNumber, queryFlag, queryInt, Role, Time, Who } from './common.ts';
import { route } from './route.ts';

const BODY_BYTES = 1024 * 1024;

const LetterStatus = z.enum(['saved', 'carried', 'arrived', 'read', 'expired']).meta({
  id: 'LetterStatus',
  description: 'never more than is proven',
});

const LetterRecipient = z
  .object({ member: PeerNumber, name: z.string(), status: LetterStatus, at: Time })
  .meta({ id: 'LetterRecipient' });

export const LetterDetail = z
  .object({
    id: LetterId,
    direction: z.enum(['sent', 'received']),
    status: LetterStatus,
    carriers: z
      .array(PeerNumber)
      .meta({ description: 'who said, after it was on disk there, that they carry it' }),
    recipients: z.array(LetterRecipient),
    from: PeerNumber,
    fromName: z.string(),
    text: z.string(),
    sentAt: Time,
    arrivedAt: Time.nullable(),
    read: z.boolean(),
    expires: Time,
  })
  .meta({ id: 'LetterDetail' });
export type LetterDetail = z.infer<typeof LetterDetail>;

export const InboxLetter = z
  .object({
    id: LetterId,
    from: PeerNumber,
    fromName: z.string(),
    text: z.string(),
    sentAt: Time,
    arrivedAt: Time,
    read: z.boolean(),
  })
  .meta({ id: 'InboxLetter' });
export type InboxLetter = z.infer<typeof InboxLetter>;

const LetterPrefix = z
  .string()
  .regex(/^[0-9a-f]{4,32}$/, 'must be an id: at least four of its hex digits')
  .meta({ description: 'an id, or a beginning of it that fits one alone' });

const Cursor = z.string().max(20);
const MailSettings = z
  .strictObject({
    readReceipts: z.boolean().meta({ description: 'tell senders that their letters were read' }),
  })
  .meta({ id: 'MailSettings' });

const common = { tag: 'letters', states: ['running'], form: 'json' } as const;

export const letterRoutes = {
  sendLetter: route({
    ...common,
    method: 'post',
    path: '/v1/letters',
    summary: 'Send a letter to one, several, a role, an organisation or all; answers when it is on disk',
    body: z.strictObject({
      to: z.array(Who).max(10_000).default([]),
      all: z.boolean().default(false),
      role: Role.optional(),
      org: z.string().optional(),
      text: z.string(),
      lastsMs: z.int().min(1).optional().meta({ description: 'left out: thirty days' }),
    }),
    bodyBytes: BODY_BYTES,
    answer: z.object({ id: LetterId, status: LetterStatus }),
    failures: [
      'unknown-member',
      'ambiguous',
      'unknown-org',
      'no-recipients',
      'own-letter',
      'receives-no-letters',
      'empty-letter',
      'too-large',
      'bad-expiry',
      'outbox-full',
      'role-writes-nothing',
      'not-a-member',
    ],
  }),
  letter: route({
    ...common,
    method: 'get',
    path: '/v1/letters/{id}',
    summary: 'One letter, and where it is; marks nothing as read',
    params: z.object({ id: LetterPrefix }),
    answer: LetterDetail,
    failures: ['unknown-letter', 'ambiguous'],
  }),
  sentLetters: route({
    ...common,
    method: 'get',
    path: '/v1/letters',
    summary: 'Letters that were sent from here, the newest first, and where each one is',
    query: z.strictObject({
      limit: queryInt('letters on the page', { min: 1, max: 1000, default: 50 }),
      before: LetterId.optional().meta({ description: '`before` of a page: what is older' }),
    }),
    answer: z.object({ letters: z.array(LetterDetail), before: LetterId.nullable() }),
    failures: ['bad-cursor'],
  }),
  inbox: route({
    ...common,
    method: 'get',
    path: '/v1/inbox',
    summary: 'The newest letters that fit, oldest first; marks nothing as read',
    query: z.strictObject({
      unread: queryFlag('those that nobody has read'),
      since: Time.optional(),
      until: Time.optional(),
      search: z.string().min(1).max(200).optional(),
      limit: queryInt('letters on the page', { min: 1, max: 1000, default: 50 }),
      before: Cursor.optional().meta({ description: '`before` of a page: what is older' }),
      after: Cursor.optional().meta({ description: '`after` of a page: what has arrived since' }),
    }),
    answer: z.object({
      letters: z.array(InboxLetter),
      before: Cursor.nullable(),
      after: Cursor,
      unread: Count,
    }),
    failures: ['bad-cursor'],
  }),
  markRead: route({
    ...common,
    method: 'post',
    path: '/v1/inbox/read',
    summary: 'Mark letters as read',
    body: z.strictObject({ ids: z.array(LetterPrefix).min(1).max(1000) }),
    answer: z.object({ marked: Count }),
    failures: ['unknown-letter', 'ambiguous'],
  }),
  mailSettings: route({
    ...common,
    method: 'get',
    path: '/v1/mail/settings',
    summary: 'What this member has set for letters',
    answer: MailSettings,
    failures: [],
  }),
  changeMailSettings: route({
    ...common,
    method: 'put',
    path: '/v1/mail/settings',
    summary: 'Set it',
    body: MailSettings,
    answer: MailSettings,
    failures: [],
  }),
};
