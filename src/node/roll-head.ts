import { createHash } from 'node:crypto';
import type { EntryLink } from '../identity/types.ts';

/** Short digest of the roll's heads, 16 hex digits: alike on two nodes that know the same acts. Undefined of no acts. */
export function rollHeadOf(heads: readonly EntryLink[]): string | undefined {
  if (heads.length === 0) return undefined;
  const hashes = heads.map(({ hash }) => hash).sort();
  return createHash('sha256').update(hashes.join()).digest('hex').slice(0, 16);
}
