/** P4c: a note is saved, again and again; how long until the other folder has it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { costs, race, round, timed } from './folder-sides.ts';
import { median, report } from './processes.ts';

const TIMES = Number(process.argv[2] ?? 15);
const BAR_SECONDS = 0.2;

const { ours, rival } = await race(async (side) => {
  const seconds: number[] = [];
  const before = side.usage().cpuSeconds;
  for (let round = 0; round < TIMES; round += 1) {
    const text = `saved for the ${String(round)}. time, by ${side.name}\n`;
    const taken = await timed(
      side,
      () => {
        writeFileSync(join(side.from, 'note.txt'), text);
      },
      () => textIn(join(side.to, 'note.txt')) === text,
    );
    seconds.push(taken.seconds);
    await setTimeout(300);
  }
  const { cpuSeconds, residentMib } = side.usage();
  return {
    seconds: median(seconds),
    most: Math.max(...seconds),
    cpuSeconds: round(cpuSeconds - before, 2),
    residentMib,
  };
});
report({
  id: 'P4c',
  unit: 's until it is there, median',
  ours: ours.seconds,
  rival: rival?.seconds ?? null,
  ratio: rival === undefined ? null : round(ours.seconds / rival.seconds, 3),
  bar: BAR_SECONDS,
  most: ours.most,
  ...costs(ours, rival),
  pass: ours.seconds <= BAR_SECONDS,
});
process.exit(0);

function textIn(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
