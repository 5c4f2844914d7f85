import { z } from 'zod';
import { queryFlag, queryInt, Time } from './common.ts';
import { route } from './route.ts';

export const LogLine = z
  .object({
    time: Time,
    level: z.enum(['debug', 'info', 'warn', 'error']),
    source: z
      .string()
      .meta({ description: 'the part of the program that says it; `frame` for network frames' }),
    message: z.string(),
    fields: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'LogLine' });
export type LogLine = z.infer<typeof LogLine>;

export const logRoutes = {
  log: route({
    method: 'get',
    path: '/v1/log',
    tag: 'node',
    summary: "The node's own log",
    states: ['empty', 'locked', 'running'],
    query: z.strictObject({
      net: queryFlag('every network frame as well'),
      follow: queryFlag('go on with new lines'),
      lines: queryInt('how many old lines at most', { min: 0, max: 100_000, default: 100 }),
    }),
    form: 'lines',
    answer: LogLine,
    failures: [],
  }),
};
