/** Sizes as people write them. */
import { InvalidArgumentError } from 'commander';

const UNITS = { '': 1, k: 1000, m: 1_000_000, g: 1_000_000_000 } as const;

/** @throws InvalidArgumentError */
export function parseSize(text: string): number {
  const found = /^(\d{1,9})([kmg]?)$/i.exec(text);
  if (found === null) throw new InvalidArgumentError('A number of bytes, such as 500k or 2M.');
  return Number(found[1]) * UNITS[(found[2] ?? '').toLowerCase() as keyof typeof UNITS];
}
