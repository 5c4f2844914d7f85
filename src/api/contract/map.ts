import { z } from 'zod';
import { Count, Id, PeerNumber, Role, Time, Who } from './common.ts';
import { route } from './route.ts';

/** How a node stands, seen from here. */
export const NodeStatus = z
  .enum(['here', 'quiet', 'dead', 'left', 'away'])
  .meta({ id: 'NodeStatus', description: 'how a node stands, seen from here' });

export const Conduct = z
  .object({
    standing: z.enum(['good', 'throttled', 'cut']),
    reason: z.string(),
    score: Count,
    until: Time.nullable(),
  })
  .meta({ id: 'Conduct', description: 'what a neighbour did that it should not' });

const MapStop = z.object({ member: PeerNumber, name: z.string(), device: Id }).meta({ id: 'MapStop' });

export const MapNode = z
  .object({
    member: PeerNumber,
    name: z.string(),
    org: z.string(),
    place: z.string(),
    role: Role,
    device: Id,
    status: NodeStatus,
    neighbours: z.array(MapStop),
    lastHeard: Time.nullable(),
    addresses: z.array(z.string()),
    capacity: z.object({ min: Count, max: Count }).nullable(),
    entries: Count.nullable(),
    conduct: Conduct.nullable(),
    you: z.boolean(),
  })
  .meta({ id: 'MapNode' });
export type MapNode = z.infer<typeof MapNode>;

export const NetworkPath = z
  .object({ to: PeerNumber, name: z.string(), path: z.array(MapStop).nullable() })
  .meta({ id: 'NetworkPath', description: 'from here to there, both ends included; null: no way is known' });
export type NetworkPath = z.infer<typeof NetworkPath>;

const common = { method: 'get', tag: 'links', states: ['running'], form: 'json' } as const;

export const mapRoutes = {
  map: route({
    ...common,
    path: '/v1/map',
    summary: 'Every node of the network: how it stands, and whom it is linked to',
    answer: z.object({ nodes: z.array(MapNode) }),
    failures: [],
  }),
  path: route({
    ...common,
    path: '/v1/map/path',
    summary: 'The way that a message to a member would go, by what is known now',
    query: z.object({ to: Who }),
    answer: NetworkPath,
    failures: ['unknown-member', 'ambiguous'],
  }),
};
