/** Log, roll and sync on simulated nodes: see `shards.ts` for how a seed is repeated. */
import { LOG_LIVES } from './log-lives.ts';
import { playShard } from './shards.ts';

playShard(LOG_LIVES, 0, 2);
