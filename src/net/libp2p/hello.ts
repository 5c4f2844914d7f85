/**
 * The first channel on every connection. The dialler's side of libp2p is done before the listener's gate has spoken,
 * so a refused dialler would see a short success; a hello that was answered proves that both gates let the link stand.
 * The dialler says hello, the listener answers, and the link stands at the listener, then at the dialler.
 */
import { decodeCbor, encodeCbor, malformed } from '../../base/cbor.ts';
import { KithError } from '../../base/errors.ts';
import type { Channel, ChannelName } from '../ports.ts';

export const HELLO: ChannelName = '/kith/1/hello';
export const HELLO_VERSION = 1;

export interface Hello {
  /** Of the protocol: both have to speak the same. */
  readonly version: number;
  /** What the other side's clock shows; undefined where it does not say. */
  readonly clockMs: number | undefined;
}

export function sayHello(channel: Channel, clockMs?: number): void {
  channel.send(encodeCbor(clockMs === undefined ? [HELLO_VERSION] : [HELLO_VERSION, Math.floor(clockMs)]));
}

/** @throws KithError `link-refused` when the channel ends instead, `malformed` when what comes is no hello. */
export function hearHello(channel: Channel): Promise<Hello> {
  return new Promise((resolve, reject) => {
    channel.onClose((cause) =>
      reject(new KithError('link-refused', 'The other node ended the link before it stood.', { cause })),
    );
    channel.onFrame((frame) => {
      try {
        resolve(readHello(frame));
      } catch (error) {
        reject(error instanceof Error ? error : new Error(String(error)));
      }
    });
  });
}

/**
 * An array whose first element is the version, and whose second one is a clock; what follows belongs to later minor
 * versions and is not looked at, and of another version nothing is.
 */
function readHello(frame: Uint8Array): Hello {
  const hello = decodeCbor(frame);
  if (!Array.isArray(hello)) throw malformed('a hello is an array');
  const [version, clock] = hello as unknown[];
  if (typeof version !== 'number') throw malformed('a hello begins with its version');
  const isClock = version === HELLO_VERSION && typeof clock === 'number';
  return { version, clockMs: isClock ? clock : undefined };
}

/** Carries what the other side speaks, for whoever explains it. */
export class VersionMismatch extends KithError {
  readonly theirs: number;

  constructor(theirs: number) {
    const isOlder = theirs < HELLO_VERSION;
    super(
      'version-mismatch',
      `The kith there is too ${isOlder ? 'old' : 'new'} for this one: it speaks version ${String(theirs)} of the protocol, this one ${String(HELLO_VERSION)}.`,
      { next: isOlder ? 'Update the other one.' : 'Update this one.' },
    );
    this.theirs = theirs;
  }
}

/** @throws VersionMismatch */
export function mustSpeakAlike({ version }: Hello): void {
  if (version !== HELLO_VERSION) throw new VersionMismatch(version);
}
