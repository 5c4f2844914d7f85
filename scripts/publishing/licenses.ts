/** The licences of the packages whose code is in a bundle: most ask to be passed on with it. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ROOT } from '../tool.ts';

const TEXTS = /^(licen[cs]e|copying|notice)/i;
/** What a bundler adds of its own: names of modules that begin like this are none of files. */
const VIRTUAL = '\0';
const BUNDLER = join(ROOT, 'node_modules', 'rolldown');

interface Manifest {
  readonly name?: string;
  readonly version?: string;
  readonly license?: string;
  readonly author?: string | { readonly name?: string };
  readonly repository?: string | { readonly url?: string };
}

/**
 * One text of all of them, in the order of their names.
 * @param modules paths of the files in the bundle, as the bundler names them
 * @throws Error when a package names no licence
 */
export function thirdPartyLicenses(modules: readonly string[]): string {
  const folders = new Set(modules.map((id) => (id.startsWith(VIRTUAL) ? BUNDLER : packageOf(id))));
  folders.delete(ROOT);
  const sections = [...new Set([...folders].map(section))].sort();
  return ['The program of kith contains code of the packages below.\n', ...sections].join(
    `\n${'-'.repeat(80)}\n\n`,
  );
}

/** The package's folder: the nearest one above whose package.json has a name and a version. */
function packageOf(file: string): string {
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    if (folder === dirname(folder)) throw new Error(`${file} belongs to no package`);
    if (!existsSync(join(folder, 'package.json'))) continue;
    const { name, version } = manifestOf(folder);
    if (name !== undefined && version !== undefined) return folder;
  }
}

function section(folder: string): string {
  const { name = '', version = '', license, author, repository } = manifestOf(folder);
  if (license === undefined) throw new Error(`${name} names no licence`);
  const texts = readdirSync(folder)
    .filter((file) => TEXTS.test(file))
    .sort()
    .map((file) => readFileSync(join(folder, file), 'utf8').trim());
  if (texts.length === 0) texts.push(withoutText(license));
  const by = typeof author === 'string' ? author : author?.name;
  const from = typeof repository === 'string' ? repository : repository?.url;
  const heading = [`${name} ${version}`, `Licence: ${license}`];
  if (by !== undefined) heading.push(`By: ${by}`);
  if (from !== undefined) heading.push(`From: ${from}`);
  return `${[heading.join('\n'), ...texts].join('\n\n')}\n`;
}

/** Its package comes without. */
function withoutText(license: string): string {
  if (license.includes('Apache-2.0'))
    return 'Used under the Apache License 2.0: its text is in the file LICENSE.';
  return `Its text: https://spdx.org/licenses/${license}.html`;
}

function manifestOf(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
}
