/** Log, roll and sync on simulated nodes: see `shards.ts` for how a seed is repeated. */
import { playShard } from './shards.ts';

playShard(0, 2);
