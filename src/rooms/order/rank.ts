/** Who should put in order: whoever is nearest to all who count, there and back. From the same rows everybody ranks alike. */
import type { ReplicaId } from '../consensus/types.ts';
import { NO_WAY, shortestWays } from './paths.ts';
import type { DelayRows, Standing } from './types.ts';

/** Best first. Whoever reaches no majority goes last, and is barred from nothing. */
export function rank(voters: readonly ReplicaId[], rows: DelayRows): readonly Standing[] {
  // Not in the order in which a roster happens to list them.
  const nodes = [...voters].sort();
  const ways = shortestWays(nodes, rows);
  const standings = nodes.map((replica, at) => standingOf(replica, at, ways));
  const best = Math.max(0, ...standings.map(({ closeness }) => closeness));
  return standings.map((one) => ({ ...one, centrality: best === 0 ? 0 : one.closeness / best })).sort(byRank);
}

function standingOf(replica: ReplicaId, at: number, ways: readonly (readonly number[])[]): Standing {
  const rounds = ways.flatMap((back, other) => {
    const [there, home] = [ways[at]?.[other] ?? NO_WAY, back[at] ?? NO_WAY];
    return other === at || there === NO_WAY || home === NO_WAY ? [] : [there + home];
  });
  const sumUs = rounds.reduce((sum, one) => sum + one, 0);
  const others = ways.length - 1;
  const meanUs = rounds.length === 0 ? 0 : Math.round(sumUs / rounds.length);
  const share = others === 0 ? 1 : rounds.length / others;
  const closeness = sumUs === 0 ? 0 : (share * rounds.length * 1_000_000) / sumUs;
  const reached = rounds.length + 1;
  return {
    replica,
    reached,
    reachesMajority: reached >= Math.floor(ways.length / 2) + 1,
    sumUs,
    meanUs,
    closeness,
    centrality: 0,
  };
}

/** A majority first, then as many as possible, then the shortest ways, then by name. */
function byRank(a: Standing, b: Standing): number {
  return (
    Number(b.reachesMajority) - Number(a.reachesMajority) ||
    b.reached - a.reached ||
    a.sumUs - b.sumUs ||
    (a.replica < b.replica ? -1 : 1)
  );
}

/** Why it stands where it stands, for people. */
export function whyRanked({ reached, reachesMajority, meanUs }: Standing, voters: number): string {
  if (voters === 1) return 'the only one who counts';
  if (!reachesMajority)
    return `reaches ${String(reached)} of ${String(voters)}, no majority, so it comes last`;
  const mean = `${(meanUs / 1000).toFixed(1)} ms there and back on average`;
  return reached === voters ? mean : `${mean}, and reaches ${String(reached)} of ${String(voters)}`;
}
