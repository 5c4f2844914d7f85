/** The other half of the seeds. */
import { LOG_LIVES } from './log-lives.ts';
import { playShard } from './shards.ts';

playShard(LOG_LIVES, 1, 2);
