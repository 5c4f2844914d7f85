/**
 * The first channel on every connection. The dialler's side of libp2p is done before the listener's gate has spoken,
 * so a refused dialler would see a short success; a hello that was answered proves that both gates let the link stand.
 * The dialler says hello, the link stands at the listener, the listener answers, the link stands at the dialler.
 */
import { decodeCbor, encodeCbor } from '../../base/cbor.ts';
import { KithError } from '../../base/errors.ts';
import type { Channel, ChannelName } from '../ports.ts';

export const HELLO: ChannelName = '/kith/1/hello';
const VERSION = 1;

export function sayHello(channel: Channel): void {
  channel.send(encodeCbor([VERSION]));
}

/** @throws KithError `link-refused` when the channel ends instead, or what comes is no hello of a version that we speak. */
export function hearHello(channel: Channel): Promise<void> {
  return new Promise((resolve, reject) => {
    channel.onClose((cause) =>
      reject(new KithError('link-refused', 'The other node ended the link before it stood.', { cause })),
    );
    channel.onFrame((frame) => {
      try {
        checkHello(frame);
        resolve();
      } catch (error) {
        reject(error instanceof Error ? error : new Error(String(error)));
      }
    });
  });
}

/** An array whose first element is the version; what follows belongs to later minor versions and is not looked at. */
function checkHello(frame: Uint8Array): void {
  const hello = decodeCbor(frame);
  if (Array.isArray(hello) && hello[0] === VERSION) return;
  throw new KithError('link-refused', 'The other node speaks a version of kith that this one does not.', {
    next: 'Bring both to the same version.',
  });
}
