/** All night: as many seeds as R1 asks for, other ones than by day. */
import { LOG_LIVES } from '../sim/log-lives.ts';
import { playShard } from '../sim/shards.ts';

process.env['KITH_SEEDS'] ??= '100000';
process.env['KITH_FIRST'] ??= '1000001';
playShard(LOG_LIVES, 0, 1);
