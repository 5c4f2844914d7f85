/** The in-memory twins of `src/store/alarm-store.ts`, on a simulated disk. */
import { compareHlc } from '../../src/base/hlc.ts';
import type { AckStore, AlertIndex } from '../../src/alarms/ports.ts';
import type { Ack, AlertId, AlertPlace } from '../../src/alarms/types.ts';
import type { MemoryDisk } from './memory-disk.ts';

export class MemoryAlertIndex implements AlertIndex {
  readonly #disk: MemoryDisk;
  #places = new Map<AlertId, AlertPlace>();

  constructor(disk: MemoryDisk) {
    this.#disk = disk;
  }

  has(id: AlertId): boolean {
    return this.#places.has(id);
  }

  add(place: AlertPlace): void {
    if (!this.#places.has(place.id)) this.#change((places) => places.set(place.id, place));
  }

  remove(id: AlertId): void {
    this.#change((places) => places.delete(id));
  }

  clear(): void {
    this.#change((places) => {
      places.clear();
    });
  }

  since(fromMs: number, limit: number): readonly AlertPlace[] {
    return this.#inOrder((place) => place.hlc.ms >= fromMs).slice(-limit);
  }

  ofAlarm(alarm: AlertId): readonly AlertPlace[] {
    return this.#inOrder((place) => place.alarm === alarm);
  }

  #inOrder(wanted: (place: AlertPlace) => boolean): AlertPlace[] {
    return [...this.#places.values()]
      .filter(wanted)
      .sort((a, b) => compareHlc(a.hlc, b.hlc) || (a.id < b.id ? -1 : 1));
  }

  #change(change: (places: Map<AlertId, AlertPlace>) => void): void {
    const before = this.#places;
    this.#disk.wrote(() => {
      this.#places = before;
    });
    this.#places = new Map(before);
    change(this.#places);
  }
}

export class MemoryAckStore implements AckStore {
  /** Sees each one that is kept, for whoever checks. */
  kept: (ack: Ack) => void = () => undefined;
  readonly #disk: MemoryDisk;
  readonly #acks = new Map<AlertId, Map<string, Ack>>();
  readonly #sorted = new Map<AlertId, readonly Ack[]>();

  constructor(disk: MemoryDisk) {
    this.#disk = disk;
  }

  add(acks: readonly Ack[], keeping: 'lasting' | 'replaceable'): readonly Ack[] {
    return this.#disk.transact(() => acks.filter((ack) => this.#addOne(ack)), keeping);
  }

  of(alert: AlertId): readonly Ack[] {
    const known = this.#sorted.get(alert);
    if (known !== undefined) return known;
    const found = this.#acks.get(alert) ?? new Map<string, Ack>();
    const sorted = [...found.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, ack]) => ack);
    this.#sorted.set(alert, sorted);
    return sorted;
  }

  #addOne(ack: Ack): boolean {
    const ofAlert = this.#acks.get(ack.alert) ?? new Map<string, Ack>();
    this.#acks.set(ack.alert, ofAlert);
    const key = `${ack.device} ${ack.state}`;
    if (ofAlert.has(key)) return false;
    this.#disk.wrote(() => {
      ofAlert.delete(key);
      this.#sorted.delete(ack.alert);
    });
    this.#sorted.delete(ack.alert);
    ofAlert.set(key, ack);
    this.kept(ack);
    return true;
  }
}
