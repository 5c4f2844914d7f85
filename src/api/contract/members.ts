import { z } from 'zod';
import { Count, Id, IdPrefix, Label, Lane, PeerNumber, Role, Time, Who } from './common.ts';
import { Device, Revoked } from './devices.ts';
import { route } from './route.ts';

export const Member = z
  .object({
    member: PeerNumber,
    name: z.string(),
    org: z.string(),
    place: z.string(),
    role: Role,
    grants: z.array(z.string()),
    status: z.enum(['active', 'revoked']),
    lastHeard: Time.nullable(),
    verified: z.boolean(),
    you: z.boolean(),
  })
  .meta({ id: 'Member' });
export type Member = z.infer<typeof Member>;

export const MemberDetail = Member.extend({ since: Time, devices: z.array(Device) }).meta({
  id: 'MemberDetail',
});
export type MemberDetail = z.infer<typeof MemberDetail>;

export const Verification = z
  .object({
    member: PeerNumber,
    name: z.string(),
    digits: z.string().regex(/^\d{12}$/),
    verified: z.boolean(),
  })
  .meta({ id: 'Verification' });
export type Verification = z.infer<typeof Verification>;

export const Quarantined = z
  .object({
    feed: Id,
    device: Id,
    member: PeerNumber,
    name: z.string(),
    lane: Lane,
    from: Count,
    to: Count,
    entries: Count,
    bytes: Count,
    firstAt: Time,
    lastAt: Time,
  })
  .meta({ id: 'Quarantined' });
export type Quarantined = z.infer<typeof Quarantined>;

const who = z.object({ who: Who });
const common = { tag: 'members', states: ['running'], form: 'json' } as const;

export const memberRoutes = {
  members: route({
    ...common,
    method: 'get',
    path: '/v1/members',
    summary: 'The roll',
    answer: z.object({ members: z.array(Member) }),
    failures: [],
  }),
  member: route({
    ...common,
    method: 'get',
    path: '/v1/members/{who}',
    summary: 'One member and their devices',
    params: who,
    answer: MemberDetail,
    failures: ['unknown-member', 'ambiguous'],
  }),
  rename: route({
    ...common,
    method: 'patch',
    path: '/v1/members/{who}',
    summary: "Change a member's name, organisation or place",
    params: who,
    body: z.strictObject({
      name: Label.min(1).optional(),
      org: Label.optional(),
      place: Label.optional(),
    }),
    answer: Member,
    failures: ['unknown-member', 'ambiguous', 'not-an-admin', 'bad-name'],
  }),
  setRole: route({
    ...common,
    method: 'put',
    path: '/v1/members/{who}/role',
    summary: "Change a member's role",
    params: who,
    body: z.strictObject({ role: Role }),
    answer: Member,
    failures: ['unknown-member', 'ambiguous', 'not-an-admin', 'last-admin'],
  }),
  setGrant: route({
    ...common,
    method: 'put',
    path: '/v1/members/{who}/grants/{grant}',
    summary: 'Give a member a named grant, or take it back',
    params: z.object({ who: Who, grant: z.string().min(1).max(32) }),
    body: z.strictObject({ given: z.boolean() }),
    answer: Member,
    failures: ['unknown-member', 'ambiguous', 'not-an-admin', 'bad-grant'],
  }),
  revokeMember: route({
    ...common,
    method: 'post',
    path: '/v1/members/{who}/revoke',
    summary: 'Remove a member with all devices',
    params: who,
    answer: Revoked,
    failures: ['unknown-member', 'ambiguous', 'not-an-admin', 'last-admin', 'already-revoked'],
  }),
  verification: route({
    ...common,
    method: 'get',
    path: '/v1/members/{who}/verification',
    summary: 'Twelve digits to compare with them by voice',
    params: who,
    answer: Verification,
    failures: ['unknown-member', 'ambiguous', 'own-digits'],
  }),
  confirmVerification: route({
    ...common,
    method: 'post',
    path: '/v1/members/{who}/verification',
    summary: 'Say that both read these same digits',
    params: who,
    body: z.strictObject({ digits: z.string().regex(/^\d{12}$/, 'must be twelve digits') }),
    answer: Verification,
    failures: ['unknown-member', 'ambiguous', 'own-digits', 'other-digits'],
  }),
  quarantine: route({
    ...common,
    method: 'get',
    path: '/v1/quarantine',
    summary: 'What revoked devices wrote past their cut',
    answer: z.object({ quarantine: z.array(Quarantined) }),
    failures: [],
  }),
  acceptQuarantined: route({
    ...common,
    method: 'post',
    path: '/v1/quarantine/{feed}/accept',
    summary: 'Let quarantined entries stand',
    params: z.object({ feed: IdPrefix }),
    body: z.strictObject({
      upTo: z.int().min(1).optional().meta({ description: 'last sequence number to accept; left out: all' }),
    }),
    answer: z.object({ feed: Id, accepted: Count }),
    failures: ['nothing-quarantined', 'ambiguous', 'not-an-admin'],
  }),
};
