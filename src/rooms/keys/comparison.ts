/** Whether others have the same keys: what they said of theirs, held against this device's own. */
import { equalBytes, type Bytes } from '../../base/bytes.ts';
import type { DeviceKey } from '../../base/ids.ts';
import type { MlsGroup } from '../../sealing/mls/index.ts';
import type { KeyState } from './core.ts';

/** As of one place in the order. */
export interface HeardKeys {
  readonly at: number;
  readonly epoch: number;
  readonly authenticator: Bytes;
}

export class KeyComparison {
  readonly #heard = new Map<DeviceKey, HeardKeys>();

  heard(from: DeviceKey, said: HeardKeys): void {
    this.#heard.set(from, said);
  }

  forget(device: DeviceKey): void {
    this.#heard.delete(device);
  }

  /** Those of the room that were at another point where both have been. */
  differing(state: KeyState, group: MlsGroup | undefined): readonly DeviceKey[] {
    return state.inside.filter((device) => {
      const said = this.#heard.get(device);
      return said !== undefined && group !== undefined && differs(state, group, said);
    });
  }
}

/** What is said of a place that this device has not reached, or has forgotten, tells nothing yet. */
function differs(state: KeyState, group: MlsGroup, { at, epoch, authenticator }: HeardKeys): boolean {
  const there = at > state.at ? undefined : state.epochs.findLast(({ from }) => from <= at)?.epoch;
  if (there === undefined) return false;
  return there !== epoch || (epoch === group.epoch && !equalBytes(authenticator, group.authenticator));
}
