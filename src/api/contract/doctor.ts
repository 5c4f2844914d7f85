import { z } from 'zod';
import { route } from './route.ts';

export const Finding = z
  .object({
    code: z.string().meta({ description: 'stable; for programs' }),
    severity: z.enum(['wrong', 'notice']),
    about: z.string().meta({ description: 'an address, a member or an interface' }),
    message: z.string().meta({ description: 'one sentence for people' }),
    next: z.string().meta({ description: 'what to do now' }),
  })
  .meta({ id: 'Finding' });
export type Finding = z.infer<typeof Finding>;

export const DoctorStep = z
  .object({
    address: z.string(),
    step: z.enum(['address', 'connection', 'link']),
    ok: z.boolean(),
    message: z.string(),
  })
  .meta({ id: 'DoctorStep' });
export type DoctorStep = z.infer<typeof DoctorStep>;

export const doctorRoutes = {
  doctor: route({
    method: 'get',
    path: '/v1/doctor',
    tag: 'links',
    summary: 'Why other nodes are not seen, and what to do; tries a member or an address now',
    states: ['empty', 'running'],
    query: z.strictObject({ who: z.string().min(1).max(400).optional() }),
    form: 'json',
    answer: z.object({
      healthy: z.boolean(),
      steps: z.array(DoctorStep).meta({ description: 'of the attempt, where one was asked for' }),
      findings: z.array(Finding),
    }),
    failures: ['bad-address', 'unknown-member', 'ambiguous'],
  }),
};
