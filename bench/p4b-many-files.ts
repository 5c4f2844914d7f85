/** P4b: many small files appear in a nested tree; until all of them are in the other one. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { costs, race, round, timed } from './folder-sides.ts';
import { report, tempFolder } from './processes.ts';

const FILES = Number(process.argv[2] ?? 10_000);
const IN_ONE_FOLDER = 50;
const BAR = 3;

const { ours, rival } = await race(async (side) => {
  const made = join(tempFolder(), 'tree');
  const missing = new Map<string, number>();
  for (let at = 0; at < FILES; at += 1) {
    const folder = Math.floor(at / IN_ONE_FOLDER);
    const inside = join(`part ${String(folder % 20)}`, `folder ${String(folder)}`);
    missing.set(join('tree', inside), (missing.get(join('tree', inside)) ?? 0) + 1);
    mkdirSync(join(made, inside), { recursive: true });
    writeFileSync(join(made, inside, `file ${String(at)}`), randomBytes(2048 + ((at * 7919) % 16_384)));
  }
  const taken = await timed(
    side,
    () => {
      renameSync(made, join(side.from, 'tree'));
    },
    () => {
      // What was seen to be whole is not looked at again.
      for (const [folder, count] of missing) {
        if (namesIn(join(side.to, folder)) !== count) return false;
        missing.delete(folder);
      }
      return true;
    },
  );
  return { ...taken, filesPerSecond: round(FILES / taken.seconds, 0) };
});
const ratio = rival === undefined ? null : round(ours.filesPerSecond / rival.filesPerSecond, 2);
report({
  id: 'P4b',
  unit: 'files/s',
  ours: ours.filesPerSecond,
  rival: rival?.filesPerSecond ?? null,
  ratio,
  bar: BAR,
  files: FILES,
  ...costs(ours, rival),
  pass: ratio !== null && ratio >= BAR,
});
process.exit(0);

/** Files under their own names: temporary ones of either program begin with a dot. */
function namesIn(folder: string): number {
  try {
    return readdirSync(folder).filter((name) => name.startsWith('file ')).length;
  } catch {
    return 0;
  }
}
