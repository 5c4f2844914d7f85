/** Who waits for each other in a circle: strongly connected components (Tarjan 1972), only as far as needed. */

interface Visit<Node> {
  readonly node: Node;
  readonly index: number;
  /** The earliest visit that can be reached from here. */
  low: number;
  readonly next: Iterator<Node>;
}

/**
 * A set of nodes that wait for each other and for nobody outside. There is one wherever everybody waits.
 * Walks without recursion: a chain may be as long as a feed.
 */
export function closedCircle<Node>(start: Node, waitsFor: (node: Node) => Iterable<Node>): Node[] {
  const visits = new Map<Node, Visit<Node>>();
  const visited: Node[] = [];
  const open = (node: Node): Visit<Node> => {
    const visit = { node, index: visits.size, low: visits.size, next: waitsFor(node)[Symbol.iterator]() };
    visits.set(node, visit);
    visited.push(node);
    return visit;
  };
  const path = [open(start)];
  for (;;) {
    const visit = path.at(-1);
    if (visit === undefined) return visited;
    const step = visit.next.next();
    if (step.done !== true) {
      const known = visits.get(step.value);
      if (known === undefined) path.push(open(step.value));
      else visit.low = Math.min(visit.low, known.index);
      continue;
    }
    // The first component that is complete waits for nothing outside: nothing else is complete yet.
    if (visit.low === visit.index) return visited.slice(visit.index);
    path.pop();
    const before = path.at(-1);
    if (before !== undefined) before.low = Math.min(before.low, visit.low);
  }
}
