import { z } from 'zod';
import { Count, Id, IdPrefix, Label, PeerNumber, Role, Time } from './common.ts';
import { route } from './route.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
export const INVITE_LIMITS = { leastMs: 1000, mostMs: 366 * DAY_MS, uses: 10_000 } as const;

/** Has `link` or `code`. */
export const NewInvite = z
  .object({
    id: Id,
    link: z.string().optional(),
    code: z
      .string()
      .regex(/^\d{12}$/)
      .optional(),
    role: Role,
    name: z.string(),
    expires: Time,
    uses: Count,
  })
  .meta({ id: 'NewInvite' });
export type NewInvite = z.infer<typeof NewInvite>;

export const Invite = z
  .object({
    id: Id,
    form: z.enum(['link', 'code']),
    role: Role,
    name: z.string(),
    expires: Time,
    uses: Count,
    used: Count,
    status: z.enum(['open', 'used-up', 'expired', 'withdrawn']),
    by: PeerNumber,
  })
  .meta({ id: 'Invite' });
export type Invite = z.infer<typeof Invite>;

export const inviteRoutes = {
  invite: route({
    method: 'post',
    path: '/v1/invites',
    tag: 'invitations',
    summary: 'Make an invitation: a link, or a twelve-digit code',
    states: ['running'],
    body: z.strictObject({
      role: Role.default('member'),
      name: Label.default(''),
      lastsMs: z.int().min(INVITE_LIMITS.leastMs).max(INVITE_LIMITS.mostMs).default(DAY_MS),
      uses: z.int().min(1).max(INVITE_LIMITS.uses).default(1),
      form: z.enum(['link', 'code']).default('link'),
    }),
    form: 'json',
    answer: NewInvite,
    failures: ['not-an-admin', 'role-writes-nothing', 'bad-name', 'too-many-codes'],
  }),
  invites: route({
    method: 'get',
    path: '/v1/invites',
    tag: 'invitations',
    summary: 'Invitations, open and closed',
    states: ['running'],
    form: 'json',
    answer: z.object({ invites: z.array(Invite) }),
    failures: [],
  }),
  withdrawInvite: route({
    method: 'delete',
    path: '/v1/invites/{id}',
    tag: 'invitations',
    summary: 'Withdraw an invitation',
    states: ['running'],
    params: z.object({ id: IdPrefix }),
    form: 'json',
    answer: Invite,
    failures: ['not-an-admin', 'unknown-invitation', 'ambiguous'],
  }),
};
