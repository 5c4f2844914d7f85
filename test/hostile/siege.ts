/**
 * R5: a node between an honest neighbour and hostile ones, who are members and send whatever they like on any channel.
 * A channel that the node ends is opened again, and whoever was cut off is let in again: that it happened is counted.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn, setTimeout as pause } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { toHex, utf8, type Bytes } from '../../src/base/bytes.ts';
import { encodeCbor } from '../../src/base/cbor.ts';
import { isKithError } from '../../src/base/errors.ts';
import type { LinkKey } from '../../src/base/ids.ts';
import { HELLO, HELLO_VERSION, hearHello, mustSpeakAlike, sayHello } from '../../src/net/libp2p/hello.ts';
import { JOIN_CHANNEL } from '../../src/node/join-host.ts';
import { searchAndAsk } from '../../src/node/joining.ts';
import { alertFromWords } from '../../src/alarms/making.ts';
import type { Channel, ChannelName, Link } from '../../src/net/ports.ts';
import type { RoomId, RoomView } from '../../src/rooms/index.ts';
import type { MemoryTransport } from '../sim/memory-transport.ts';
import { type SeededRng } from '../sim/rng.ts';
import { HostileFrames } from './frames.ts';
import { ServiceNode, Surroundings } from './service-node.ts';

/** Channels that are left open and silent, as a slow neighbour does. */
const IDLE_CHANNELS = 16;
const HOSTILE_MEMBERS = 2;
const RECORDED = 300;
/** Simulated time within which a frame is taken or its channel ends, whatever its quota. */
const HANGING_MS = 20 * 60_000;
/** Real time for what is on disk: simulated time goes on with each of them. */
const DISK_TURN_MS = 1;
const HEAP_SAMPLES = 8;
/** Frames that a newcomer reads before it gives up. */
const ASKED_FRAMES = 200;

export interface Besieged {
  readonly frames: number;
  readonly channelsEnded: number;
  readonly linksEnded: number;
  /** After a collection of garbage, at the end of the first and of the last quarter. */
  readonly heapMiB: readonly [first: number, last: number];
  readonly refusals: ReadonlyMap<string, number>;
  readonly simulatedMs: number;
}

/** Any address of a transport with its key: hostile code, not a node. */
interface Attacker {
  readonly transport: MemoryTransport;
}

export class Siege {
  readonly around: Surroundings;
  readonly rng: SeededRng;
  readonly ada: ServiceNode;
  readonly ben: ServiceNode;
  readonly #members: Attacker[] = [];
  readonly #recorded: Map<ChannelName, Bytes[]>;
  readonly #idle: Channel[] = [];
  readonly #taken = new Map<string, number>();
  #linksEnded = 0;
  /** Of the two honest ones. */
  #ours: RoomId | undefined;
  #served = 0;

  private constructor(
    around: Surroundings,
    nodes: { ada: ServiceNode; ben: ServiceNode },
    recorded: Map<ChannelName, Bytes[]>,
  ) {
    this.around = around;
    this.rng = around.rng.fork();
    this.ada = nodes.ada;
    this.ben = nodes.ben;
    this.#recorded = recorded;
    nodes.ada.transport.on({
      frame: ({ direction, peer, channel }) => {
        if (direction !== 'in') return;
        const key = `${peer} ${channel}`;
        this.#taken.set(key, (this.#taken.get(key) ?? 0) + 1);
      },
    });
  }

