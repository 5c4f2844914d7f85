/** To whom of a large room something is said that the host puts before all in a moment anyway. */
import type { DeviceKey } from '../base/ids.ts';

/** They keep it too, should the host go at that very moment. */
const BESIDE_HOST = 3;
/** Whoever hears no host asks so many at a time, each of whom may answer at length. */
const ASKED = 8;

export class Hearers {
  #at = 0;

  /** The host with a few others, each time the next ones; all, where no host is reached. */
  saidTo(others: readonly DeviceKey[], host: string | undefined): readonly DeviceKey[] {
    return this.#withHost(others, host) ?? others;
  }

  /** The same; where no host is reached, a few. */
  askedOf(others: readonly DeviceKey[], host: string | undefined): readonly DeviceKey[] {
    return this.#withHost(others, host) ?? this.#next(others, ASKED);
  }

  #withHost(others: readonly DeviceKey[], host: string | undefined): readonly DeviceKey[] | undefined {
    const found = others.find((device) => device === host);
    if (found === undefined) return undefined;
    const rest = others.filter((device) => device !== host);
    return [found, ...this.#next(rest, BESIDE_HOST)];
  }

  #next(devices: readonly DeviceKey[], most: number): readonly DeviceKey[] {
    if (devices.length <= most) return devices;
    const from = this.#at % devices.length;
    this.#at += most;
    return [...devices, ...devices].slice(from, from + most);
  }
}
