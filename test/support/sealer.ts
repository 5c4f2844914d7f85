/** A sealer that hides and binds to its context, and is no cipher: every byte is turned over, and the context is in front. */
import { concatBytes, equalBytes, utf8, type Bytes } from '../../src/base/bytes.ts';
import { KithError } from '../../src/base/errors.ts';
import type { PartSealer } from '../../src/log/ports.ts';

export const fakeSealer: PartSealer = {
  seal: (context, bytes) => concatBytes(utf8(context), bytes.map(turn)),
  open: (context, sealed): Bytes => {
    const head = utf8(context);
    if (!equalBytes(sealed.subarray(0, head.byteLength), head))
      throw new KithError('damaged-store', 'Sealed elsewhere.');
    return sealed.slice(head.byteLength).map(turn);
  },
};

function turn(byte: number): number {
  return byte ^ 0xff;
}
