import { playMailShard } from './mail-shards.ts';

playMailShard(0, 2);
