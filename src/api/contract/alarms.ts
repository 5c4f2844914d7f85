import { z } from 'zod';
import { LIMITS } from '../../base/limits.ts';
import { Id, IdPrefix, PeerNumber, queryFlag, Time, Who } from './common.ts';
import { route } from './route.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
export const ALARM_LIMITS = {
  textChars: 2048,
  lastsMs: 31 * DAY_MS,
  escalateAfterMs: 7 * DAY_MS,
} as const;
const DEFAULT_LASTS_MS = DAY_MS;
const DEFAULT_ESCALATE_MS = 10 * 60 * 1000;

export const Severity = z.enum(['Extreme', 'Severe', 'Moderate', 'Minor', 'Unknown']);
export type Severity = z.infer<typeof Severity>;
export const Urgency = z.enum(['Immediate', 'Expected', 'Future', 'Past', 'Unknown']);
export type Urgency = z.infer<typeof Urgency>;
export const Certainty = z.enum(['Observed', 'Likely', 'Possible', 'Unlikely', 'Unknown']);
export type Certainty = z.infer<typeof Certainty>;

const AlarmMessage = z.object({
  id: Id,
  type: z.enum(['Alert', 'Update', 'Cancel']),
  by: z.int().min(0),
  byName: z.string(),
  at: Time,
  text: z.string(),
});

const Numbers = z.array(PeerNumber);

export const Alarm = z
  .object({
    id: Id,
    phase: z.enum(['active', 'cancelled', 'expired']),
    drill: z.boolean().meta({ description: 'not real: CAP’s status is another one than `Actual`' }),
    status: z.enum(['Actual', 'Exercise', 'System', 'Test', 'Draft']),
    scope: z.enum(['public', 'members']).meta({ description: '`public`: readers have it too' }),
    headline: z.string(),
    text: z.string(),
    instruction: z.string(),
    event: z.string(),
    severity: Severity,
    urgency: Urgency,
    certainty: Certainty,
    areas: z.array(z.string()),
    by: z.int().min(0).meta({ description: 'peer number of who raised it' }),
    byName: z.string(),
    raisedAt: Time,
    expires: Time,
    received: Numbers.meta({ description: 'peer numbers of those whose node signed that it has it' }),
    seen: Numbers.meta({ description: 'of those, who signed to have seen it' }),
    missing: Numbers.meta({ description: 'of those whom it is for, who signed nothing yet' }),
    members: z.array(
      z.object({
        member: PeerNumber,
        name: z.string(),
        receivedAt: Time.nullable(),
        seenAt: Time.nullable(),
      }),
    ),
    escalateAfterMs: z.int().min(0),
    escalated: z.object({ since: Time, to: z.array(z.int()), unseen: z.array(z.int()) }).nullable(),
    cancelled: z
      .object({ by: z.int().min(0), byName: z.string(), at: Time, text: z.string(), received: Numbers })
      .nullable(),
    seenHere: z.boolean(),
    cap: z.object({ identifier: z.string(), sender: z.string() }).nullable(),
    messages: z.array(AlarmMessage),
    refused: z.array(AlarmMessage.extend({ code: z.string() })),
  })
  .meta({ id: 'Alarm' });
export type Alarm = z.infer<typeof Alarm>;

export const AlarmEvent = z.object({
  type: z.literal('alarm'),
  change: z.enum(['raised', 'updated', 'cancelled', 'refused', 'repeated', 'escalated', 'acked']),
  id: Id,
  drill: z.boolean(),
  severity: Severity,
  headline: z.string(),
  member: z.int().min(0),
  name: z.string(),
  own: z.boolean(),
});

