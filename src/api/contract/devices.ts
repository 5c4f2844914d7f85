import { z } from 'zod';
import { Count, Id, IdPrefix, Lane, PeerNumber, Time } from './common.ts';
import { INVITE_LIMITS } from './invites.ts';
import { route } from './route.ts';

export const Device = z
  .object({
    device: Id,
    member: PeerNumber,
    name: z.string().meta({ description: "the member's name" }),
    status: z.enum(['active', 'revoked']),
    here: z.boolean(),
    linked: z.boolean(),
    lastHeard: Time.nullable(),
  })
  .meta({ id: 'Device' });
export type Device = z.infer<typeof Device>;

export const DeviceLink = z
  .object({ link: z.string(), expires: Time, member: PeerNumber, name: z.string() })
  .meta({ id: 'DeviceLink' });
export type DeviceLink = z.infer<typeof DeviceLink>;

export const Revoked = z
  .object({
    member: PeerNumber,
    name: z.string(),
    scope: z.enum(['member', 'device']),
    devices: z.array(Id),
    held: z.object({
      entries: Count,
      feeds: z.array(z.object({ feed: Id, device: Id, lane: Lane, entries: Count })),
    }),
  })
  .meta({ id: 'Revoked', description: 'Who is out, and what the lost devices may have held' });
export type Revoked = z.infer<typeof Revoked>;

const HOUR_MS = 60 * 60 * 1000;

export const deviceRoutes = {
  devices: route({
    method: 'get',
    path: '/v1/devices',
    tag: 'devices',
    summary: "The devices of this node's member",
    states: ['running'],
    form: 'json',
    answer: z.object({ devices: z.array(Device) }),
    failures: [],
  }),
  linkDevice: route({
    method: 'post',
    path: '/v1/devices/link',
    tag: 'devices',
    summary: 'Make a link with which one more device of this member joins',
    states: ['running'],
    body: z.strictObject({
      lastsMs: z.int().min(INVITE_LIMITS.leastMs).max(INVITE_LIMITS.mostMs).default(HOUR_MS),
    }),
    form: 'json',
    answer: DeviceLink,
    failures: ['too-many-devices', 'role-writes-nothing'],
  }),
  revokeDevice: route({
    method: 'post',
    path: '/v1/devices/{device}/revoke',
    tag: 'devices',
    summary: 'Remove one device; the last one of a member takes the member along',
    states: ['running'],
    params: z.object({ device: IdPrefix }),
    form: 'json',
    answer: Revoked,
    failures: ['unknown-device', 'ambiguous', 'not-an-admin', 'last-admin', 'already-revoked'],
  }),
};
