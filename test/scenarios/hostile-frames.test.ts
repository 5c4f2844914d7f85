/** Some hostile frames on every channel, through the real services; at night a million each (R5). */
import { besiege } from '../hostile/besiege.ts';

await besiege({ frames: 150, growthMiB: 16 });
