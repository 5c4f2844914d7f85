/** Messages of one room between what people write and what commands carry: sealed, signed, checked, opened. */
import type { Bytes } from '../base/bytes.ts';
import type { DeviceKey } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import type { Signer, Verifier } from '../identity/signing.ts';
import { bodyIn, encodeBody, isSigned, signBody, type Body, type Place } from './bodies.ts';
import type { Command } from './consensus/types.ts';
import type { RoomKeys } from './keys/service.ts';
import type { Said } from './timeline/timeline.ts';
import type { RoomId, ShownMessage } from './types.ts';
import { messageId } from './wire.ts';

export interface MessagesDeps {
  readonly id: RoomId;
  readonly signer: Signer;
  readonly verifier: Verifier;
  readonly keys: Pick<RoomKeys, 'seal' | 'open' | 'keyFor'>;
}

export interface Standing {
  readonly index: number | null;
  readonly held: number;
  readonly key: Bytes | undefined;
}

export class RoomMessages {
  readonly #deps: MessagesDeps;
  readonly #bodies = new WeakMap<Bytes, Body>();

  constructor(deps: MessagesDeps) {
    this.#deps = deps;
  }

  /** Without keys it is a draft, which stays here until there are some. */
  sealed(place: Place, text: string, sentMs: number): Said {
    const { keys, signer, id } = this.#deps;
    const sealed = keys.seal(place, text, sentMs);
    const body: Body =
      sealed === undefined ? { kind: 'draft', sentMs, text } : signBody(signer, id, place, sealed.body);
    return { command: { ...placeOf(place), body: encodeBody(body) }, sentMs, key: sealed?.key };
  }

  change(place: Place, sentMs: number, epoch: number, commit: Bytes): Said {
    const { signer, id } = this.#deps;
    const body = encodeBody(signBody(signer, id, place, { kind: 'commit', sentMs, epoch, commit }));
    return { command: { ...place, body }, sentMs };
  }

  /** Undefined for what its author did not sign: a host can put it in order, and nobody sees it. */
  shown(command: Command, { index, held, key }: Standing): ShownMessage | undefined {
    const body = this.genuine(command);
    if (body === undefined || body.kind === 'commit') return undefined;
    const text = this.textOf(command, key);
    const device = command.author as DeviceKey;
    const id = messageId(this.#deps.id, command);
    return { index, id, device, text: text ?? '', isReadable: text !== undefined, sentMs: body.sentMs, held };
  }

  /** Undefined where there is no key for it here, yet or any more. */
  textOf(command: Command, key: Bytes | undefined): string | undefined {
    const body = this.bodyOf(command);
    if (body?.kind === 'draft') return body.text;
    const text = body?.kind === 'message' ? this.#deps.keys.open(command, body, key) : undefined;
    return text === undefined || text.length > LIMITS.roomTextChars ? undefined : text;
  }

  keyOf(command: Command): Bytes | undefined {
    const body = this.bodyOf(command);
    return body?.kind === 'message' ? this.#deps.keys.keyFor(command.author, body) : undefined;
  }

  bodyOf({ body }: Command): Body | undefined {
    const known = this.#bodies.get(body);
    if (known !== undefined) return known;
    const read = bodyIn(body);
    if (read !== undefined) this.#bodies.set(body, read);
    return read;
  }

  /** As its author signed it. What this device has not sealed yet, nobody needs to have signed. */
  genuine(command: Command): Body | undefined {
    const body = this.bodyOf(command);
    if (body === undefined || body.kind === 'draft')
      return command.author === this.#deps.signer.key ? body : undefined;
    return isSigned(this.#deps.verifier, this.#deps.id, command, body) ? body : undefined;
  }
}

function placeOf({ author, incarnation, number }: Place): Place {
  return { author, incarnation, number };
}
