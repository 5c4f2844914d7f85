import { z } from 'zod';
import { AlarmEvent } from './alarms.ts';
import { Count, Id, LetterId, PeerNumber } from './common.ts';
import { JoinStep } from './network.ts';
import { FilesEvent } from './files.ts';
import { RoomEvent } from './rooms.ts';
import { route } from './route.ts';
import { NodeState } from './status.ts';

/** That something changed, and what to read again. */
export const NodeEvent = z
  .discriminatedUnion('type', [
    z.object({ type: z.literal('state'), state: NodeState, ready: z.boolean() }),
    z.object({ type: z.literal('join'), step: JoinStep }),
    z.object({
      type: z.literal('member'),
      change: z.enum(['joined', 'changed', 'revoked']),
      member: PeerNumber,
      name: z.string(),
    }),
    z.object({
      type: z.literal('device'),
      change: z.enum(['linked', 'revoked']),
      member: PeerNumber,
      device: Id,
    }),
    z.object({ type: z.literal('invite'), change: z.enum(['made', 'used', 'withdrawn']), id: Id }),
    z.object({
      type: z.literal('peer'),
      change: z.enum(['linked', 'gone']),
      member: PeerNumber,
      name: z.string(),
      device: Id,
    }),
    z.object({ type: z.literal('map') }),
    z.object({ type: z.literal('entries'), added: Count, total: Count, kinds: z.array(z.string()) }),
    z.object({
      type: z.literal('letter'),
      change: z.enum(['arrived', 'changed']),
      id: LetterId,
      from: PeerNumber,
    }),
    z.object({ type: z.literal('quarantine'), feed: Id, member: PeerNumber, entries: Count }),
    AlarmEvent,
    RoomEvent,
    FilesEvent,
    z.object({ type: z.literal('fork'), feed: Id, member: PeerNumber, device: Id }),
    z
      .object({ type: z.literal('missed') })
      .meta({ description: 'this reader was too slow and missed events: read everything again' }),
  ])
  .meta({ id: 'NodeEvent' });
export type NodeEvent = z.infer<typeof NodeEvent>;

export const eventRoutes = {
  events: route({
    method: 'get',
    path: '/v1/events',
    tag: 'node',
    summary: 'What changes, as server-sent events; begins with a `state` event',
    states: ['empty', 'locked', 'running'],
    form: 'events',
    answer: NodeEvent,
    failures: [],
  }),
};
