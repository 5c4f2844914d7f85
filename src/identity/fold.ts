/**
 * The membership fold: from the same acts every node computes the same roll, in whatever order they came.
 *
 * 1. Acts are placed in causal order (`history.ts`).
 * 2. Each is judged by what its author had seen (`rules.ts`), and by what others took from its author meanwhile
 *    (`resolution.ts`).
 * 3. What only the whole can tell (an invitation used up by two admins at once, the last admin) is then counted along
 *    the line (`roll.ts`, `line-rules.ts`); who loses there is taken out and 2–3 repeat without it.
 */
import type { EntryHash, NetworkId } from '../base/ids.ts';
import { Authority } from './authority.ts';
import { placeActs } from './history.ts';
import { LINE_RULES, type LineRule } from './line-rules.ts';
import { CONFLICT_RULES, judge, type ConflictRules } from './resolution.ts';
import { countAlong, membershipOf } from './roll.ts';
import { RULES, type Rule } from './rules.ts';
import type { Act, Membership } from './types.ts';

export interface FoldResult {
  readonly membership: Membership;
  readonly authority: Authority;
}

/** All that decides whether an act counts. There is one; tests leave something out, to see that it is noticed. */
export interface RuleBook {
  readonly rules: readonly Rule[];
  readonly lineRules: readonly LineRule[];
  readonly conflicts: ConflictRules;
}

export const RULE_BOOK: RuleBook = { rules: RULES, lineRules: LINE_RULES, conflicts: CONFLICT_RULES };

export function foldMembership(network: NetworkId, acts: readonly Act[], book = RULE_BOOK): FoldResult {
  const placed = placeActs(acts);
  const refused = new Map<EntryHash, string>();
  for (const { act } of placed) {
    if (act.body.kind === 'genesis' && (act.id as string) !== (network as string))
      refused.set(act.id, 'other-network');
  }
  for (;;) {
    const judged = judge(placed, refused, book.rules, book.conflicts);
    const accepted = placed.filter(({ act }) => judged.accepted.has(act.id));
    const { table, losers } = countAlong(accepted, judged.index, book.lineRules);
    if (losers.size === 0) {
      return {
        membership: membershipOf(network, table, placed, judged),
        authority: new Authority(accepted, placed, judged.index),
      };
    }
    for (const [act, code] of losers) refused.set(act, code);
  }
}
