/**
 * Sealing for the simulator: nothing is secret, and all else is as real sealing has it: tags, keys that are used up
 * with the transaction that opens a letter, members without keys yet.
 */
import { createHash } from 'node:crypto';
import { fromHex, toHex } from '../../src/base/bytes.ts';
import { decodeCbor, encodeCbor } from '../../src/base/cbor.ts';
import { KithError } from '../../src/base/errors.ts';
import type { DeviceKey, MemberId } from '../../src/base/ids.ts';
import type { LetterSealer, OpenedLetter, SealResult } from '../../src/sealing/letters/types.ts';

export interface SimSealing {
  readonly device: DeviceKey;
  readonly member: MemberId;
  /** Devices that have published keys. */
  devicesOf(member: MemberId): readonly DeviceKey[];
  /** Says how to undo what was written in the open transaction. */
  wrote(undo: () => void): void;
}

export class SimLetterSealer implements LetterSealer {
  readonly #sealing: SimSealing;
  readonly usedUp: Set<string>;

  constructor(sealing: SimSealing, usedUp: ReadonlySet<string> = new Set()) {
    this.#sealing = sealing;
    this.usedUp = new Set(usedUp);
  }

  async prepare(): Promise<void> {
    await Promise.resolve();
  }

  seal(recipients: readonly MemberId[], payload: Uint8Array, id: Uint8Array): SealResult {
    const { device, member } = this.#sealing;
    const sealedFor = recipients.filter((one) => this.#sealing.devicesOf(one).length > 0);
    const unreachable = recipients.filter((one) => !sealedFor.includes(one));
    const devices = sealedFor.flatMap((one) => this.#sealing.devicesOf(one));
    if (devices.length === 0) return { letter: undefined, sealedFor, unreachable };
    const sealed = encodeCbor([fromHex(device), fromHex(member), devices.map(fromHex), id, payload]);
    return { letter: { sealed, tags: devices.map(tagOf) }, sealedFor, unreachable };
  }

  isOurs(tag: Uint8Array): boolean {
    return Buffer.compare(tag, tagOf(this.#sealing.device)) === 0;
  }

  async meet(): Promise<void> {
    await Promise.resolve();
  }

  open(sealed: Uint8Array, id: Uint8Array): OpenedLetter | undefined {
    const inside = readSealed(sealed);
    if (inside === undefined || !inside.devices.includes(this.#sealing.device)) return undefined;
    if (toHex(inside.id) !== toHex(id)) return undefined;
    const key = toHex(id);
    if (this.usedUp.has(key)) throw new KithError('cannot-open', 'Its key was used up.');
    this.#sealing.wrote(() => this.usedUp.delete(key));
    this.usedUp.add(key);
    return inside.opened;
  }

  confirmed(): void {
    return;
  }

  renew(): void {
    return;
  }

  async maintain(): Promise<void> {
    await Promise.resolve();
  }
}

function tagOf(device: DeviceKey): Uint8Array {
  return new Uint8Array(createHash('sha256').update(device).digest().subarray(0, 16));
}

function readSealed(
  sealed: Uint8Array,
): { devices: DeviceKey[]; id: Uint8Array; opened: OpenedLetter } | undefined {
  try {
    const value = decodeCbor(sealed) as [Uint8Array, Uint8Array, Uint8Array[], Uint8Array, Uint8Array];
    const [from, member, devices, id, payload] = value;
    return {
      devices: devices.map((device) => toHex(device) as DeviceKey),
      id,
      opened: { from: toHex(from) as DeviceKey, member: toHex(member) as MemberId, payload },
    };
  } catch {
    return undefined;
  }
}