const Text = z.string().min(1).max(ALARM_LIMITS.textChars);
const words = {
  text: Text,
  headline: z.string().min(1).max(160).optional(),
  severity: Severity.optional(),
  urgency: Urgency.optional(),
  certainty: Certainty.optional(),
  instruction: z.string().max(ALARM_LIMITS.textChars).optional(),
  areas: z
    .array(z.string().min(1).max(256))
    .max(32)
    .optional()
    .meta({ description: 'names of places, or `latitude,longitude kilometres`' }),
};
const lasts = z.int().min(1000).max(ALARM_LIMITS.lastsMs);
const escalateAfterMs = z
  .int()
  .min(0)
  .max(ALARM_LIMITS.escalateAfterMs)
  .default(DEFAULT_ESCALATE_MS)
  .meta({ description: '0: never' });

const common = { tag: 'alarms', states: ['running'], form: 'json' } as const;
const one = z.object({ id: IdPrefix });
const FINDING = ['unknown-alarm', 'ambiguous'] as const;
const WRITING = ['role-writes-nothing', 'not-a-member', 'too-large'] as const;

export const alarmRoutes = {
  raiseAlarm: route({
    ...common,
    method: 'post',
    path: '/v1/alarms',
    summary: 'Raise an alarm: everybody who can be reached gets it before all else',
    body: z.strictObject({
      ...words,
      drill: z.boolean().default(false),
      membersOnly: z.boolean().default(false),
      lastsMs: lasts.default(DEFAULT_LASTS_MS),
      escalateAfterMs,
      escalateTo: z
        .array(Who)
        .max(LIMITS.escalateTo)
        .default([])
        .meta({ description: 'who is told when others have not seen it; empty: the admins' }),
    }),
    answer: Alarm,
    failures: [...WRITING, 'unknown-member', 'ambiguous'],
  }),
  raiseCap: route({
    ...common,
    method: 'post',
    path: '/v1/alarms/cap',
    summary: 'Raise, update or cancel an alarm by a CAP 1.2 document',
    body: z.strictObject({
      document: z
        .base64()
        .max(Math.ceil(LIMITS.capBytes / 3) * 4)
        .meta({ description: 'the XML file, as its bytes are' }),
      escalateAfterMs,
    }),
    bodyBytes: 1024 * 1024,
    answer: Alarm,
    failures: [
      ...WRITING,
      'dtd-refused',
      'bad-cap',
      'already-raised',
      'unknown-alarm',
      'not-entitled',
      'alarm-over',
    ],
  }),
  alarms: route({
    ...common,
    method: 'get',
    path: '/v1/alarms',
    summary: 'Alarms, newest first',
    query: z.strictObject({ all: queryFlag('also those that are over') }),
    answer: z.object({ alarms: z.array(Alarm) }),
    failures: [],
  }),
  alarm: route({
    ...common,
    method: 'get',
    path: '/v1/alarms/{id}',
    summary: 'One alarm: who has received it, who has seen it, who is missing',
    params: one,
    answer: Alarm,
    failures: FINDING,
  }),
  alarmCap: route({
    ...common,
    method: 'get',
    path: '/v1/alarms/{id}/cap',
    summary: 'What it says now, as a CAP 1.2 document',
    params: one,
    answer: z.object({ cap: z.string() }),
    failures: FINDING,
  }),
  updateAlarm: route({
    ...common,
    method: 'patch',
    path: '/v1/alarms/{id}',
    summary: 'Say something newer',
    params: one,
    body: z.strictObject({ ...words, lastsMs: lasts.optional() }),
    answer: Alarm,
    failures: [...FINDING, ...WRITING, 'not-entitled', 'alarm-over'],
  }),
  cancelAlarm: route({
    ...common,
    method: 'post',
    path: '/v1/alarms/{id}/cancel',
    summary: 'Call it off',
    params: one,
    body: z.strictObject({ text: z.string().max(ALARM_LIMITS.textChars).default('') }),
    answer: Alarm,
    failures: [...FINDING, ...WRITING, 'not-entitled', 'alarm-over'],
  }),
  ackAlarm: route({
    ...common,
    method: 'post',
    path: '/v1/alarms/{id}/ack',
    summary: 'Sign that this member has seen what it says now',
    params: one,
    answer: Alarm,
    failures: FINDING,
  }),
};
