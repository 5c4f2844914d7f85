import { z } from 'zod';
import { Passphrase } from './common.ts';
import { route } from './route.ts';
import { Status } from './status.ts';

export const safetyRoutes = {
  lock: route({
    method: 'post',
    path: '/v1/lock',
    tag: 'safety',
    summary: 'Forget the keys until the passphrase is given; set or change the passphrase first',
    states: ['empty', 'running'],
    body: z.strictObject({
      passphrase: Passphrase.optional().meta({ description: 'the one in force, to change it' }),
      newPassphrase: Passphrase.optional(),
    }),
    form: 'json',
    answer: Status,
    failures: ['no-passphrase', 'wrong-passphrase', 'bad-passphrase', 'passphrase-needed'],
  }),
  unlock: route({
    method: 'post',
    path: '/v1/unlock',
    tag: 'safety',
    summary: 'Give the passphrase',
    states: ['empty', 'locked', 'running'],
    body: z.strictObject({ passphrase: Passphrase }),
    form: 'json',
    answer: Status,
    failures: ['wrong-passphrase'],
  }),
};
