/** Letters on simulated nodes. */
import { playMailSeed } from './mail-workload.ts';
import type { Lives } from './shards.ts';

export const MAIL_LIVES: Lives = {
  prefix: 'letters: ',
  name: 'random lives of letters',
  byDay: 500,
  known: [
    [524, 'the disk refused when a letter was to be dropped, and nobody tried again'],
    [100, 'a letter for several was evicted after it was opened here, and came back'],
  ],
  file: 'test/sim/mail.sim.test.ts',
  play: playMailSeed,
};
