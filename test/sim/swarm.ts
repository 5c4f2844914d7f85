/** Nodes that fetch one file from each other in one thread, on a simulated network: some lie, some die, links break. */
import assert from 'node:assert/strict';
import { claimOf, type Claim } from '../../src/files/transfer/claims.ts';
import { TransferCore, type TransferEffect, type TransferEvent } from '../../src/files/transfer/core.ts';
import type { PieceId, PieceRef } from '../../src/files/types.ts';
import { SeededRng } from './rng.ts';

export type Temper =
  | 'honest'
  | 'corrupts'
  | 'denies'
  | 'silent'
  | 'floods'
  /** Has everything, and gives it a hundred times slower than others. */
  | 'slow';

const WORK = 'file';
const IN_FLIGHT = 4 * 1024 * 1024;
const TICK_MS = 1000;
const BYTES_PER_MS = 5000;

interface Message {
  readonly atMs: number;
  readonly order: number;
  run(): void;
}

export interface SwarmOptions {
  readonly seed: number;
  readonly tempers: readonly Temper[];
  /** How many of the honest ones, from the first on, have everything. */
  readonly seeders: number;
  readonly pieces: number;
  /** Of links and of nodes that fetch, each second. */
  readonly breaks: number;
  readonly crashes: number;
}

class SwarmNode {
  readonly name: string;
  readonly temper: Temper;
  readonly here: boolean[];
  core: TransferCore;
  life = 0;
  blamed = new Set<string>();
  /** Serving one after the other takes its time. */
  busyUntilMs = 0;

  constructor(name: string, temper: Temper, here: boolean[], seed: number) {
    this.name = name;
    this.temper = temper;
    this.here = here;
    this.core = new TransferCore({ inFlightBytes: IN_FLIGHT, bytesPerSecond: 0 }, seed);
  }
}

export class Swarm {
  readonly nodes: SwarmNode[];
  readonly #options: SwarmOptions;
  readonly #rng: SeededRng;
  readonly #pieces: readonly PieceRef[];
  /** Open channels, by both names. */
  readonly #open = new Map<string, number>();
  #queue: Message[] = [];
  #order = 0;
  #channel = 0;
  nowMs = 0;
  asks = 0;

