import { z } from 'zod';
import { Count, Id, PeerNumber, Role, Time } from './common.ts';
import { route } from './route.ts';

export const NodeState = z.enum(['empty', 'locked', 'running']).meta({ id: 'NodeState' });
export type NodeState = z.infer<typeof NodeState>;

export const Status = z
  .object({
    state: NodeState,
    ready: z.boolean(),
    network: z.string().nullable(),
    networkId: Id.nullable(),
    member: PeerNumber.nullable(),
    name: z.string().nullable(),
    role: Role.nullable(),
    revoked: z.boolean(),
    neighbours: Count,
    inStep: z.boolean(),
    members: Count,
    entries: Count,
    quarantined: Count,
    listening: z.array(z.string()),
    membershipAsOf: Time.nullable(),
    rollHead: z.string().nullable(),
    passphrase: z.boolean(),
    joining: z.boolean(),
    data: z.string(),
    version: z.string(),
    startedAt: Time,
  })
  .meta({ id: 'Status' });
export type Status = z.infer<typeof Status>;

const ANY = ['empty', 'locked', 'running'] as const;

export const statusRoutes = {
  status: route({
    method: 'get',
    path: '/v1/status',
    tag: 'node',
    summary: 'How the node is',
    states: ANY,
    form: 'json',
    answer: Status,
    failures: [],
  }),
  stop: route({
    method: 'post',
    path: '/v1/stop',
    tag: 'node',
    summary: 'Say good-bye to the neighbours and stop',
    states: ANY,
    form: 'json',
    answer: z.object({ stopping: z.literal(true) }),
    failures: [],
  }),
  metrics: route({
    method: 'get',
    path: '/metrics',
    tag: 'node',
    summary: 'Metrics in Prometheus text format',
    states: ANY,
    form: 'text',
    answer: z.string(),
    failures: [],
  }),
};
