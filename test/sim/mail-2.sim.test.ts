import { playMailShard } from './mail-shards.ts';

playMailShard(1, 2);
