/**
 * A noun that does something by itself (`kith members`) takes an unknown verb for an operand; this says so instead,
 * and what was perhaps meant.
 */
import type { Command } from 'commander';
import { UsageError } from './usage.ts';

/** Puts a check before the action of each such noun. */
export function checkVerbs(program: Command): void {
  for (const noun of program.commands.filter(({ commands }) => commands.length > 0)) {
    const verbs = noun.commands.map((verb) => verb.name());
    noun.allowExcessArguments(true);
    noun.hook('preAction', (_, acting) => {
      const [typed] = acting.args;
      if (acting === noun && typed !== undefined) throw unknownVerb(noun.name(), typed, verbs);
    });
  }
}

function unknownVerb(noun: string, typed: string, verbs: readonly string[]): UsageError {
  const near = verbs.filter((verb) => distance(verb, typed) <= 2 || verb.startsWith(typed));
  const meant = near.length === 0 ? '' : ` Did you mean ${near.join(' or ')}?`;
  return new UsageError('usage', `There is no "kith ${noun} ${typed}".${meant}`, {
    next: `It takes: ${verbs.join(', ')}.`,
  });
}

/** Levenshtein's, over the shorter of two rows. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, char] of Array.from(a).entries()) {
    const next = [i + 1];
    for (let j = 1; j <= b.length; j += 1) {
      const swap = (row[j - 1] ?? 0) + (char === b[j - 1] ? 0 : 1);
      next.push(Math.min(swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
