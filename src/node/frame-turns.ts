/**
 * Takes the frames of a bulk channel in turns. All channels of a link share one connection, and what is worked off while
 * it is read stands in the way of everything behind it. So bulk waits here, a little at a time is worked off, and
 * between two turns whatever has come is read: an alarm overtakes what came before it.
 */
import type { Bytes } from '../base/bytes.ts';
import type { Channel } from '../net/ports.ts';

/** A frame of this size is a turn's work; smaller ones are taken at once where none waits. */
const LARGE_BYTES = 16 * 1024;
const SMALL_PER_TURN = 32;
/** Above this the sender is held back … */
const FULL_BYTES = 4 * 1024 * 1024;
/** … until so much is left. */
const LOW_BYTES = 1024 * 1024;

export interface TurnsDeps {
  take(frame: Bytes): void;
  /** Nothing more comes; what waited was taken, unless the channel broke off. */
  closed(): void;
  /** After what can be read has been read. */
  later(run: () => void): void;
}

export function takeInTurns(channel: Channel, deps: TurnsDeps): void {
  let waiting: Bytes[] = [];
  let waitingBytes = 0;
  let scheduled = false;
  let ended = false;
  const schedule = (): void => {
    if (scheduled) return;
    scheduled = true;
    deps.later(turn);
  };
  let told = false;
  const tell = (): void => {
    told = true;
    deps.closed();
  };
  const turn = (): void => {
    scheduled = false;
    for (let taken = 0; taken < SMALL_PER_TURN; taken += 1) {
      const frame = waiting.shift();
      if (frame === undefined) break;
      waitingBytes -= frame.byteLength;
      deps.take(frame);
      if (frame.byteLength >= LARGE_BYTES) break;
    }
    if (waitingBytes < LOW_BYTES && !ended) channel.resume();
    if (waiting.length > 0) schedule();
    else if (ended && !told) tell();
  };
  channel.onFrame((frame) => {
    if (waiting.length === 0 && frame.byteLength < LARGE_BYTES) return deps.take(frame);
    waiting.push(frame);
    waitingBytes += frame.byteLength;
    if (waitingBytes > FULL_BYTES) channel.pause();
    schedule();
  });
  channel.onClose((error) => {
    ended = true;
    if (error !== undefined) waiting = [];
    if (waiting.length === 0) tell();
  });
}
