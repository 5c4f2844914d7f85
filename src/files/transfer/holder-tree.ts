/**
 * Holders in the order in which they are asked: a balanced tree over what was measured of each, walked in order. An AA
 * tree (Andersson 1993, "Balanced search trees made simple"): a skew and a split keep it balanced.
 */

/** What was measured of a holder. The less the better, one after the other. */
export interface Quality {
  /** Requests that came to nothing, of late. */
  readonly errors: number;
  /** How long a piece would take now: delay, what is asked of it already, and its throughput. */
  readonly expectedMs: number;
  readonly name: string;
}

interface Leaf {
  readonly key: Quality;
  level: number;
  left: Leaf | undefined;
  right: Leaf | undefined;
}

export function compareQuality(a: Quality, b: Quality): number {
  if (a.errors !== b.errors) return a.errors - b.errors;
  if (a.expectedMs !== b.expectedMs) return a.expectedMs - b.expectedMs;
  if (a.name === b.name) return 0;
  return a.name < b.name ? -1 : 1;
}

export class HolderTree {
  #root: Leaf | undefined;
  readonly #keys = new Map<string, Quality>();

  /** Puts a holder where it belongs now. */
  set(quality: Quality): void {
    this.delete(quality.name);
    this.#keys.set(quality.name, quality);
    this.#root = insert(this.#root, quality);
  }

  delete(name: string): void {
    const known = this.#keys.get(name);
    if (known === undefined) return;
    this.#keys.delete(name);
    this.#root = remove(this.#root, known);
  }

  /** The best first. */
  *walk(): Generator<Quality> {
    const above: Leaf[] = [];
    for (let at = this.#root; at !== undefined || above.length > 0;) {
      for (; at !== undefined; at = at.left) above.push(at);
      const leaf = above.pop();
      if (leaf === undefined) return;
      yield leaf.key;
      at = leaf.right;
    }
  }

  /** Of the way down to the deepest holder. */
  get depth(): number {
    const of = (leaf: Leaf | undefined): number =>
      leaf === undefined ? 0 : 1 + Math.max(of(leaf.left), of(leaf.right));
    return of(this.#root);
  }
}

function skew(leaf: Leaf): Leaf {
  const { left } = leaf;
  if (left?.level !== leaf.level) return leaf;
  leaf.left = left.right;
  left.right = leaf;
  return left;
}

function split(leaf: Leaf): Leaf {
  const { right } = leaf;
  if (right?.right?.level !== leaf.level) return leaf;
  leaf.right = right.left;
  right.left = leaf;
  right.level += 1;
  return right;
}

function insert(leaf: Leaf | undefined, key: Quality): Leaf {
  if (leaf === undefined) return { key, level: 1, left: undefined, right: undefined };
  if (compareQuality(key, leaf.key) < 0) leaf.left = insert(leaf.left, key);
  else leaf.right = insert(leaf.right, key);
  return split(skew(leaf));
}

function remove(leaf: Leaf | undefined, key: Quality): Leaf | undefined {
  if (leaf === undefined) return undefined;
  const order = compareQuality(key, leaf.key);
  if (order < 0) leaf.left = remove(leaf.left, key);
  else if (order > 0) leaf.right = remove(leaf.right, key);
  else if (leaf.left === undefined) return leaf.right;
  else {
    // Takes the place of the greatest below it.
    let next = leaf.left;
    while (next.right !== undefined) next = next.right;
    const taken: Leaf = {
      key: next.key,
      level: leaf.level,
      left: remove(leaf.left, next.key),
      right: leaf.right,
    };
    return balance(taken);
  }
  return balance(leaf);
}

function balance(leaf: Leaf): Leaf {
  const level = Math.min(leaf.left?.level ?? 0, leaf.right?.level ?? 0) + 1;
  if (level < leaf.level) {
    leaf.level = level;
    if (leaf.right !== undefined && leaf.right.level > level) leaf.right.level = level;
  }
  let top = skew(leaf);
  if (top.right !== undefined) top.right = skew(top.right);
  if (top.right?.right !== undefined) top.right.right = skew(top.right.right);
  top = split(top);
  if (top.right !== undefined) top.right = split(top.right);
  return top;
}
