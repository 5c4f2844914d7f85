/** P4d: one byte is put in front of a large file; how much is sent for that. */
import { createReadStream, createWriteStream, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { costs, largeFile, lookAt, race, round, timed } from './folder-sides.ts';
import { report, say } from './processes.ts';

const MIB = Number(process.argv[2] ?? 1024);
const BAR_SHARE = 0.01;

const { ours, rival } = await race(async (side) => {
  const [made, target] = [largeFile(MIB), join(side.from, 'large')];
  const arrived = (sizeBytes: number) => (): boolean => lookAt(join(side.to, 'large'))?.size === sizeBytes;
  await timed(
    side,
    () => {
      renameSync(made, target);
    },
    arrived(MIB * 2 ** 20),
  );
  const longer = `${made} and a byte`;
  writeFileSync(longer, 'x');
  await pipeline(createReadStream(target), createWriteStream(longer, { flags: 'a' }));
  const before = side.sentBytes();
  const taken = await timed(
    side,
    () => {
      renameSync(longer, target);
    },
    arrived(MIB * 2 ** 20 + 1),
  );
  const after = side.sentBytes();
  if (before === undefined || after === undefined) throw new Error('ss (iproute2) is needed to count bytes');
  return { ...taken, share: round((after - before) / (MIB * 2 ** 20), 5) };
});
if (rival !== undefined) say(`of the file: ${String(ours.share)} beside ${String(rival.share)}`);
report({
  id: 'P4d',
  unit: 'bytes sent, of those of the file',
  ours: ours.share,
  rival: rival?.share ?? null,
  ratio: rival === undefined ? null : round(ours.share / rival.share, 5),
  bar: BAR_SHARE,
  mib: MIB,
  seconds: ours.seconds,
  rivalSeconds: rival?.seconds ?? null,
  ...costs(ours, rival),
  pass: ours.share <= BAR_SHARE,
});
process.exit(0);
