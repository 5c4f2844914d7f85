/** The other half of the seeds. */
import { playShard } from './shards.ts';

playShard(1, 2);
