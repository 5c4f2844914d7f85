/** Sealing of letters over this node's log and store. */
import type { Bytes } from '../base/bytes.ts';
import { isKithError } from '../base/errors.ts';
import type { DeviceKey } from '../base/ids.ts';
import type { Clock, Logger, Rng } from '../base/ports.ts';
import type { Verifier } from '../identity/signing.ts';
import type { Projection } from '../log/ports.ts';
import type { Log } from '../log/service.ts';
import { payloadOf } from '../log/wire.ts';
import {
  KEYS_KIND,
  openLetters,
  readKeys,
  type KeysPlace,
  type LetterDirectory,
  type LetterKeyStore,
  type LetterSealer,
} from '../sealing/index.ts';
import type { DeviceKeys } from './keys.ts';

/** Keeps what others published for this device, in step with the log. */
export function letterKeysProjection(directory: LetterDirectory, own: DeviceKey): Projection {
  return {
    name: 'letter keys',
    wants: (kind) => kind === KEYS_KIND,
    apply({ feed, header, parts }) {
      const part = parts[0];
      // What cannot be read publishes nothing: it stands in the log as what it is.
      const keys = part === null || part === undefined ? undefined : keysIn(payloadOf(part));
      if (keys === undefined) return;
      const place: KeysPlace = { device: feed.device, hlc: header.hlc, feed: feed.id, seq: header.seq };
      const oneTime = keys.oneTime.find(({ forDevice }) => forDevice === own)?.keyPackage;
      if (keys.shared !== null || oneTime !== undefined)
        directory.put(place, { shared: keys.shared, oneTime });
    },
    erased({ target, part }) {
      if (part === 0) directory.remove(target.feed, target.seq);
    },
    reset() {
      directory.clear();
    },
  };
}

function keysIn(payload: Bytes): ReturnType<typeof readKeys> | undefined {
  try {
    return readKeys(payload);
  } catch (error) {
    if (!isKithError(error)) throw error;
    return undefined;
  }
}

export interface NodeLettersDeps {
  readonly keys: Pick<DeviceKeys, 'signer' | 'linkSeed' | 'mlsSeed'>;
  readonly store: LetterKeyStore;
  readonly log: Log;
  readonly verifier: Verifier;
  readonly rng: Rng;
  readonly clock: Clock;
  readonly logger: Logger;
}

export async function openNodeLetters({ keys, log, ...deps }: NodeLettersDeps): Promise<LetterSealer> {
  return openLetters({
    ...deps,
    signer: keys.signer,
    linkSeed: keys.linkSeed,
    mlsSeed: keys.mlsSeed,
    roll: {
      device: keys.signer.key as DeviceKey,
      membership: () => log.membership,
      incarnation: () => log.ownFeed('data').incarnation,
    },
    publisher: {
      publish: (payload) => {
        log.append([{ kind: KEYS_KIND, lane: 'data', parts: [{ audience: 'members', payload }] }]);
      },
    },
  });
}
