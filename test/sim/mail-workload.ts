/** A random life of a few nodes that send letters, from one seed. */
import { KithError } from '../../src/base/errors.ts';
import { letterFrame, receiptFrame } from '../../src/mail/wire.ts';
import { encodeReceipt } from '../../src/mail/wire.ts';
import type { CoreLimits } from '../../src/mail/core.ts';
import { MailChecks } from './mail-checks.ts';
import { MailNode } from './mail-node.ts';
import { SeededRng } from './rng.ts';
import { YEAR_MS } from './sim-clock.ts';
import { SimNetwork } from './sim-network.ts';
import { SimTimers } from './sim-timers.ts';

const DAY_MS = 86_400_000;
const STEPS = 40;
/** More letters than tight quotas hold. */
const CROWD = 12;
/** For a letter over five links of 400 ms that asks first at each, and its receipt. */
const PROMPT_MS = 20_000;
const ROOMY: CoreLimits = {
  carriedBytes: 4 * 1024 * 1024,
  carriedLetters: 10_000,
  perNeighbourBytes: 2 * 1024 * 1024,
  receipts: 10_000,
  lifeMaxHours: 91 * 24,
};
const TIGHT: CoreLimits = { ...ROOMY, carriedBytes: 40_000, perNeighbourBytes: 20_000, carriedLetters: 4 };

export interface Played {
  readonly simulatedMs: number;
  readonly events: number;
  readonly letters: number;
  readonly frames: number;
}

class MailWorld {
  readonly rng: SeededRng;
  readonly timers = new SimTimers();
  readonly network: SimNetwork;
  readonly checks: MailChecks;
  readonly nodes: MailNode[] = [];
  readonly #heard: Uint8Array[] = [];
  #offMs = 0;
  events = 0;

  constructor(seed: number) {
    this.rng = new SeededRng(seed);
    const faults = {
      minDelayMs: 1,
      maxDelayMs: this.rng.pick([5, 40, 400]) ?? 5,
      lossPer10k: this.rng.pick([0, 0, 50, 300]) ?? 0,
      chaos: this.rng.chance(20),
      windowBytes: this.rng.pick([2000, 64 * 1024]) ?? 2000,
    };
    this.network = new SimNetwork(this.timers, this.rng.fork(), faults);
    this.network.onDeliver = (_, __, frame) => {
      if (this.#heard.length < 200) this.#heard.push(frame);
    };
    const limits = this.rng.chance(30) ? TIGHT : ROOMY;
    this.checks = new MailChecks(limits);
    const count = this.rng.between(2, 6);
    for (let index = 0; index < count; index += 1) {
      this.nodes.push(
        new MailNode({
          network: this.network,
          checks: this.checks,
          rng: this.rng.fork(),
          limits,
          nodes: this.nodes,
        }),
      );
    }
    // A line at least, so that letters need carriers; more links by chance.
    for (let index = 1; index < count; index += 1) this.network.want(index - 1, index);
    for (let more = this.rng.below(4); more > 0; more -= 1)
      this.network.want(this.rng.below(count), this.rng.below(count));
  }

  runFor(ms: number): void {
    const endMs = this.timers.nowMs + ms;
    while (this.timers.step(endMs)) {
      this.events += 1;
      if (this.checks.violation !== undefined) throw this.checks.violation;
    }
  }

  mustHold(): void {
    if (this.checks.violation !== undefined) throw this.checks.violation;
  }

  someNode(): MailNode {
    const node = this.rng.pick(this.nodes);
    if (node === undefined) throw new Error('bug: a world without nodes');
    return node;
  }

  act(): void {
    const node = this.someNode();
    switch (this.rng.below(17)) {
      case 0:
      case 1:
      case 2:
      case 3:
      case 4:
        return this.#post(node);
      case 5:
        return node.crash();
      case 6:
        return this.#startAll();
      case 7:
        return this.network.block(this.rng.below(this.nodes.length), this.rng.below(this.nodes.length));
      case 8:
        return this.network.healAll();
      case 9:
        return node.backUp();
      case 10:
        if (node.restore()) this.checks.afterRestore(node);
        return;
      case 11:
        return this.#inject(node);
      case 12:
        node.store.disk.failNextCommit(new KithError('disk-full', 'The card is full.'));
        return;
      case 13:
        node.hasKeys = !node.hasKeys;
        return;
      case 14:
        return this.#read(node);
      case 15:
        return this.#setClock(this.rng.pick([YEAR_MS, -YEAR_MS, 3_600_000, 0]) ?? 0);
      default:
        return this.network.breakBetween(node.index, this.rng.below(this.nodes.length));
    }
  }

  #post(node: MailNode): void {
    const others = this.rng.shuffled(this.nodes.filter((other) => other !== node));
    const to = others.slice(0, this.rng.chance(70) ? 1 : this.rng.between(1, others.length));
    const size = this.rng.pick([5, 200, 200, 3000, 12_000]) ?? 5;
    const text = `${String(this.checks.letters.size)} ${'x'.repeat(size)}`;
    node.post(to, text, this.rng.chance(10) ? 3_600_000 : 20 * DAY_MS);
  }

