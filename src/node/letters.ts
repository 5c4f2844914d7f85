/** Sealing of letters over this node's log and store. */
import type { Bytes } from '../base/bytes.ts';
import { isKithError } from '../base/errors.ts';
import type { DeviceKey } from '../base/ids.ts';
import type { Clock, Logger, Rng, Timer, Timers } from '../base/ports.ts';
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

export function openNodeLetters({ keys, log, ...deps }: NodeLettersDeps): LetterSealer {
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

const HOUR_MS = 60 * 60 * 1000;

export interface LetterKeeperDeps {
  readonly sealer: Pick<LetterSealer, 'maintain'>;
  readonly log: Pick<Log, 'on'>;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
}

/** Looks after the keys at start, when the roll changes and hourly; while it does, once more is enough for any number of calls. */
export class LetterKeeper {
  readonly #deps: LetterKeeperDeps;
  #timer: Timer | undefined;
  #state: 'off' | 'resting' | 'working' | 'again' = 'off';

  constructor(deps: LetterKeeperDeps) {
    this.#deps = deps;
    deps.log.on({
      membership: () => {
        this.#look();
      },
    });
  }

  start(): void {
    this.#state = 'resting';
    this.#look();
  }

  stop(): void {
    this.#state = 'off';
    this.#timer?.cancel();
  }

  #look(): void {
    if (this.#state === 'working') this.#state = 'again';
    if (this.#state !== 'resting') return;
    this.#state = 'working';
    this.#timer?.cancel();
    void this.#maintain();
  }

  async #maintain(): Promise<void> {
    const { sealer, clock, timers, logger } = this.#deps;
    try {
      await sealer.maintain(clock.nowMs());
    } catch (error) {
      // After `stop` the store may be closed under it.
      if (this.#state !== 'off') logger.warn({ error }, 'keys for letters could not be looked after');
    }
    const again = this.#hasMore();
    if (this.#state === 'off') return;
    this.#state = 'resting';
    if (again) this.#look();
    else
      this.#timer = timers.after(HOUR_MS, () => {
        this.#look();
      });
  }

  #hasMore(): boolean {
    return this.#state === 'again';
  }
}
