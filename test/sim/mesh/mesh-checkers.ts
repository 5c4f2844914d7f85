/** What must hold of a mesh, judged from outside: by the links that stand, never by what a node believes. */
import type { NodeId } from '../../../src/net/presence/types.ts';
import { SELF } from '../../../src/net/topology/core-graph.ts';
import type { MeshNode, MeshWorld } from './mesh-world.ts';

/** Who is linked with whom in truth. */
export function truth(world: MeshWorld): Map<MeshNode, Set<MeshNode>> {
  const all = new Map<MeshNode, Set<MeshNode>>(world.running().map((node) => [node, new Set()]));
  for (const { ends } of world.links) {
    const [a, b] = ends;
    if (!world.canReach(a, b)) continue;
    if (!all.has(a) || !all.has(b)) continue;
    all.get(a)?.add(b);
    all.get(b)?.add(a);
  }
  return all;
}

/** Parts that have no link between them, of nodes that could reach each other. */
export function parts(world: MeshWorld): MeshNode[][] {
  const links = truth(world);
  const left = new Set(links.keys());
  const found: MeshNode[][] = [];
  for (const start of links.keys()) {
    if (!left.delete(start)) continue;
    const part = [start];
    for (const node of part) for (const next of links.get(node) ?? []) if (left.delete(next)) part.push(next);
    found.push(part);
  }
  return found;
}

export function isWhole(world: MeshWorld): boolean {
  const rooms = parts(world).map(([first]) => first?.room);
  return new Set(rooms).size === rooms.length;
}

/** Nodes with too few or too many neighbours. */
export function outOfBounds(world: MeshWorld, { min, max } = { min: 4, max: 8 }): string[] {
  const links = truth(world);
  const sizes = new Map<number, number>();
  for (const node of links.keys()) sizes.set(node.room, (sizes.get(node.room) ?? 0) + 1);
  return [...links].flatMap(([node, neighbours]) => {
    const least = Math.min(min, (sizes.get(node.room) ?? 1) - 1);
    const isGood = neighbours.size >= least && neighbours.size <= Math.max(max, least);
    return isGood ? [] : [`node ${String(node.number)} has ${String(neighbours.size)}`];
  });
}

/** Nodes whose picture of who is linked to whom is not the truth. */
export function mistaken(world: MeshWorld): string[] {
  const links = truth(world);
  const reach = new Map<MeshNode, MeshNode[]>();
  for (const part of parts(world)) for (const node of part) reach.set(node, part);
  return [...links.keys()].flatMap((node) => {
    const wrong = mistakeOf(node, reach.get(node) ?? [], links);
    return wrong === undefined ? [] : [`node ${String(node.number)}: ${wrong}`];
  });
}

function mistakeOf(
  node: MeshNode,
  part: readonly MeshNode[],
  links: ReadonlyMap<MeshNode, ReadonlySet<MeshNode>>,
): string | undefined {
  const { graph } = node.core.presence;
  if (graph.reachedCount !== part.length) {
    return `believes in ${String(graph.reachedCount)} nodes in reach, there are ${String(part.length)}`;
  }
  for (const other of part) {
    const slot = other === node ? SELF : graph.slotOf(other.id);
    if (slot === undefined) return `does not know node ${String(other.number)}`;
    const believed = graph
      .neighboursOf(slot)
      .map((at): NodeId | undefined => graph.nodeAt(at))
      .sort();
    const actual = [...(links.get(other) ?? [])].map(({ id }) => id).sort();
    if (believed.join() !== actual.join()) return `is wrong about the links of node ${String(other.number)}`;
  }
  return undefined;
}

/** Pairs of nodes with more than one link. */
export function doubled(world: MeshWorld): string[] {
  const seen = new Set<string>();
  return [...world.links].flatMap(({ ends }) => {
    const pair = ends
      .map(({ number }) => number)
      .sort((a, b) => a - b)
      .join(' and ');
    return seen.size === seen.add(pair).size ? [pair] : [];
  });
}

export function isSettled(world: MeshWorld, bounds?: { min: number; max: number }): boolean {
  return (
    isWhole(world) &&
    doubled(world).length === 0 &&
    outOfBounds(world, bounds).length === 0 &&
    mistaken(world).length === 0
  );
}
