/** P4a: one large file appears in a folder; until all of it is in the other one. */
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { costs, largeFile, lookAt, race, round, timed } from './folder-sides.ts';
import { report } from './processes.ts';

const MIB = Number(process.argv[2] ?? 1024);

const { ours, rival } = await race(async (side) => {
  const made = largeFile(MIB);
  const taken = await timed(
    side,
    () => {
      renameSync(made, join(side.from, 'large'));
    },
    () => lookAt(join(side.to, 'large'))?.size === MIB * 2 ** 20,
  );
  return { ...taken, mbPerSecond: round((MIB * 1.048576) / taken.seconds, 1) };
});
const ratio = rival === undefined ? null : round(ours.mbPerSecond / rival.mbPerSecond, 2);
report({
  id: 'P4a',
  unit: 'MB/s',
  ours: ours.mbPerSecond,
  rival: rival?.mbPerSecond ?? null,
  ratio,
  bar: 1,
  mib: MIB,
  ...costs(ours, rival),
  pass: ratio !== null && ratio >= 1,
});
process.exit(0);
