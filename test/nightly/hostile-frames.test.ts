/** R5: a million hostile frames on every channel. KITH_FRAMES=… for fewer, KITH_CHANNEL=sync for one of them. */
import { besiege } from '../hostile/besiege.ts';

await besiege({ frames: Number(process.env['KITH_FRAMES'] ?? 1_000_000), growthMiB: 8 });