  /** A network in which honest frames of every channel have crossed the air, and were recorded. */
  static async begin(seed: number): Promise<Siege> {
    const around = new Surroundings(seed);
    const recorded = new Map<ChannelName, Bytes[]>();
    around.tap = (_from, channel, frame) => {
      const frames = recorded.get(channel) ?? [];
      recorded.set(channel, frames);
      if (frames.length < RECORDED) frames.push(frame.slice());
    };
    const ada = await ServiceNode.make(around);
    ada.found();
    const ben = await ServiceNode.make(around);
    const siege = new Siege(around, { ada, ben }, recorded);
    await siege.#during(ben.join(ada, 'Ben'));
    const others: ServiceNode[] = [];
    for (let member = 0; member < HOSTILE_MEMBERS; member += 1) {
      const other = await ServiceNode.make(around);
      await siege.#during(other.join(ada, `Member ${String(member)}`));
      others.push(other);
    }
    await siege.pass(5000);
    await siege.#honestLife([ada, ben, ...others]);
    for (const other of others) {
      await siege.#during(other.stop());
      siege.#members.push(await siege.#attacker(other.self));
    }
    await siege.mustServe();
    around.tap = undefined;
    siege.#greet();
    // Whoever was cut off would stay away: here it comes back at once.
    ada.session.links.conduct.isCut = () => false;
    ada.transport.on({ unlink: () => (siege.#linksEnded += 1) });
    return siege;
  }

  /** The twin's links stand without a hello: it is read here as `net/libp2p/transport.ts` reads it. */
  #greet(): void {
    this.#recorded.set(HELLO, [encodeCbor([HELLO_VERSION, this.around.clock.nowMs()]), encodeCbor([2])]);
    this.ada.transport.handle(HELLO, (channel) => {
      hearHello(channel)
        .then((hello) => {
          sayHello(channel, this.around.clock.nowMs());
          mustSpeakAlike(hello);
        })
        .catch((error: unknown) => {
          if (!isKithError(error)) this.around.thrown.push(String(error));
          channel.abort(new Error('no hello'));
        });
    });
  }

  async #attacker(self: LinkKey): Promise<Attacker> {
    const transport = this.around.network.transport({ self, gate: { mayLink: () => true } });
    await transport.start();
    return { transport };
  }

  async #honestLife(nodes: readonly ServiceNode[]): Promise<void> {
    for (const node of nodes) {
      const others = nodes.filter((other) => other !== node);
      const to = others.map(({ session }) => session.ownMemberId);
      node.mail.service.post(to.slice(0, 1), `from ${node.self.slice(0, 4)}`);
      node.mail.service.post(to, 'x'.repeat(9000));
      node.session.log.append([
        { kind: 'x-note', lane: 'data', parts: [{ audience: 'members', payload: utf8('a note') }] },
      ]);
      for (const { self } of others) node.session.links.relay.send(self, 'vote', utf8('yes'));
      await this.pass(3000);
    }
    await this.#offered(this.ada, 'a file');
    await this.#room('All of us', nodes);
    this.#ours = await this.#room('Two of us', [this.ada, this.ben]);
    const alarm = this.#raise('Fire');
    await this.pass(2000);
    for (const { session } of nodes) {
      const here = session.alarms.desk.alarm(alarm.id);
      if (here !== undefined) session.alarms.desk.see(here);
    }
    await this.pass(70_000);
  }

