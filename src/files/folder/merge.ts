/** Merges plain text three ways, or says that it cannot. */
import { merge } from 'node-diff3';
import { fromUtf8, utf8, type Bytes } from '../../base/bytes.ts';

export const MERGE_BYTES = 1024 * 1024;
/** Comparing costs as much as there are pairs of equal lines: a file of blank lines must not keep us for minutes. */
const MOST_PAIRS = 2_000_000;

/** @returns undefined when both changed the same place, or one of them is no text. */
export function mergedText(ours: Bytes, base: Bytes, theirs: Bytes): Bytes | undefined {
  const [a, o, b] = [linesOf(ours), linesOf(base), linesOf(theirs)];
  if (a === undefined || o === undefined || b === undefined) return undefined;
  if (pairs(a, o) + pairs(b, o) > MOST_PAIRS) return undefined;
  const { conflict, result } = merge(a, o, b, { excludeFalseConflicts: true }) as {
    conflict: boolean;
    result: string[];
  };
  return conflict ? undefined : utf8(result.join(''));
}

/** Each with its end, so that a last line without one stays so. */
function linesOf(bytes: Bytes): string[] | undefined {
  if (bytes.byteLength > MERGE_BYTES || bytes.includes(0)) return undefined;
  try {
    return fromUtf8(bytes).split(/(?<=\n)/);
  } catch {
    return undefined;
  }
}

function pairs(one: readonly string[], other: readonly string[]): number {
  const counts = new Map<string, number>();
  for (const line of other) counts.set(line, (counts.get(line) ?? 0) + 1);
  return one.reduce((sum, line) => sum + (counts.get(line) ?? 0), 0);
}
