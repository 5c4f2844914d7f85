import { InvalidArgumentError } from 'commander';

/** Of a page that the API gives. */
export function parseLimit(text: string): number {
  const count = Number(text);
  if (/^\d{1,4}$/.test(text) && count >= 1 && count <= 1000) return count;
  throw new InvalidArgumentError('A whole number from 1 to 1000.');
}
