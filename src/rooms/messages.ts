/** Messages of one room between what people write and what commands carry: sealed, signed, checked, opened. */
import type { Bytes } from '../base/bytes.ts';
import type { DeviceKey } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import type { Signer, Verifier } from '../identity/signing.ts';
import { bodyIn, encodeBody, isSigned, signBody, type Body, type Place } from './bodies.ts';
import { carriedIn, saidIn, type Carried } from './carrying.ts';
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
  readonly #ids = new WeakMap<Command, string>();
  /** Signed here, or found to be signed: for which place. A signature costs more to check than all else of a message. */
  readonly #signed = new WeakMap<Bytes, string>();

  constructor(deps: MessagesDeps) {
    this.#deps = deps;
  }

  /** Without keys it is a draft, which stays here until there are some. */
  sealed(place: Place, text: string, sentMs: number, carries = false): Said {
    const { keys, signer, id } = this.#deps;
    const sealed = keys.seal(place, text, sentMs, carries);
    const body: Body =
      sealed === undefined ? { kind: 'draft', sentMs, text } : signBody(signer, id, place, sealed.body);
    const bytes = encodeBody(body);
    this.#bodies.set(bytes, body);
    if (body.kind !== 'draft') this.#signed.set(bytes, placeText(place));
    return { command: { ...placeOf(place), body: bytes }, sentMs, key: sealed?.key };
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
    if (body.kind === 'message' && body.carries) return this.#shownFromBefore(command, { index, held, key });
    const text = this.textOf(command, key);
    const device = command.author as DeviceKey;
    const id = this.idOf(command);
    return {
      index,
      id,
      device,
      text: text ?? '',
      isReadable: text !== undefined,
      sentMs: body.sentMs,
      held,
      deliveredTo: 0,
    };
  }

  /** What somebody said in an older room; undefined where it was not so. */
  #shownFromBefore(command: Command, { index, held, key }: Standing): ShownMessage | undefined {
    const text = this.textOf(command, key);
    const carried = text === undefined ? undefined : carriedIn(text);
    const said = carried && saidIn(carried, this.#deps.verifier);
    if (carried === undefined || said === undefined) return undefined;
    return {
      index,
      held,
      ...said,
      id: messageId(carried.room, carried.command),
      device: carried.command.author as DeviceKey,
      isReadable: true,
      deliveredTo: 0,
      carried: { room: carried.room, by: command.author as DeviceKey },
    };
  }

  /** A message of this room, or of one before it, for another; undefined where it cannot be read here. */
  toCarry(command: Command, kept: Bytes | undefined): Carried | undefined {
    const body = this.genuine(command);
    if (body?.kind !== 'message') return undefined;
    const text = this.textOf(command, kept);
    if (text === undefined) return undefined;
    if (body.carries) return carriedIn(text);
    const key = kept ?? this.keyOf(command);
    return key && { room: this.#deps.id, command, key };
  }

  /** Undefined where there is no key for it here, yet or any more. */
  textOf(command: Command, key: Bytes | undefined): string | undefined {
    const body = this.bodyOf(command);
    if (body?.kind === 'draft') return body.text;
    const text = body?.kind === 'message' ? this.#deps.keys.open(command, body, key) : undefined;
    const isLong = body?.kind === 'message' && !body.carries && (text?.length ?? 0) > LIMITS.roomTextChars;
    return isLong ? undefined : text;
  }

  keyOf(command: Command): Bytes | undefined {
    const body = this.bodyOf(command);
    return body?.kind === 'message' ? this.#deps.keys.keyFor(command.author, body) : undefined;
  }

  idOf(command: Command): string {
    const known = this.#ids.get(command);
    if (known !== undefined) return known;
    const id = messageId(this.#deps.id, command);
    this.#ids.set(command, id);
    return id;
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
    const place = placeText(command);
    if (this.#signed.get(command.body) === place) return body;
    if (!isSigned(this.#deps.verifier, this.#deps.id, command, body)) return undefined;
    this.#signed.set(command.body, place);
    return body;
  }
}

function placeText({ author, incarnation, number }: Place): string {
  return `${author} ${incarnation} ${String(number)}`;
}

function placeOf({ author, incarnation, number }: Place): Place {
  return { author, incarnation, number };
}
