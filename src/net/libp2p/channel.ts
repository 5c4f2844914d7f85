/** A channel of frames over one libp2p stream. */
import type { Stream, StreamCloseEvent, StreamMessageEvent } from '@libp2p/interface';
import type { Bytes } from '../../base/bytes.ts';
import { malformed } from '../../base/cbor.ts';
import { isKithError, KithError } from '../../base/errors.ts';
import type { LinkKey } from '../../base/ids.ts';
import { LIMITS } from '../../base/limits.ts';
import type { Logger, Timer, Timers } from '../../base/ports.ts';
import type { Channel, ChannelName, TransportEvents } from '../ports.ts';
import { checkFrameSize, FrameDecoder } from './framing.ts';
import { Outbox } from './outbox.ts';
import type { Pacer } from './pacer.ts';
import { tellWindowSeldom } from './window-updates.ts';

/** From here on `send` says false … */
const HIGH_WATER_BYTES = 1024 * 1024;
/** … and here `onDrain` is called. */
const LOW_WATER_BYTES = 256 * 1024;
/** Handed to the stream at once; more waits here. */
const STREAM_BYTES = 64 * 1024;
/** A sender that goes on after `send` said false is cut off here. */
const OVERRUN_BYTES = 16 * LIMITS.frameBytes;
/** How long a closed channel waits for the other side's end before it drops the stream. */
const LINGER_MS = 10_000;

/** Where frames are shown to who listens; one property, so that it costs a look when nobody does. */
export interface FrameTap {
  record: TransportEvents['frame'] | undefined;
}

export interface ChannelInit {
  readonly name: ChannelName;
  readonly peer: LinkKey;
  readonly stream: Stream;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly tap: FrameTap;
  /** For bulk, which must not fill the link. */
  readonly pacer: Pacer | undefined;
}

export class StreamChannel implements Channel {
  readonly name: ChannelName;
  readonly peer: LinkKey;
  readonly #init: ChannelInit;
  readonly #stream: Stream;
  readonly #outbox = new Outbox();
  readonly #decoder = new FrameDecoder();
  readonly #goOn = (): void => this.#flush();
  #state: 'open' | 'closing' | 'closed' = 'open';
  #closeError: Error | undefined;
  #flushing = false;
  #owesDrain = false;
  #paused = false;
  #delivering = false;
  #resuming = false;
  /** The other side said that nothing follows; without it an end is a break. */
  #remoteClosed = false;
  /** All that it sent is in the decoder. */
  #readAll = false;
  #linger: Timer | undefined;
  #frameHandler: ((frame: Bytes) => void) | undefined;
  #drainHandler: (() => void) | undefined;
  #closeHandler: ((error: Error | undefined) => void) | undefined;

