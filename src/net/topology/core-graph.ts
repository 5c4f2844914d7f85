/**
 * Who is linked to whom, as far as this node knows. A link counts when both its ends say so; of its own links this
 * node knows by itself. Nodes have small numbers here, because this is asked often and of many.
 */
import { shortOf, type NodeId, type ShortId } from '../presence/types.ts';

export type Slot = number;
export const SELF: Slot = 0;

const NONE: readonly Slot[] = [];
/** Names that are mentioned and belong to nobody may be so many more than nodes before they are cleared away. */
const SLACK = 1024;

export class Graph {
  readonly #self: NodeId;
  #slots = new Map<ShortId, Slot>();
  #nodes: (NodeId | undefined)[] = [];
  #listed: (readonly Slot[])[] = [];
  readonly #byNode = new Map<NodeId, Slot>();
  #version = 0;
  #reached: Uint8Array | undefined;
  #reachedCount = 0;
  #mostSlots = SLACK;

  constructor(self: NodeId) {
    this.#self = self;
    this.#clear();
  }

  get size(): number {
    return this.#nodes.length;
  }

  /** Another number after every change. */
  get version(): number {
    return this.#version;
  }

  nodeAt(slot: Slot): NodeId | undefined {
    return this.#nodes[slot];
  }

  slotOf(node: NodeId): Slot | undefined {
    return this.#byNode.get(node);
  }

  /** What a node lists; of this node itself, its links. */
  set(node: NodeId, neighbours: readonly ShortId[]): void {
    const slot = this.#byNode.get(node) ?? this.#enter(node);
    // Of two keys that begin alike, which takes some 2^64 tries to make, the first one counts.
    if (this.#nodes[slot] !== node) return;
    this.#listed[slot] = neighbours.map((short) => this.#intern(short));
    this.#changed();
    if (this.size > this.#mostSlots) this.#compact();
  }

  remove(node: NodeId): void {
    const slot = this.slotOf(node);
    if (slot === undefined || slot === SELF) return;
    this.#nodes[slot] = undefined;
    this.#listed[slot] = NONE;
    this.#byNode.delete(node);
    this.#changed();
  }

  listedBy(slot: Slot): readonly Slot[] {
    return this.#listed[slot] ?? NONE;
  }

  isEdge(a: Slot, b: Slot): boolean {
    if (a === SELF) return this.listedBy(a).includes(b);
    if (b === SELF) return this.listedBy(b).includes(a);
    return this.listedBy(a).includes(b) && this.listedBy(b).includes(a);
  }

  /** How many neighbours it has by its own word. */
  degreeOf(slot: Slot): number {
    return this.listedBy(slot).length;
  }

  neighboursOf(slot: Slot): Slot[] {
    // A neighbour that has not said so yet is one all the same where this node is an end.
    const listed = this.listedBy(slot);
    if (slot === SELF) return [...listed];
    return listed
      .filter((other) => other !== SELF && this.listedBy(other).includes(slot))
      .concat(this.listedBy(SELF).includes(slot) ? [SELF] : []);
  }

  isReachable(slot: Slot): boolean {
    return this.reached()[slot] === 1;
  }

  /** Nodes that there is a way to, this one among them. */
  get reachedCount(): number {
    this.reached();
    return this.#reachedCount;
  }

  /** 1 for each slot that there is a way to. */
  reached(): Uint8Array {
    if (this.#reached !== undefined) return this.#reached;
    const marks = new Uint8Array(this.size);
    this.#reachedCount = this.#walk(SELF, marks, undefined).length;
    this.#reached = marks;
    return marks;
  }

  /** Everybody in the part of the network that this node is in. */
  partOf(slot: Slot): Slot[] {
    return this.#walk(slot, new Uint8Array(this.size), undefined);
  }

  /** Would there still be a way to that neighbour without the link to it, and without those in `gone`? */
  isRedundant(neighbour: Slot, gone: ReadonlySet<Slot>): boolean {
    const marks = new Uint8Array(this.size);
    this.#walk(neighbour, marks, new Set([...gone, neighbour]));
    return marks[SELF] === 1;
  }

  /** A shortest way from this node, both ends included; undefined when there is none. Ties go by key, so it is stable. */
  pathTo(target: NodeId): NodeId[] | undefined {
    const goal = this.slotOf(target);
    if (goal === undefined) return undefined;
    const from = new Map<Slot, Slot>([[SELF, SELF]]);
    for (const slot of from.keys()) {
      if (slot === goal) break;
      for (const next of this.#inOrder(this.neighboursOf(slot))) if (!from.has(next)) from.set(next, slot);
    }
    if (!from.has(goal)) return undefined;
    const path: NodeId[] = [];
    for (let at = goal; ; at = from.get(at) ?? SELF) {
      const node = this.#nodes[at];
      if (node !== undefined) path.unshift(node);
      if (at === SELF) return path;
    }
  }

  #inOrder(slots: readonly Slot[]): Slot[] {
    return [...slots].sort((a, b) => ((this.#nodes[a] ?? '') < (this.#nodes[b] ?? '') ? -1 : 1));
  }

  /** @param without links of this node that are left out of account. */
  #walk(start: Slot, marks: Uint8Array, without: ReadonlySet<Slot> | undefined): Slot[] {
    const queue: Slot[] = [start];
    marks[start] = 1;
    const own = new Uint8Array(this.size);
    for (const slot of this.listedBy(SELF)) if (without?.has(slot) !== true) own[slot] = 1;
    for (let at = 0; at < queue.length; at += 1) {
      const slot = queue[at] ?? SELF;
      for (const next of this.listedBy(slot)) {
        if (marks[next] === 1 || next === SELF) continue;
        if (slot === SELF ? own[next] !== 1 : !this.listedBy(next).includes(slot)) continue;
        marks[next] = 1;
        queue.push(next);
      }
      if (own[slot] === 1 && marks[SELF] !== 1) {
        marks[SELF] = 1;
        queue.push(SELF);
      }
    }
    return queue;
  }

  #enter(node: NodeId): Slot {
    const slot = this.#intern(shortOf(node));
    if (this.#nodes[slot] === undefined) {
      this.#nodes[slot] = node;
      this.#byNode.set(node, slot);
    }
    return slot;
  }

  #intern(short: ShortId): Slot {
    const known = this.#slots.get(short);
    if (known !== undefined) return known;
    const slot = this.#nodes.length;
    this.#slots.set(short, slot);
    this.#nodes.push(undefined);
    this.#listed.push(NONE);
    return slot;
  }

  #changed(): void {
    this.#reached = undefined;
    this.#version += 1;
  }

  #clear(): void {
    this.#slots = new Map();
    this.#nodes = [];
    this.#listed = [];
    this.#byNode.clear();
    this.#enter(this.#self);
    this.#changed();
  }

  /** Names of nobody go; everybody gets a new number. */
  #compact(): void {
    const shorts = new Map([...this.#slots].map(([short, slot]) => [slot, short]));
    const known = this.#nodes.flatMap((node, slot) =>
      node === undefined ? [] : [{ node, list: this.listedBy(slot).map((other) => shorts.get(other) ?? '') }],
    );
    this.#clear();
    this.#mostSlots = Infinity;
    for (const { node, list } of known) this.set(node, list);
    this.#mostSlots = 2 * this.size + SLACK;
  }
}
