/** Giving pieces to who asks: only what that member may have, little at a time, and no faster than is allowed. */
import type { Bytes } from '../../base/bytes.ts';
import type { LinkKey } from '../../base/ids.ts';
import type { Clock, Logger, Timer, Timers } from '../../base/ports.ts';
import { Recent } from '../../base/recent.ts';
import type { PieceService } from '../pieces/service.ts';
import type { PieceList } from '../ports-pieces.ts';
import type { ContentId, PieceId, PieceRef } from '../types.ts';
import { claimOf } from './claims.ts';
import { encodeMessage, framePiece, HEAD_BYTES, type FilesMessage } from './wire.ts';

const MOST_WANTS = 4096;
const MOST_ASKS = 256;
const LISTS_KEPT = 256;
const GOT_MS = 50;
const GOT_AT_ONCE = 2048;
const SLOW_MS = 50;

export interface ServingDeps {
  readonly pieces: PieceService;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
  /** May whoever has this link have that, as of now? */
  mayRead(peer: LinkKey, content: ContentId): boolean;
  /** False: `drained` says when there is room again. */
  send(peer: string, frame: Bytes): boolean;
  cut(peer: string, code: string): void;
}

interface Client {
  readonly peer: string;
  readonly link: LinkKey;
  readonly wants: Set<ContentId>;
  asks: Ask[];
  /** What is read while the piece before it leaves. */
  ahead: Promise<Answer> | undefined;
  pumping: boolean;
  /** Nothing more is given until the channel has room. */
  full: boolean;
  /** Waits for its share of what may go in a second. */
  slowed: boolean;
}

interface Ask {
  readonly content: ContentId;
  readonly piece: PieceId;
}

interface Answer extends Ask {
  /** The piece, behind room for what stands before it. */
  readonly frame: Bytes | undefined;
}

export class Serving {
  readonly #deps: ServingDeps;
  readonly #clients = new Map<string, Client>();
  readonly #lists = new Recent<ContentId, ReadonlyMap<PieceId, PieceRef>>(LISTS_KEPT);
  readonly #got = new Map<ContentId, Set<number>>();
  #gotTimer: Timer | undefined;
  #bytesPerSecond = 0;
  #budgetBytes = 0;
  #budgetMs = 0;

  constructor(deps: ServingDeps) {
    this.#deps = deps;
  }

  /** 0: as fast as it goes. */
  limit(bytesPerSecond: number): void {
    this.#bytesPerSecond = bytesPerSecond;
  }

