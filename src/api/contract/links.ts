import { z } from 'zod';
import { Count, Id, PeerNumber, Time } from './common.ts';
import { Conduct, NodeStatus } from './map.ts';
import { route } from './route.ts';

export const Peer = z
  .object({
    member: PeerNumber,
    name: z.string(),
    device: Id,
    link: z.enum(['direct', 'relayed']),
    rttMs: z.number().min(0).nullable(),
    address: z.string(),
    direction: z.enum(['inbound', 'outbound']),
    since: Time,
    status: NodeStatus,
    conduct: Conduct.nullable(),
  })
  .meta({ id: 'Peer' });
export type Peer = z.infer<typeof Peer>;

export const linkRoutes = {
  peers: route({
    method: 'get',
    path: '/v1/peers',
    tag: 'links',
    summary: 'Devices that this node has a link to',
    states: ['running'],
    form: 'json',
    answer: z.object({ peers: z.array(Peer) }),
    failures: [],
  }),
  addPeer: route({
    method: 'post',
    path: '/v1/peers',
    tag: 'links',
    summary: 'Remember an address and link with whom is there',
    states: ['empty', 'running'],
    body: z.strictObject({ address: z.string().min(1).max(400) }),
    form: 'json',
    answer: z.object({ address: z.string(), peer: Peer.nullable() }),
    failures: ['bad-address', 'unreachable', 'link-refused', 'version-mismatch', 'wrong-peer'],
  }),
  bye: route({
    method: 'post',
    path: '/v1/peers/bye',
    tag: 'links',
    summary: 'Say good-bye and end all links',
    states: ['running'],
    form: 'json',
    answer: z.object({ told: Count }),
    failures: [],
  }),
};
