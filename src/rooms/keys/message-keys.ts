/** The keys of single messages, from the secrets of their epochs; each key of this device's own serves once. */
import { toHex, type Bytes } from '../../base/bytes.ts';
import type { DeviceKey } from '../../base/ids.ts';
import type { Rng } from '../../base/ports.ts';
import { messageKey, ROOM_BOOT_BYTES, senderKey } from '../../sealing/rooms/index.ts';
import type { EpochSecret, KeyState } from './core.ts';

const MOST_SENDERS = 4096;

/** What names a key within its sender's epoch. */
export interface KeyName {
  readonly epoch: number;
  readonly boot: Bytes;
  readonly seq: number;
}

export class MessageKeys {
  readonly #device: DeviceKey;
  readonly #boot: Bytes;
  readonly #senders = new Map<string, Bytes>();
  #seq = 0;

  constructor(device: DeviceKey, rng: Rng) {
    this.#device = device;
    this.#boot = rng.bytes(ROOM_BOOT_BYTES);
  }

  /** For what this device seals now. */
  next(current: EpochSecret): { readonly name: KeyName; readonly key: Bytes } {
    this.#seq += 1;
    const name = { epoch: current.epoch, boot: this.#boot, seq: this.#seq };
    return { name, key: messageKey(this.#sender(current, this.#device, this.#boot), this.#seq) };
  }

  /** Undefined where the secret of its epoch is not here. */
  of({ epochs }: KeyState, author: string, { epoch, boot, seq }: KeyName): Bytes | undefined {
    const secret = epochs.find((one) => one.epoch === epoch);
    return secret && messageKey(this.#sender(secret, author as DeviceKey, boot), seq);
  }

  /** Secrets went, or another group has epochs of the same numbers. */
  forget(): void {
    this.#senders.clear();
  }

  #sender({ epoch, secret }: EpochSecret, device: DeviceKey, boot: Bytes): Bytes {
    const name = `${String(epoch)} ${device} ${toHex(boot)}`;
    const known = this.#senders.get(name);
    if (known !== undefined) return known;
    // Whoever draws a new run for each message makes nobody remember all of them.
    if (this.#senders.size >= MOST_SENDERS) this.#senders.clear();
    const key = senderKey(secret, device, boot);
    this.#senders.set(name, key);
    return key;
  }
}
