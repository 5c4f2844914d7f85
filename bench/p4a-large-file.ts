/** P4a: one large file appears in a folder; until all of it is in the other one. */
import { randomBytes } from 'node:crypto';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lookAt, race, round, timed } from './folder-sides.ts';
import { report, tempFolder } from './processes.ts';

const MIB = Number(process.argv[2] ?? 1024);
const BLOCK_MIB = 64;

const { ours, rival } = await race(async (side) => {
  const made = join(tempFolder(), 'large');
  for (let at = 0; at < MIB; at += BLOCK_MIB)
    writeFileSync(made, randomBytes(Math.min(BLOCK_MIB, MIB - at) * 2 ** 20), { flag: 'a' });
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
  cpuSeconds: ours.cpuSeconds,
  rivalCpuSeconds: rival?.cpuSeconds ?? null,
  residentMib: ours.residentMib,
  rivalResidentMib: rival?.residentMib ?? null,
  pass: ratio !== null && ratio >= 1,
});
process.exit(0);
