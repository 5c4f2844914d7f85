/** How far each device has a room's messages where its people can read them, by its own word. */
import type { DeviceKey } from '../base/ids.ts';
import type { Consensus } from './consensus/core.ts';
import { deviceOf, everyone } from './consensus/roster.ts';

export interface DeliveriesDeps {
  readonly device: DeviceKey;
  readonly core: Consensus;
  /** Up to where this device's people can read. */
  readonly readable: () => number;
}

export class Deliveries {
  readonly #deps: DeliveriesDeps;
  readonly #upTo = new Map<DeviceKey, number>();
  #hasNews = false;

  constructor(deps: DeliveriesDeps) {
    this.#deps = deps;
  }

  /** Of its own: another life of it may have less. */
  heard(device: DeviceKey, upTo: number): void {
    if (this.#upTo.get(device) === upTo) return;
    this.#upTo.set(device, upTo);
    this.#hasNews = true;
  }

  /** Whether somebody said something new since this was asked last. */
  takeNews(): boolean {
    const hadNews = this.#hasNews;
    this.#hasNews = false;
    return hadNews;
  }

  /** @returns how many devices of the room have said that what stands there can be read with them, this one included. */
  reach(index: number): number {
    const { core, device: own, readable } = this.#deps;
    const has = (device: string): boolean =>
      (device === own ? readable() : (this.#upTo.get(device as DeviceKey) ?? 0)) >= index;
    return [...new Set(everyone(core.agreedRoster).map(deviceOf))].filter(has).length;
  }

  /** @returns how many of these devices count. */
  voters(holders: ReadonlySet<string>): number {
    const { voters } = this.#deps.core.roster;
    return new Set(voters.map(deviceOf).filter((device) => holders.has(device))).size;
  }
}
