/** Small rules about what is said in a room: what fits, what replaces what, what goes in one frame. */
import { toHex, utf8 } from '../base/bytes.ts';
import { KithError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { digestOf } from '../sealing/rooms/index.ts';
import { bodyIn } from './bodies.ts';
import type { Command } from './consensus/types.ts';
import type { Said } from './timeline/timeline.ts';

/** What is said in one frame. */
const SAID_BYTES = 256 * 1024;

/** Sealed under newer keys. */
export function isNewer(one: Command, other: Command): boolean {
  const epochOf = ({ body }: Command): number => {
    const read = bodyIn(body);
    return read?.kind === 'message' ? read.epoch : -1;
  };
  return epochOf(one) > epochOf(other);
}

/** Changes of keys have an incarnation of their own, so that none waits behind a message that needs it. */
export function changesOf(life: string): string {
  return toHex(digestOf(utf8(`changes of keys ${life}`)).subarray(0, 8));
}

export function inFrames(list: readonly Said[]): readonly (readonly Said[])[] {
  const frames: Said[][] = [];
  let bytes = Infinity;
  for (const said of list) {
    bytes += said.command.body.byteLength + 200;
    if (bytes > SAID_BYTES) {
      frames.push([]);
      bytes = said.command.body.byteLength;
    }
    frames.at(-1)?.push(said);
  }
  return frames;
}

/** @throws KithError `empty-message` | `too-large` */
export function mustFit(text: string): void {
  if (text.trim() === '')
    throw new KithError('empty-message', 'There is nothing in this message.', { next: 'Write something.' });
  if (text.length > LIMITS.roomTextChars)
    throw new KithError(
      'too-large',
      `A message in a room has ${String(LIMITS.roomTextChars)} characters at most.`,
      {
        next: 'Send it as a letter, or as a file.',
      },
    );
}

export function unreadable(): never {
  throw new Error('bug: what was written just now can be read');
}
