/** A channel of the transport's twin in memory: a queue, a window and an end, as over libp2p. */
import type { Bytes } from '../../src/base/bytes.ts';
import { KithError } from '../../src/base/errors.ts';
import type { LinkKey } from '../../src/base/ids.ts';
import { LIMITS } from '../../src/base/limits.ts';
import type { Channel, ChannelName } from '../../src/net/ports.ts';

const HIGH_WATER_BYTES = 1024 * 1024;
const LOW_WATER_BYTES = 256 * 1024;
const WINDOW_BYTES = 256 * 1024;
const OVERRUN_BYTES = 16 * LIMITS.frameBytes;

/** What a channel needs of the link that it is on. */
export interface ChannelHome {
  readonly peer: LinkKey;
  /** Runs at the other end, after everything that was posted before. */
  post(run: () => void): void;
  show(direction: 'in' | 'out', channel: ChannelName, frame: Bytes): void;
  threw(channel: ChannelName, error: unknown): void;
  track(channel: MemoryChannel): void;
  forget(channel: MemoryChannel): void;
}

export class MemoryChannel implements Channel {
  readonly name: ChannelName;
  readonly peer: LinkKey;
  readonly #link: ChannelHome;
  #joined: MemoryChannel | undefined;
  #state: 'open' | 'closing' | 'closed' = 'open';
  #closeError: Error | undefined;
  #outbox: Bytes[] = [];
  #bufferedBytes = 0;
  #creditBytes = WINDOW_BYTES;
  #inbox: Bytes[] = [];
  #paused = false;
  #delivering = false;
  #remoteClosed = false;
  #owesDrain = false;
  #pumping = false;
  #frameHandler: ((frame: Bytes) => void) | undefined;
  #drainHandler: (() => void) | undefined;
  #closeHandler: ((error: Error | undefined) => void) | undefined;

  constructor(name: ChannelName, link: ChannelHome) {
    this.name = name;
    this.peer = link.peer;
    this.#link = link;
    link.track(this);
  }

  join(other: MemoryChannel): void {
    this.#joined = other;
  }

  get #other(): MemoryChannel {
    if (this.#joined === undefined) throw new Error('bug: a channel has two ends');
    return this.#joined;
  }

  get bufferedBytes(): number {
    return this.#bufferedBytes;
  }

  send(frame: Bytes): boolean {
    if (frame.byteLength === 0)
      throw new KithError('empty-frame', 'A frame on a channel holds at least one byte.');
    if (frame.byteLength > LIMITS.frameBytes)
      throw new KithError('too-large', `A frame of ${frame.byteLength} bytes is over the limit.`);
    if (this.#state !== 'open') return false;
    if (this.#bufferedBytes > OVERRUN_BYTES) {
      this.abort(new KithError('overrun', 'Too much waits to be sent on this channel; it was ended.'));
      return false;
    }
    this.#outbox.push(frame.slice());
    this.#bufferedBytes += frame.byteLength;
    this.#link.show('out', this.name, frame);
    this.#schedulePump();
    this.#owesDrain ||= this.#bufferedBytes >= HIGH_WATER_BYTES;
    return !this.#owesDrain;
  }

  onFrame(handler: (frame: Bytes) => void): void {
    this.#frameHandler = handler;
    this.#deliver();
  }

  onDrain(handler: () => void): void {
    this.#drainHandler = handler;
  }

  onClose(handler: (error: Error | undefined) => void): void {
    this.#closeHandler = handler;
    if (this.#state === 'closed') queueMicrotask(() => this.#tellClosed());
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#deliver();
  }

  close(): void {
    if (this.#state !== 'open') return;
    this.#state = 'closing';
    for (const frame of this.#inbox.splice(0)) this.#giveCredit(frame.byteLength);
    this.#schedulePump();
  }

  abort(reason: Error): void {
    if (this.#state === 'closed') return;
    this.finish(reason);
    this.#link.post(() =>
      this.#other.finish(new KithError('channel-reset', 'The other side broke the channel off.')),
    );
  }

  /** The link is gone; what the other side sent before it closed may still wait for a paused receiver. */
  lose(reason: Error): void {
    if (!this.#remoteClosed) this.finish(reason);
  }

  finish(error: Error | undefined): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#closeError = error;
    this.#outbox = [];
    this.#inbox = [];
    this.#bufferedBytes = 0;
    this.#link.forget(this);
    this.#tellClosed();
  }

  #schedulePump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    queueMicrotask(() => {
      this.#pumping = false;
      this.#pump();
    });
  }

  #pump(): void {
    for (let frame = this.#outbox[0]; frame !== undefined && this.#creditBytes > 0; frame = this.#outbox[0]) {
      const whole = frame;
      this.#outbox.shift();
      this.#bufferedBytes -= whole.byteLength;
      this.#creditBytes -= whole.byteLength;
      this.#link.post(() => this.#other.#receive(whole));
    }
    if (this.#state === 'closing' && this.#outbox.length === 0) {
      this.#link.post(() => this.#other.#receiveEnd());
      this.finish(undefined);
    }
    if (!this.#owesDrain || this.#state !== 'open' || this.#bufferedBytes > LOW_WATER_BYTES) return;
    this.#owesDrain = false;
    this.#call(() => this.#drainHandler?.());
  }

  #receive(frame: Bytes): void {
    if (this.#state !== 'open') {
      this.#giveCredit(frame.byteLength);
      return;
    }
    this.#inbox.push(frame);
    this.#deliver();
  }

  #receiveEnd(): void {
    this.#remoteClosed = true;
    this.#deliver();
  }

  #deliver(): void {
    if (this.#delivering) return;
    this.#delivering = true;
    while (this.#deliverOne());
    this.#delivering = false;
    if (this.#remoteClosed && this.#state === 'open' && this.#inbox.length === 0) this.finish(undefined);
  }

  #deliverOne(): boolean {
    const handler = this.#frameHandler;
    if (this.#paused || handler === undefined || this.#state !== 'open') return false;
    const frame = this.#inbox.shift();
    if (frame === undefined) return false;
    this.#giveCredit(frame.byteLength);
    this.#link.show('in', this.name, frame);
    this.#call(() => handler(frame));
    return true;
  }

  #giveCredit(sizeBytes: number): void {
    this.#link.post(() => {
      this.#other.#creditBytes += sizeBytes;
      this.#other.#pump();
    });
  }

  #tellClosed(): void {
    const handler = this.#closeHandler;
    if (handler === undefined) return;
    this.#closeHandler = undefined;
    this.#call(() => handler(this.#closeError));
  }

  #call(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#link.threw(this.name, error);
      this.abort(error instanceof Error ? error : new Error(String(error)));
    }
  }
}

export function lost(): KithError {
  return new KithError('link-lost', 'The link to this peer ended.');
}
