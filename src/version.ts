import { readFileSync } from 'node:fs';

/** As package.json says; it lies one folder above in a clone and in the published package alike. */
export function programVersion(): string {
  const file = new URL('../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
