/** The other half of the seeds. */
import { MAIL_LIVES } from './mail-lives.ts';
import { playShard } from './shards.ts';

playShard(MAIL_LIVES, 1, 2);