  #read(node: MailNode): void {
    const query = { before: undefined, after: undefined, sinceMs: undefined, untilMs: undefined };
    node.read(node.store.inbox({ ...query, limit: 3, unread: true }));
  }

  /** What a neighbour gone bad may say: old frames again, forged receipts, letters that nobody sealed, noise. */
  #inject(node: MailNode): void {
    const peer = this.rng.pick(node.peers);
    if (peer === undefined) return;
    const letter = this.rng.pick([...node.store.letters()]);
    const frames = [
      this.rng.pick(this.#heard),
      letter === undefined ? undefined : letterFrame(letter.copy.bytes),
      letter === undefined
        ? undefined
        : receiptFrame(
            encodeReceipt({
              copy: letter.copy.id,
              secret: this.rng.bytes(16),
              expiryHours: letter.copy.expiryHours,
              word: this.rng.bytes(100),
            }).bytes,
          ),
      this.rng.bytes(this.rng.between(1, 80)),
    ];
    const frame = this.rng.pick(frames);
    // What a real channel gave, it gave as memory of its own.
    if (frame !== undefined) node.hear(peer, new Uint8Array(frame));
  }

  /** One clock may be anything; the others know better. */
  #setClock(offMs: number): void {
    this.nodes[0]?.clock.jump(offMs - this.#offMs);
    this.#offMs = offMs;
  }

  #startAll(): void {
    for (const node of this.nodes) if (!node.isUp()) node.start();
  }

  /**
   * Much for somebody who is not there, while all others are: what carriers keep grows as far as their quotas let it.
   * After all else: a seed goes on meaning the life that it meant, and what quotas keep out need not arrive.
   */
  crowd(): void {
    const [away, ...others] = this.rng.shuffled(this.nodes);
    if (away === undefined || others.length < 2) return;
    this.network.healAll();
    this.#startAll();
    away.hasKeys = true;
    away.crash();
    for (let letter = 0; letter < CROWD; letter += 1) {
      const from = others[letter % others.length];
      from?.post([away], `crowd ${String(letter)} ${'x'.repeat(200)}`, 20 * DAY_MS);
      this.runFor(100);
    }
    this.runFor(20_000);
    for (const node of others) this.checks.inspect(node);
  }

  /** Where nothing stands in the way, letter and receipt run at once from end to end: no comparing is waited for. */
  hurry(): void {
    const [first, last] = [this.nodes[0], this.nodes.at(-1)];
    if (first === undefined || last === undefined) return;
    const letter = first.post([last], 'at once', 20 * DAY_MS);
    this.runFor(PROMPT_MS);
    if (letter !== undefined) this.checks.arrivedBy(first, letter);
  }

  /** All faults end; then everything must have come to rest. */
  heal(): void {
    this.network.faults.chaos = false;
    this.network.faults.lossPer10k = 0;
    this.network.healAll();
    this.#setClock(0);
    for (const node of this.nodes) {
      node.store.disk.crash();
      node.hasKeys = true;
    }
    this.network.breakAll();
    this.#startAll();
    this.runFor(60_000);
    this.#startAll();
    this.runFor(400_000);
    for (const node of this.nodes) node.flush();
  }
}

/** @throws Violation at the first rule that is broken. */
export function playMailSeed(seed: number): Played {
  const world = new MailWorld(seed);
  for (let step = 0; step < STEPS; step += 1) {
    world.act();
    world.runFor(world.rng.pick([5, 60, 1000, 20_000]) ?? 5);
    const node = world.someNode();
    world.checks.inspect(node);
    if (world.checks.violation !== undefined) throw world.checks.violation;
  }
  world.heal();
  world.checks.atRest(world.nodes);
  world.mustHold();
  world.hurry();
  world.mustHold();
  world.crowd();
  world.mustHold();
  return {
    simulatedMs: world.timers.nowMs,
    events: world.events,
    letters: world.checks.letters.size,
    frames: world.network.frames,
  };
}
