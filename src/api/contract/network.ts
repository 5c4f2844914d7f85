import { z } from 'zod';
import { Count, Joined, Label } from './common.ts';
import { route } from './route.ts';

export const JoinStep = z
  .discriminatedUnion('step', [
    z.object({
      step: z.enum(['searching', 'asking', 'fetching']),
      message: z.string(),
      done: Count.nullable(),
      total: Count.nullable(),
    }),
    Joined.extend({ step: z.literal('joined') }),
  ])
  .meta({ id: 'JoinStep' });
export type JoinStep = z.infer<typeof JoinStep>;

export const networkRoutes = {
  found: route({
    method: 'post',
    path: '/v1/network',
    tag: 'network',
    summary: 'Found a network',
    states: ['empty'],
    body: z.strictObject({
      network: Label.min(1).meta({ description: 'name of the new network' }),
      name: Label.min(1).meta({ description: "the founder's name" }),
      org: Label.default(''),
      place: Label.default(''),
    }),
    form: 'json',
    answer: Joined,
    failures: ['bad-name'],
  }),
  join: route({
    method: 'post',
    path: '/v1/network/join',
    tag: 'network',
    summary: 'Join a network; goes on until admitted, or until the request is broken off',
    states: ['empty'],
    body: z.strictObject({
      invitation: z.string().min(1).max(8192).meta({ description: 'a link or a twelve-digit code' }),
      name: Label.min(1).optional().meta({ description: 'left out: the one in the invitation' }),
      org: Label.default(''),
      place: Label.default(''),
    }),
    form: 'lines',
    answer: JoinStep,
    failures: [
      'bad-link',
      'bad-code',
      'bad-name',
      'name-needed',
      'already-joining',
      'wrong-code',
      'too-many-tries',
      'invitation-expired',
      'invitation-used-up',
      'invitation-withdrawn',
      'unknown-invitation',
    ],
  }),
};
