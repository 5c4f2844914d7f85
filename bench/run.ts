/**
 * npm run bench -- ID [ARGUMENT…]: runs one bar. P3 is bench/p3-*.ts; P4 is p4a-*.ts, p4b-*.ts and so on. A bar's last
 * line on stdout is its result as JSON.
 */
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { ensureInstalled } from '../bin/install.js';
import { ensureBuilt } from '../bin/built.js';
import { ROOT, runNode } from '../scripts/tool.ts';

const BAR = /^([a-z]+\d+[a-z]?)-.*\.ts$/;

const [id = '', ...rest] = process.argv.slice(2);
const bars = globSync('*.ts', { cwd: import.meta.dirname })
  .filter((file) => BAR.test(file))
  .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
const chosen = bars.filter((file) =>
  [idOf(file), idOf(file).replace(/[a-z]$/, '')].includes(id.toLowerCase()),
);

if (chosen.length === 0) {
  const known = bars.map((file) => `  ${idOf(file).toUpperCase().padEnd(4)} bench/${file}\n`).join('');
  process.stderr.write(`usage: npm run bench -- ID\n${known === '' ? '  (no bars yet)\n' : known}`);
  process.exitCode = 2;
} else {
  await ensureInstalled({
    folder: import.meta.dirname,
    development: true,
    why: 'installing the programs to compare with into bench/node_modules (once; 215 MB on disk) …',
  });
  await ensureBuilt(ROOT);
  for (const file of chosen) {
    const code = await runNode(['--expose-gc', join(import.meta.dirname, file), ...rest]);
    if (code !== 0) process.exitCode = code;
  }
}

/** `p4a-one-big-file.ts` → `p4a`. */
function idOf(file: string): string {
  return BAR.exec(file)?.[1] ?? '';
}