  opened(peer: string, link: LinkKey): void {
    this.#clients.set(peer, {
      peer,
      link,
      wants: new Set(),
      asks: [],
      ahead: undefined,
      pumping: false,
      full: false,
      slowed: false,
    });
  }

  closed(peer: string): void {
    this.#clients.delete(peer);
  }

  /** @returns whether that message was for this side. */
  take(peer: string, message: FilesMessage): boolean {
    const client = this.#clients.get(peer);
    if (client === undefined) return true;
    switch (message.type) {
      case 'want':
        this.#want(client, message.content);
        return true;
      case 'enough':
        client.wants.delete(message.content);
        client.asks = client.asks.filter(({ content }) => content !== message.content);
        return true;
      case 'ask':
        this.#ask(client, message.content, message.piece);
        return true;
      default:
        return false;
    }
  }

  isWanted(content: ContentId): boolean {
    for (const { wants } of this.#clients.values()) if (wants.has(content)) return true;
    return false;
  }

  drained(peer: string): void {
    const client = this.#clients.get(peer);
    if (client === undefined) return;
    client.full = false;
    this.#pumpSoon(client);
  }

  /** This node has more of it than it said. */
  gained(content: ContentId, places: readonly number[]): void {
    const known = this.#got.get(content) ?? new Set();
    for (const place of places) known.add(place);
    this.#got.set(content, known);
    this.#gotTimer ??= this.#deps.timers.after(GOT_MS, () => {
      this.#tellGot();
    });
  }

  /** What this node has of it is another thing now: whoever wants it is told anew. */
  changed(contents: readonly ContentId[]): void {
    for (const content of contents) {
      this.#lists.delete(content);
      for (const client of this.#clients.values()) if (client.wants.has(content)) this.#tell(client, content);
    }
  }

  stop(): void {
    this.#gotTimer?.cancel();
    this.#clients.clear();
  }

  #want(client: Client, content: ContentId): void {
    if (client.wants.size >= MOST_WANTS) return this.#deps.cut(client.peer, 'too-many-wants');
    client.wants.add(content);
    this.#tell(client, content);
  }

  #tell(client: Client, content: ContentId): void {
    const { link } = client;
    const { pieces } = this.#deps;
    const claim = this.#deps.mayRead(link, content) ? claimOf(pieces.rows.hereOf(content)) : 'none';
    // A file without pieces is nothing to be fetched, and a list that is unknown here is no claim.
    const isKnown = pieces.rows.listOf(content) !== undefined;
    this.#send(client, { type: 'have', content, claim: isKnown ? claim : 'none' });
  }

  #tellGot(): void {
    this.#gotTimer = undefined;
    for (const [content, places] of this.#got) {
      for (const client of this.#clients.values())
        if (client.wants.has(content) && this.#deps.mayRead(client.link, content))
          this.#tellPlaces(client, content, [...places]);
    }
    this.#got.clear();
  }

  #tellPlaces(client: Client, content: ContentId, places: readonly number[]): void {
    for (let at = 0; at < places.length; at += GOT_AT_ONCE)
      this.#send(client, { type: 'got', content, places: places.slice(at, at + GOT_AT_ONCE) });
  }

  #ask(client: Client, content: ContentId, piece: PieceId): void {
    if (client.asks.length >= MOST_ASKS) return this.#deps.cut(client.peer, 'too-many-asks');
    client.asks.push({ content, piece });
    this.#pumpSoon(client);
  }

  #pumpSoon(client: Client): void {
    if (client.pumping) return;
    client.pumping = true;
    this.#pump(client).catch((error: unknown) => {
      this.#deps.logger.error({ peer: client.peer, error }, 'serving pieces failed');
      this.#deps.cut(client.peer, 'internal');
    });
  }

  /** That it has ended is noted in the turn in which it ends: whoever wakes it then is heard. */
  async #pump(client: Client): Promise<void> {
    try {
      while (this.#hasRoom(client)) {
        const next = client.ahead ?? this.#readNext(client);
        if (next === undefined) return;
        client.ahead = this.#readNext(client);
        this.#give(client, await next);
      }
    } finally {
      client.pumping = false;
    }
  }

  #hasRoom(client: Client): boolean {
    if (client.full || this.#clients.get(client.peer) !== client) return false;
    if (this.#mayGo()) return true;
    if (client.slowed) return false;
    client.slowed = true;
    this.#deps.timers.after(SLOW_MS, () => {
      client.slowed = false;
      this.#pumpSoon(client);
    });
    return false;
  }

  #readNext(client: Client): Promise<Answer> | undefined {
    const ask = client.asks.shift();
    if (ask === undefined) return undefined;
    const answer = this.#read(client, ask);
    // Its failure is met when it is awaited.
    answer.catch(() => undefined);
    return answer;
  }

  async #read(client: Client, ask: Ask): Promise<Answer> {
    const piece = this.#mayHave(client, ask) ? this.#pieceOf(ask.content, ask.piece) : undefined;
    return {
      ...ask,
      frame: piece === undefined ? undefined : await this.#deps.pieces.readBehind(piece, HEAD_BYTES),
    };
  }

  /** Rights are looked at with each piece: they may have changed since it was asked for, and since it was read. */
  #mayHave({ link }: Client, { content }: Ask): boolean {
    return this.#deps.mayRead(link, content);
  }

  #give(client: Client, { content, piece, frame }: Answer): void {
    if (this.#clients.get(client.peer) !== client) return;
    if (frame === undefined || !this.#mayHave(client, { content, piece })) {
      this.#send(client, { type: 'denied', content, piece });
      return;
    }
    this.#budgetBytes -= frame.byteLength;
    this.#sendFrame(client, framePiece(frame, content, piece));
  }

  #pieceOf(content: ContentId, id: PieceId): PieceRef | undefined {
    let known = this.#lists.get(content);
    if (known === undefined) {
      const list = this.#deps.pieces.rows.listOf(content);
      if (list === undefined) return undefined;
      known = mapOf(list);
      this.#lists.set(content, known);
    }
    return known.get(id);
  }

  #mayGo(): boolean {
    if (this.#bytesPerSecond === 0) return true;
    const nowMs = this.#deps.clock.monotonicMs();
    const more = ((nowMs - this.#budgetMs) * this.#bytesPerSecond) / 1000;
    this.#budgetMs = nowMs;
    this.#budgetBytes = Math.min(this.#bytesPerSecond, this.#budgetBytes + more);
    return this.#budgetBytes > 0;
  }

  #send(client: Client, message: FilesMessage): void {
    this.#sendFrame(client, encodeMessage(message));
  }

  #sendFrame(client: Client, frame: Bytes): void {
    if (!this.#deps.send(client.peer, frame)) client.full = true;
  }
}

function mapOf({ pieces, manifests }: PieceList): ReadonlyMap<PieceId, PieceRef> {
  return new Map([...pieces, ...manifests].map((piece) => [piece.id, piece]));
}
