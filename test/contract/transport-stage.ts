/** The stage on which the transport's contract is played: nodes, what happens on them, and ways to wait for it. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { isKithError } from '../../src/base/errors.ts';
import type { LinkKey } from '../../src/base/ids.ts';
import type { Channel, ChannelName, Gate, Link, Transport } from '../../src/net/ports.ts';

export interface TransportFixture {
  /** A transport that was not started yet. Another seed is another key. */
  make(options: { seed: number; gate: Gate }): Promise<Transport>;
  /** Opens a channel under the name and writes bytes on it that no channel would; undefined where there is nothing below channels. */
  readonly writeRaw?: (options: {
    seed: number;
    address: string;
    name: ChannelName;
    bytes: Uint8Array;
  }) => Promise<void>;
}

export const ECHO: ChannelName = '/kith/1/test-echo';
export const SINK: ChannelName = '/kith/1/test-sink';

/** Things that happen, and waiting for them. */
export class Watch<Item> {
  readonly seen: Item[] = [];
  #given = 0;
  #wake = Promise.withResolvers<undefined>();

  push(item: Item): void {
    this.seen.push(item);
    this.#wake.resolve(undefined);
    this.#wake = Promise.withResolvers<undefined>();
  }

  /** The next that nobody was given yet. */
  async next(): Promise<Item> {
    const place = this.#given;
    this.#given += 1;
    while (this.seen.length <= place) await this.#wake.promise;
    const item = this.seen[place];
    assert.ok(item !== undefined);
    return item;
  }

  /** The first so many, once there are so many. */
  async take(count: number): Promise<readonly Item[]> {
    while (this.seen.length < count) await this.#wake.promise;
    return this.seen.slice(0, count);
  }
}

export class Node {
  readonly transport: Transport;
  readonly links = new Watch<Link>();
  readonly unlinks = new Watch<Link>();
  readonly channels = new Watch<Channel>();

  constructor(transport: Transport) {
    this.transport = transport;
    transport.on({ link: (link) => this.links.push(link), unlink: (link) => this.unlinks.push(link) });
  }

  get self(): LinkKey {
    return this.transport.self;
  }

  get address(): string {
    const [first] = this.transport.listening();
    assert.ok(first !== undefined);
    return first;
  }

  dial(other: Node): Promise<Link> {
    return this.transport.dial(other.address, {});
  }

  serve(name: ChannelName): void {
    this.transport.handle(name, (channel) => this.channels.push(channel));
  }

  serveEcho(): void {
    this.transport.handle(ECHO, (channel) => {
      this.channels.push(channel);
      channel.onFrame((frame) => channel.send(frame));
    });
  }
}

export class Stage {
  readonly fixture: TransportFixture;
  readonly context: TestContext;
  readonly #nodes: Node[] = [];

  constructor(fixture: TransportFixture, context: TestContext) {
    this.fixture = fixture;
    this.context = context;
  }

  async node(gate: Gate = { mayLink: () => true }): Promise<Node> {
    const node = new Node(await this.fixture.make({ seed: this.#nodes.length + 1, gate }));
    this.#nodes.push(node);
    await node.transport.start();
    return node;
  }

  /** Two nodes and both ends of a channel between them. */
  async pair(): Promise<{ a: Node; b: Node; near: Channel; far: Channel }> {
    const [a, b] = [await this.node(), await this.node()];
    b.serve(SINK);
    const near = await (await a.dial(b)).open(SINK);
    return { a, b, near, far: await b.channels.next() };
  }

  /** A second channel on the same link, on which frames come back. */
  async probe(a: Node, b: Node): Promise<(frame: Uint8Array) => Promise<Uint8Array>> {
    b.serveEcho();
    const [link] = a.transport.links();
    assert.ok(link !== undefined);
    const channel = await link.open(ECHO);
    return (frame) => roundTrip(channel, frame);
  }

  async end(): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node.transport.stop()));
  }
}

export function roundTrip(channel: Channel, frame: Uint8Array): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    channel.onFrame(resolve);
    channel.onClose((error) => reject(error ?? new Error('closed')));
    channel.send(frame);
  });
}

export function closed(channel: Channel): Promise<Error | undefined> {
  return new Promise((resolve) => {
    channel.onClose(resolve);
  });
}

export function ending(channel: Channel): { closed: Promise<Error | undefined>; times: () => number } {
  let times = 0;
  const gone = Promise.withResolvers<Error | undefined>();
  channel.onClose((error) => {
    times += 1;
    gone.resolve(error);
  });
  return { closed: gone.promise, times: () => times };
}

/** Sends frames of these sizes, heeding the channel. */
export async function sendAll(
  channel: Channel,
  sizes: readonly number[],
  make: (n: number, sizeBytes: number) => Uint8Array,
): Promise<void> {
  let drained = Promise.withResolvers<undefined>();
  channel.onDrain(() => {
    drained.resolve(undefined);
    drained = Promise.withResolvers<undefined>();
  });
  for (const [n, sizeBytes] of sizes.entries()) {
    const { promise } = drained;
    if (!channel.send(make(n, sizeBytes))) await promise;
  }
}

/** Waits until a figure stands still over many round trips on another channel. */
export async function settled(
  figure: () => number,
  probe: (frame: Uint8Array) => Promise<unknown>,
): Promise<void> {
  for (let still = 0; still < 50; still += 1) {
    const before = figure();
    await probe(Uint8Array.of(1));
    if (figure() !== before) still = 0;
  }
}

export function patterned(n: number, sizeBytes: number): Uint8Array {
  return new Uint8Array(sizeBytes).fill(n % 251);
}

export function numbered(series: number, count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, n) => Uint8Array.of(series, n + 1));
}

export async function rejects(promise: Promise<unknown>, code: string): Promise<void> {
  await assert.rejects(promise, (error) => {
    assert.ok(isKithError(error), String(error));
    assert.equal(error.code, code, error.message);
    return true;
  });
}