  /** What one offers, the other has before long. */
  async #offered(to: ServiceNode, text: string): Promise<void> {
    const from = to === this.ada ? this.ben : this.ada;
    const path = join(from.folder, `${text}.txt`);
    writeFileSync(path, text.repeat(1000));
    const sending = from.files.send(path, undefined);
    const { state } = await this.#during(sending, DISK_TURN_MS);
    assert.ok(state.type === 'file');
    await this.until(`${text} is there`, () => to.files.isHere(state.content), HANGING_MS, DISK_TURN_MS);
  }

  /** Founded by the first one; all count, and somebody has said something. */
  async #room(name: string, nodes: readonly ServiceNode[]): Promise<RoomId> {
    const [first, ...others] = nodes;
    assert.ok(first !== undefined);
    const room = first.rooms.create(
      name,
      others.map(({ session }) => session.ownMemberId),
    );
    const viewOf = (node: ServiceNode): RoomView | undefined =>
      node.rooms.views().find(({ id }) => id === room);
    for (const node of others) {
      await this.until('they are invited', () => viewOf(node)?.state === 'invited');
      node.rooms.accept(room);
    }
    const counts = (node: ServiceNode): boolean => {
      const view = viewOf(node);
      return view?.voters.length === nodes.length && view.keys?.state === 'in';
    };
    await this.until('all count', () => nodes.every(counts));
    for (const node of nodes) node.rooms.post(room, 'a word');
    await this.until('it is said', () => nodes.every((node) => viewOf(node)?.confirmed === nodes.length));
    return room;
  }

  #raise(text: string): ReturnType<ServiceNode['session']['alarms']['desk']['raise']> {
    const said = alertFromWords({ text }, 'Ada', false, false, { afterMs: 0, to: [] });
    return this.ada.session.alarms.desk.raise(said, 'members');
  }

  // ---- time

  /** Steps of simulated time, with real turns between them for what is sealed and opened; longer ones for the disk. */
  async pass(forMs: number, stepMs = 100, turnMs = 0): Promise<void> {
    for (let passedMs = 0; passedMs < forMs; passedMs += stepMs) {
      this.around.timers.advance(stepMs);
      await (turnMs === 0 ? turn() : pause(turnMs));
    }
  }

  async #during<Result>(work: Promise<Result>, turnMs = 0): Promise<Result> {
    const state = { isOver: false };
    const over = work.finally(() => (state.isOver = true));
    for (let steps = 0; !state.isOver; steps += 1) {
      assert.ok(steps < 10_000, 'nothing comes of it');
      await this.pass(100, 100, turnMs);
    }
    return over;
  }

  async until(what: string, condition: () => boolean, withinMs = 180_000, turnMs = 0): Promise<void> {
    for (let passedMs = 0; !condition(); passedMs += 100) {
      assert.ok(passedMs < withinMs, `never: ${what}`);
      await this.pass(100, 100, turnMs);
    }
  }

  // ---- the siege

  /** @param stranger it is no member, and only has an invitation to knock with. */
  async attack(name: ChannelName, count: number, stranger = false): Promise<Besieged> {
    const honest = this.#recorded.get(name) ?? [];
    const frames = new HostileFrames(this.rng.fork(), honest);
    const attackers = stranger ? [await this.#knocker()] : this.#members;
    const heap: number[] = [];
    const before = { linksEnded: this.#linksEnded, logged: new Map(this.ada.log.counts) };
    const beganMs = this.around.timers.nowMs;
    let [taken, ended] = [0, 0];
    for (let round = 0; taken < count; round += 1) {
      const attacker = attackers[round % attackers.length];
      if (attacker === undefined) break;
      const channel = await this.#open(attacker, name);
      if (channel === undefined) continue;
      const outcome = await this.#assault(attacker, channel, frames, honest[0]);
      taken += outcome.taken;
      ended += outcome.ended ? 1 : 0;
      if (taken >= ((heap.length + 1) * count) / HEAP_SAMPLES) heap.push(heapMiB());
    }
    this.#leave();
    return {
      frames: taken,
      channelsEnded: ended,
      linksEnded: this.#linksEnded - before.linksEnded,
      heapMiB: ends(heap),
      refusals: grown(before.logged, this.ada.log.counts),
      simulatedMs: this.around.timers.nowMs - beganMs,
    };
  }

  /** Somebody who wants to join asks a hostile node, over and over. */
  async attackNewcomer(count: number): Promise<Besieged> {
    const frames = new HostileFrames(this.rng.fork(), this.#recorded.get(JOIN_CHANNEL) ?? []);
    const { transport } = await this.#attacker(toHex(this.rng.bytes(32)) as LinkKey);
    const newcomer = await ServiceNode.make(this.around);
    let [taken, ended] = [0, 0];
    newcomer.transport.on({ frame: ({ direction }) => (taken += direction === 'in' ? 1 : 0) });
    transport.handle(JOIN_CHANNEL, (channel) => {
      channel.onClose(() => (ended += 1));
      channel.onFrame(() => {
        for (let left = this.rng.between(1, 3); left > 0; left -= 1) channel.send(frames.next());
      });
    });
    const deps = { ...newcomer.joining, addresses: () => transport.listening() };
    const { network } = this.ada.session.log;
    const profile = { name: 'Cho', org: '', place: '' };
    const beganMs = this.around.timers.nowMs;
    const heap: number[] = [];
    while (taken < count) {
      const giveUp = new AbortController();
      const enough = Math.min(count, taken + ASKED_FRAMES);
      const target = { secret: { kind: 'link', seed: this.rng.bytes(32), network }, addresses: [] } as const;
      let isOver = (): boolean => false;
      const joining = searchAndAsk(deps, target, profile, giveUp.signal).then(() => undefined, mustBeRefusal);
      void joining.finally(() => (isOver = () => true));
      await this.until('answers are read', () => isOver() || taken >= enough, HANGING_MS);
      giveUp.abort();
      await this.#during(joining);
      for (const link of transport.links()) transport.hangUp(link.peer);
      if (taken >= ((heap.length + 1) * count) / HEAP_SAMPLES) heap.push(heapMiB());
    }
    await transport.stop();
    await this.#during(newcomer.stop());
    return {
      frames: taken,
      channelsEnded: ended,
      linksEnded: 0,
      heapMiB: ends(heap),
      refusals: newcomer.log.counts,
      simulatedMs: this.around.timers.nowMs - beganMs,
    };
  }

  async #knocker(): Promise<Attacker> {
    const { session } = this.ada;
    session.host.openLink('member', '', session.deps.clock.nowMs() + 30 * 86_400_000, 1);
    return this.#attacker(toHex(this.rng.bytes(32)) as LinkKey);
  }

  /** Over a link that stands, or a new one; undefined when it is not let in at this moment. */
  async #open({ transport }: Attacker, name: ChannelName): Promise<Channel | undefined> {
    try {
      const standing: Link | undefined = transport.links()[0];
      const link = standing ?? (await this.#during(transport.dial(this.ada.address, {})));
      return await link.open(name);
    } catch {
      await this.pass(100);
      return undefined;
    }
  }

  /** Some frames on one channel, each awaited: taken, or the end of the channel. */
  async #assault(
    attacker: Attacker,
    channel: Channel,
    frames: HostileFrames,
    greeting: Bytes | undefined,
  ): Promise<{ taken: number; ended: boolean }> {
    const key = `${attacker.transport.self} ${channel.name}`;
    const state = { ended: false };
    channel.onClose(() => (state.ended = true));
    channel.onFrame(() => undefined);
    let sent = this.#taken.get(key) ?? 0;
    const from = sent;
    const send = (frame: Bytes): void => {
      channel.send(frame);
      sent += 1;
    };
    const greets = greeting !== undefined && this.rng.chance(80);
    if (greets) send(greeting);
    for (let batches = this.rng.between(1, 6); batches > 0 && !state.ended; batches -= 1) {
      for (let left = this.rng.between(1, 8); left > 0; left -= 1) send(frames.next());
      await this.#untilTaken(() => state.ended || (this.#taken.get(key) ?? 0) >= sent, channel.name);
    }
    const isEnded = state.ended;
    if (!isEnded) this.#part(channel);
    return { taken: (this.#taken.get(key) ?? 0) - from - (greets ? 1 : 0), ended: isEnded };
  }

  async #untilTaken(isTaken: () => boolean, name: ChannelName): Promise<void> {
    for (let passedMs = 0, steps = 0; !isTaken(); steps += 1) {
      assert.ok(passedMs < HANGING_MS, `${name}: a frame is neither taken nor refused`);
      const stepMs = steps < 2 ? 0 : 250;
      this.around.timers.advance(stepMs);
      passedMs += stepMs;
      await turn();
    }
    this.around.timers.advance(2);
  }

  /** Closed, broken off, or left open and silent. */
  #part(channel: Channel): void {
    const way = this.rng.below(3);
    if (way === 0) channel.close();
    else if (way === 1) channel.abort(new Error('enough'));
    else if (this.#idle.push(channel) > IDLE_CHANNELS) this.#idle.shift()?.close();
  }

  #leave(): void {
    for (const channel of this.#idle.splice(0)) channel.close();
  }

  async end(): Promise<void> {
    this.#leave();
    for (const node of [this.ada, this.ben]) await this.#during(node.stop(), DISK_TURN_MS);
  }

  // ---- what must hold

  mustBeSound(): void {
    assert.deepEqual(this.around.thrown, [], 'no handler throws');
    assert.deepEqual(this.ada.log.errors, [], 'nothing is logged as a mistake of ours');
  }

  /** The honest neighbour: letters both ways, an entry, an alarm, its place on the map. */
  async mustServe(): Promise<void> {
    const { ada, ben } = this;
    this.#served += 1;
    const text = `still here ${String(this.#served)}`;
    ada.mail.service.post([ben.session.ownMemberId], text);
    ben.mail.service.post([ada.session.ownMemberId], text);
    const entries = (node: ServiceNode): number =>
      node.session.log.feeds().reduce((sum, { seq }) => sum + seq, 0);
    ben.session.log.append([
      { kind: 'x-note', lane: 'data', parts: [{ audience: 'members', payload: utf8(text) }] },
    ]);
    const room = this.#ours;
    if (room !== undefined) ben.rooms.post(room, text);
    const alarm = this.#raise(text);
    if (room !== undefined)
      await this.until('the room has it', () =>
        ada.rooms
          .read(room, undefined, 50)
          .some((message) => message.text === text && message.index !== null),
      );
    await this.until('the alarm reaches Ben', () => ben.session.alarms.desk.alarm(alarm.id) !== undefined);
    await this.until('Ben has the letter', () => ben.letters.includes(text));
    await this.until('Ada has the letter', () => ada.letters.includes(text));
    await this.#offered(ada, `${text}, says Ben`);
    await this.until('both have the same log', () => entries(ada) === entries(ben));
    assert.equal(ada.session.links.statusOf(ben.self), 'here');
    assert.equal(
      ada.session.links.conduct.list().find(({ peer }) => peer === ben.self),
      undefined,
      'nobody blames Ben',
    );
  }
}

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

function heapMiB(): number {
  collect();
  return process.memoryUsage().heapUsed / 1024 / 1024;
}

/** The lowest of the first and of the last quarter: what comes and goes between is no growth. */
function ends(samples: readonly number[]): readonly [number, number] {
  const quarter = Math.ceil(samples.length / 4);
  return [Math.min(...samples.slice(0, quarter)), Math.min(...samples.slice(-quarter))];
}

function mustBeRefusal(error: unknown): undefined {
  if (isKithError(error)) return undefined;
  throw error;
}

function grown(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>): Map<string, number> {
  return new Map(
    [...after]
      .map(([line, count]) => [line, count - (before.get(line) ?? 0)] as const)
      .filter(([, n]) => n > 0),
  );
}
