/** Log, roll and sync on simulated nodes. */
import { SEEDS } from './seeds.ts';
import type { Lives } from './shards.ts';
import { playSeed } from './workload.ts';

export const LOG_LIVES: Lives = {
  prefix: '',
  name: 'random lives',
  byDay: 600,
  known: SEEDS,
  file: 'test/sim/log-sync.sim.test.ts',
  play: playSeed,
};
