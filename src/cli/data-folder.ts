/** Which data folder, and so which node, is meant. */
import envPaths from 'env-paths';
import { resolve } from 'node:path';
import type { Environment } from './terminal.ts';

/** `--data`, else `KITH_DATA`, else the platform's folder for data. @returns an absolute path. */
export function dataFolder(option: string | undefined, env: Environment, cwd: string): string {
  const named = [option, env['KITH_DATA']].find((folder) => folder !== undefined && folder !== '');
  return resolve(cwd, named ?? envPaths('kith', { suffix: '' }).data);
}

/** How a command for the same folder is written, for next steps that can be copied. */
export function dataOption(folder: string, env: Environment): string {
  if (folder === envPaths('kith', { suffix: '' }).data) return '';
  const named = env['KITH_DATA'];
  return named === undefined || named === '' ? ` --data ${quoted(folder)}` : '';
}

function quoted(path: string): string {
  return /^[\w./~:@%+=,-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