  constructor(options: SwarmOptions) {
    this.#options = options;
    this.#rng = new SeededRng(options.seed);
    this.#pieces = Array.from({ length: options.pieces }, (_, at) => ({
      // Some stand twice.
      id: (at % 17 === 3 ? 3 : at).toString(16).padStart(64, '0') as PieceId,
      sizeBytes: at % 17 === 3 ? 50_000 : 50_000 + this.#rng.below(400_000),
    }));
    let seeders = options.seeders;
    this.nodes = options.tempers.map((temper, at) => {
      const has = temper === 'honest' && seeders-- > 0;
      return new SwarmNode(
        `node ${String(at)}`,
        temper,
        this.#pieces.map(() => has),
        at + 1,
      );
    });
    for (const node of this.nodes) this.#begin(node);
    for (const [at, node] of this.nodes.entries())
      for (const other of this.nodes.slice(at + 1)) this.#link(node, other);
    this.#later(TICK_MS, () => {
      this.#tick();
    });
  }

  get isDone(): boolean {
    return this.nodes.every(({ temper, here }) => temper !== 'honest' || here.every((is) => is));
  }

  /** Until all honest ones have everything. @throws when that takes longer than it may. */
  run(limitMs: number): void {
    while (!this.isDone) {
      this.#queue.sort((a, b) => a.atMs - b.atMs || a.order - b.order);
      const next = this.#queue.shift();
      assert.ok(next !== undefined && this.nowMs < limitMs, `seed ${String(this.#options.seed)}: never done`);
      this.nowMs = Math.max(this.nowMs, next.atMs);
      next.run();
    }
  }

  #later(delayMs: number, run: () => void): void {
    this.#order += 1;
    this.#queue.push({ atMs: this.nowMs + delayMs, order: this.#order, run });
  }

  #begin(node: SwarmNode): void {
    if (node.temper !== 'honest') return;
    const missing = node.here.flatMap((is, place) => (is ? [] : [place]));
    if (missing.length > 0)
      this.#step(node, { type: 'start', work: WORK, pieces: this.#pieces, missing, listed: true });
  }

  #step(node: SwarmNode, event: TransferEvent): void {
    for (const effect of node.core.step(event, this.nowMs)) {
      if (event.type === 'came' && !event.good)
        assert.notEqual(effect.type, 'store', 'nothing false is kept');
      this.#carryOut(node, effect);
    }
    assert.ok(
      node.core.inFlightBytes <= IN_FLIGHT + 450_000,
      `seed ${String(this.#options.seed)}: too much asked`,
    );
    assert.ok(node.core.inFlightBytes >= 0);
  }

  #carryOut(node: SwarmNode, effect: TransferEffect): void {
    switch (effect.type) {
      case 'ask': {
        this.asks += 1;
        const peer = this.#named(effect.peer);
        this.#send(node, peer, () => {
          this.#serve(peer, node, effect.piece);
        });
        return;
      }
      case 'store': {
        const { life } = node;
        // Written a little later, or, now and then, not.
        this.#later(1 + this.#rng.below(5), () => {
          if (node.life !== life) return;
          for (const place of effect.places) this.#stored(node, place);
        });
        return;
      }
      case 'blame': {
        if (effect.fault === 'bad-piece') assert.equal(this.#named(effect.peer).temper, 'corrupts');
        node.blamed.add(effect.peer);
        this.#cut(node, this.#named(effect.peer));
        return;
      }
      case 'done':
        assert.ok(
          node.here.every((is) => is),
          'done means all',
        );
    }
  }

  #stored(node: SwarmNode, place: number): void {
    if (this.#rng.below(40) === 0) return this.#step(node, { type: 'unstored', work: WORK, place });
    node.here[place] = true;
    this.#step(node, { type: 'stored', work: WORK, place });
    for (const other of this.nodes)
      this.#send(node, other, () => {
        this.#step(other, { type: 'got', peer: node.name, work: WORK, places: [place] });
      });
  }

  #serve(server: SwarmNode, to: SwarmNode, piece: PieceRef): void {
    if (server.temper === 'silent') return;
    const place = this.#pieces.findIndex(({ id }) => id === piece.id);
    const isDenied =
      server.temper === 'denies' || (server.temper === 'honest' && server.here[place] !== true);
    const takesMs = isDenied
      ? 1
      : piece.sizeBytes / (server.temper === 'slow' ? BYTES_PER_MS / 100 : BYTES_PER_MS);
    server.busyUntilMs = Math.max(this.nowMs, server.busyUntilMs) + takesMs;
    const copies = server.temper === 'floods' ? 4 : 1;
    for (let copy = 0; copy < copies; copy += 1)
      this.#later(server.busyUntilMs - this.nowMs, () => {
        this.#send(server, to, () => {
          const common = { peer: server.name, work: WORK, piece: piece.id } as const;
          if (isDenied) this.#step(to, { type: 'denied', ...common });
          else this.#step(to, { type: 'came', ...common, good: server.temper !== 'corrupts' });
        });
      });
  }

  #claim(node: SwarmNode): Claim {
    return node.temper === 'honest' ? claimOf(node.here) : 'all';
  }

  // ---- links

  #key(a: SwarmNode, b: SwarmNode): string {
    return [a.name, b.name].sort().join(' - ');
  }

  #named(name: string): SwarmNode {
    const node = this.nodes.find((one) => one.name === name);
    assert.ok(node !== undefined);
    return node;
  }

  /** What is sent over a channel that breaks is lost. */
  #send(from: SwarmNode, to: SwarmNode, run: () => void): void {
    const key = this.#key(from, to);
    const channel = this.#open.get(key);
    if (channel === undefined || from === to) return;
    this.#later(1 + this.#rng.below(40), () => {
      if (this.#open.get(key) === channel) run();
    });
  }

  #link(a: SwarmNode, b: SwarmNode): void {
    const key = this.#key(a, b);
    if (this.#open.has(key) || a.blamed.has(b.name) || b.blamed.has(a.name)) return;
    this.#channel += 1;
    this.#open.set(key, this.#channel);
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      this.#step(from, { type: 'opened', peer: to.name });
      this.#send(from, to, () => {
        this.#step(to, { type: 'claims', peer: from.name, work: WORK, claim: this.#claim(from) });
      });
    }
  }

  #cut(a: SwarmNode, b: SwarmNode): void {
    if (!this.#open.delete(this.#key(a, b))) return;
    this.#step(a, { type: 'closed', peer: b.name });
    this.#step(b, { type: 'closed', peer: a.name });
  }

  #tick(): void {
    const { breaks, crashes } = this.#options;
    for (const [at, node] of this.nodes.entries()) {
      this.#step(node, { type: 'tick' });
      for (const other of this.nodes.slice(at + 1)) {
        if (this.#rng.below(1000) < breaks * 1000) this.#cut(node, other);
        else this.#link(node, other);
      }
      if (node.temper === 'honest' && this.#rng.below(1000) < crashes * 1000) this.#crash(node);
    }
    this.#later(TICK_MS, () => {
      this.#tick();
    });
  }

  /** What is on disk stays; whom it had blamed, it has forgotten. */
  #crash(node: SwarmNode): void {
    for (const other of this.nodes) this.#cut(node, other);
    node.life += 1;
    node.blamed = new Set();
    node.core = new TransferCore({ inFlightBytes: IN_FLIGHT, bytesPerSecond: 0 }, node.life * 100);
    this.#begin(node);
  }
}
