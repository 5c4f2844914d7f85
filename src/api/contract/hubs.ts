import { z } from 'zod';
import { PeerNumber } from './common.ts';
import { route } from './route.ts';

export const Hub = z
  .object({
    address: z.string().meta({ description: 'a multiaddr, as `--peer` takes it' }),
    member: PeerNumber.nullable().meta({ description: 'whose device it is, as far as the address says so' }),
    name: z.string().nullable(),
    self: z.boolean().meta({ description: 'it is an address of this node' }),
    linked: z.boolean(),
    serves: z.boolean().meta({ description: 'it passes connections on to this node now' }),
  })
  .meta({ id: 'Hub' });
export type Hub = z.infer<typeof Hub>;

const listed = (summary: string, path: '/v1/hubs' | '/v1/hubs/remove') =>
  route({
    method: 'post',
    path,
    tag: 'links',
    summary,
    states: ['running'],
    body: z.strictObject({ address: z.string().min(1).max(255) }),
    form: 'json',
    answer: z.object({ hubs: z.array(Hub) }),
    failures: ['bad-address', 'not-an-admin', 'unknown-hub'],
  });

export const hubRoutes = {
  hubs: route({
    method: 'get',
    path: '/v1/hubs',
    tag: 'links',
    summary: 'Nodes that the network lists as reachable from outside',
    states: ['running'],
    form: 'json',
    answer: z.object({ hubs: z.array(Hub) }),
    failures: [],
  }),
  addHub: listed('List an address at which a node is reachable from outside', '/v1/hubs'),
  removeHub: listed('List it no more', '/v1/hubs/remove'),
};
