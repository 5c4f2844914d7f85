/** Letters on simulated nodes: see `shards.ts` for how a seed is repeated. */
import { MAIL_LIVES } from './mail-lives.ts';
import { playShard } from './shards.ts';

playShard(MAIL_LIVES, 0, 2);
