/** Keys of single messages, as members hand them to who came later, and as they are kept when an epoch's secret goes. */
import type { Bytes } from '../../base/bytes.ts';
import { opens } from '../../sealing/rooms/index.ts';
import { bodyIn, type SealedBody } from '../bodies.ts';
import type { Entry } from '../consensus/types.ts';
import type { RoomRows } from '../ports.ts';
import type { RoomId } from '../types.ts';
import type { TextKey } from './wire.ts';

/** Entries of the order, from one to another place. */
export type Entries = (from: number, to: number) => readonly Entry[];

const AT_ONCE = 512;

export class KeyHistory {
  readonly #id: RoomId;
  readonly #rows: RoomRows;
  readonly #entries: Entries;

  constructor(id: RoomId, rows: RoomRows, entries: Entries) {
    this.#id = id;
    this.#rows = rows;
    this.#entries = entries;
  }

  /** Each message's key, kept or made from the secret of its epoch; none where neither is here. */
  keys(
    above: number,
    upTo: number,
    made: (author: string, body: SealedBody) => Bytes | undefined,
  ): readonly TextKey[] {
    return messagesIn(this.#entries(above + 1, upTo)).flatMap(({ index, author, body }): TextKey[] => {
      const key = this.#rows.messageKey(this.#id, index) ?? made(author, body);
      return key !== undefined && opens(key, body) ? [{ index, key }] : [];
    });
  }

  /** Each key is the one that the author committed to, or it is none: nobody can make up what was said. */
  keep(above: number, upTo: number, told: readonly TextKey[]): void {
    const keys = new Map(told.map(({ index, key }) => [index, key]));
    for (const { index, body } of messagesIn(this.#entries(above + 1, upTo))) {
      const key = keys.get(index);
      if (key !== undefined && opens(key, body)) this.#rows.putMessageKey(this.#id, index, key);
    }
  }

  /** Before secrets go, what they open of the order gets keys of its own. */
  sweep(above: number, upTo: number, made: (author: string, body: SealedBody) => Bytes | undefined): void {
    for (let from = above; from < upTo; from += AT_ONCE)
      for (const { index, author, body } of messagesIn(
        this.#entries(from + 1, Math.min(upTo, from + AT_ONCE)),
      )) {
        const key = made(author, body);
        if (key !== undefined && opens(key, body)) this.#rows.putMessageKey(this.#id, index, key);
      }
  }
}

interface Placed {
  readonly index: number;
  readonly author: string;
  readonly body: SealedBody;
}

function messagesIn(entries: readonly Entry[]): readonly Placed[] {
  return entries.flatMap((entry): Placed[] => {
    const body = entry.kind === 'command' ? bodyIn(entry.command.body) : undefined;
    if (entry.kind !== 'command' || body?.kind !== 'message') return [];
    return [{ index: entry.index, author: entry.command.author, body }];
  });
}