  constructor(init: ChannelInit) {
    this.name = init.name;
    this.peer = init.peer;
    this.#init = init;
    this.#stream = init.stream;
    tellWindowSeldom(init.stream);
    this.#remoteClosed = init.stream.remoteWriteStatus === 'closed';
    this.#readAll = init.stream.readableEnded;
    this.#matchFlow();
    this.#listen();
    if (init.stream.status !== 'open' && !this.#remoteClosed) queueMicrotask(() => this.#finish(linkLost()));
  }

  get bufferedBytes(): number {
    return this.#outbox.sizeBytes + this.#stream.writeBufferLength;
  }

  send(frame: Bytes): boolean {
    checkFrameSize(frame.byteLength);
    if (this.#state !== 'open') return false;
    if (this.bufferedBytes > OVERRUN_BYTES) {
      this.abort(new KithError('overrun', 'Too much waits to be sent on this channel; it was ended.'));
      return false;
    }
    this.#outbox.add(frame);
    this.#scheduleFlush();
    this.#show('out', frame.byteLength);
    this.#owesDrain ||= this.bufferedBytes >= HIGH_WATER_BYTES;
    return !this.#owesDrain;
  }

  onFrame(handler: (frame: Bytes) => void): void {
    this.#frameHandler = handler;
    this.#deliver();
    this.#matchFlow();
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
    this.#matchFlow();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#deliver();
    this.#matchFlow();
  }

  close(): void {
    if (this.#state !== 'open') return;
    this.#state = 'closing';
    this.#flush(Infinity);
    this.#endBothWays().then(
      () => this.#finish(undefined),
      (error: unknown) => this.#finish(isKithError(error) ? error : linkLost(error)),
    );
  }

  abort(reason: Error): void {
    this.#finish(reason);
    this.#stream.abort(reason);
  }

  #listen(): void {
    this.#stream.addEventListener('message', (event) => this.#onMessage(event));
    this.#stream.addEventListener('drain', () => queueMicrotask(() => this.#onRoom()));
    this.#stream.addEventListener('idle', () => queueMicrotask(() => this.#onRoom()));
    this.#stream.addEventListener('remoteCloseWrite', () => {
      this.#remoteClosed = true;
    });
    this.#stream.addEventListener('end', () => this.#onEnd());
    this.#stream.addEventListener('close', (event) => this.#onStreamClose(event));
  }

  // Sending

  #scheduleFlush(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    queueMicrotask(() => this.#flush());
  }

  /** What was sent in one turn leaves in few writes. The stream takes more than it can pass on; `bufferedBytes` counts it. */
  #flush(streamBytes = STREAM_BYTES): void {
    this.#flushing = false;
    if (this.#state === 'closed') return;
    try {
      while (this.#outbox.sizeBytes > 0 && this.#mayFeed(streamBytes)) {
        if (!this.#feed(streamBytes)) break;
      }
    } catch (error) {
      this.#breakOff(linkLost(error));
      return;
    }
    this.#tellRoom();
  }

  /** @returns false when the link takes no more of this channel for now. */
  #feed(streamBytes: number): boolean {
    const pacer = streamBytes === Infinity ? undefined : this.#init.pacer;
    const waitingBytes = Math.min(streamBytes, this.#outbox.sizeBytes);
    const roomBytes = pacer === undefined ? waitingBytes : pacer.room(waitingBytes, this.#goOn);
    if (roomBytes === 0) return false;
    const beforeBytes = this.#outbox.sizeBytes;
    for (const chunk of this.#outbox.take(roomBytes)) this.#stream.send(chunk);
    pacer?.handed(beforeBytes - this.#outbox.sizeBytes);
    return true;
  }

  /**
   * When a connection has room again, its streams go on in the order in which they were opened, and the first one that
   * has much to send fills it: those behind starve. So much waits here until the stream has none left and the
   * connection has room, while little is given to the stream at once and has its turn before.
   */
  #mayFeed(streamBytes: number): boolean {
    if (this.#stream.writeBufferLength >= streamBytes) return false;
    return (
      streamBytes === Infinity || !this.#stream.writableNeedsDrain || this.#outbox.sizeBytes <= STREAM_BYTES
    );
  }

  #onRoom(): void {
    // A step later: by then every other stream has passed on what it held.
    if (this.#state === 'open' && this.#outbox.sizeBytes > 0) this.#scheduleFlush();
    else this.#tellRoom();
  }

  #tellRoom(): void {
    if (!this.#owesDrain || this.#state !== 'open' || this.bufferedBytes > LOW_WATER_BYTES) return;
    this.#owesDrain = false;
    this.#call(() => this.#drainHandler?.());
  }

  // Receiving

  #onMessage(event: StreamMessageEvent): void {
    if (this.#state !== 'open') return;
    if (event.data instanceof Uint8Array) this.#decoder.push(event.data);
    else for (const chunk of event.data) this.#decoder.push(chunk);
    this.#deliver();
  }

  #deliver(): void {
    if (this.#delivering) return;
    this.#delivering = true;
    try {
      while (this.#deliverOne());
    } catch (error) {
      this.#breakOff(error instanceof Error ? error : new Error(String(error)));
    } finally {
      this.#delivering = false;
    }
  }

  #deliverOne(): boolean {
    const handler = this.#frameHandler;
    if (this.#paused || handler === undefined || this.#state !== 'open') return false;
    const frame = this.#decoder.next();
    if (frame === undefined) {
      if (this.#readAll) this.#remoteEnded();
      return false;
    }
    this.#show('in', frame.byteLength);
    this.#call(() => handler(frame));
    return true;
  }

  #onEnd(): void {
    if (!this.#remoteClosed) return;
    this.#readAll = true;
    this.#deliver();
  }

  /** The other side closed, and everything that it had sent was given out. */
  #remoteEnded(): void {
    if (!this.#decoder.atBoundary) throw malformed('a channel that ends within a frame');
    const unsent = this.bufferedBytes > 0;
    this.#finish(undefined);
    // Nobody reads at the other side any more, so what is unsent has nowhere to go.
    if (unsent) this.#stream.abort(new KithError('channel-reset', 'The other side closed the channel.'));
    else
      this.#stream.close().catch((error: unknown) => this.#init.logger.debug({ error }, 'closing a stream'));
  }

  /**
   * Holds the sender back while nobody takes frames. Never within `stream.resume()`: libp2p would first be told to
   * pause and then, on the way out of `resume`, open the window all the same (yamux `sendResume`).
   */
  #matchFlow(): void {
    if (this.#resuming) return;
    if (!this.#wantsPause() && this.#stream.readStatus === 'paused') this.#resumeStream();
    // Asked again: resuming gave out frames, and their receiver may have had enough.
    if (this.#wantsPause() && this.#stream.readStatus === 'readable') this.#stream.pause();
  }

  #wantsPause(): boolean {
    return this.#state === 'open' && (this.#paused || this.#frameHandler === undefined);
  }

  #resumeStream(): void {
    this.#resuming = true;
    try {
      this.#stream.resume();
    } catch (error) {
      // The connection may be gone while its last bytes still waited here; they have been given out by now.
      this.#init.logger.debug({ error }, 'resuming a stream');
    } finally {
      this.#resuming = false;
    }
  }

  // Ending

  async #endBothWays(): Promise<void> {
    this.#matchFlow();
    await this.#stream.close();
    if (this.#stream.status !== 'open') return;
    this.#linger = this.#init.timers.after(LINGER_MS, () => {
      this.#stream.abort(new KithError('channel-reset', 'The other side did not end the channel.'));
    });
  }

  #onStreamClose(event: StreamCloseEvent): void {
    this.#linger?.cancel();
    // What the other side sent before it closed may still wait here for a paused receiver.
    if (this.#remoteClosed && event.local !== true) return;
    this.#finish(whyClosed(event.error));
  }

  /** Ends the channel for what went wrong on it, here or there. */
  #breakOff(error: Error): void {
    if (this.#state === 'closed') return;
    this.#init.logger.warn({ channel: this.name, peer: this.peer, error }, 'channel broken off');
    this.abort(error);
  }

  #finish(error: Error | undefined): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#closeError = error;
    this.#outbox.clear();
    this.#init.pacer?.left(this.#goOn);
    this.#tellClosed();
  }

  #tellClosed(): void {
    const handler = this.#closeHandler;
    if (handler === undefined) return;
    this.#closeHandler = undefined;
    this.#call(() => handler(this.#closeError));
  }

  // Others' code

  /** A handler that throws is a bug of its feature: it costs this channel, never the node. */
  #call(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#init.logger.error({ channel: this.name, peer: this.peer, error }, 'a channel handler threw');
      this.abort(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #show(direction: 'in' | 'out', sizeBytes: number): void {
    this.#init.tap.record?.({ direction, peer: this.peer, channel: this.name, sizeBytes });
  }
}

function whyClosed(error: Error | undefined): Error {
  if (isKithError(error)) return error;
  if (error?.name === 'StreamResetError') {
    return new KithError('channel-reset', 'The other side broke the channel off.', { cause: error });
  }
  return linkLost(error);
}

export function linkLost(cause?: unknown): KithError {
  return new KithError('link-lost', 'The link to this peer ended.', { cause });
}
