/** Puts the core on links: what comes is checked, what is to be kept is kept before anybody hears of it. */
import type { Bytes } from '../../base/bytes.ts';
import { isKithError } from '../../base/errors.ts';
import type { Logger } from '../../base/ports.ts';
import { pieceIdOf } from '../pieces/manifest.ts';
import type { ContentId, PieceId, PieceRef } from '../types.ts';
import { TransferCore, type TransferEffect, type TransferEvent, type TransferLimits } from './core.ts';
import type { Serving } from './serving.ts';
import { decodeMessage, encodeMessage, type FilesMessage } from './wire.ts';

export interface Job {
  readonly content: ContentId;
  readonly pieces: readonly PieceRef[];
  readonly missing: readonly number[];
  /** Manifests have no places in the file that claims speak of. */
  readonly listed: boolean;
  write(places: readonly number[], bytes: Bytes): Promise<void>;
  done(): void;
  failed(error: unknown): void;
  /** A piece is on disk. */
  stored(places: readonly number[]): void;
}

export interface DriverDeps {
  readonly serving: Serving;
  readonly logger: Logger;
  readonly limits: TransferLimits;
  readonly salt: number;
  nowMs(): number;
  send(peer: string, frame: Bytes): boolean;
  cut(peer: string, code: string): void;
  /** May it be told that this node wants that? */
  mayKnow(peer: string, content: ContentId): boolean;
}

const MANIFESTS = 'm ';

export class TransferDriver {
  readonly #deps: DriverDeps;
  readonly #core: TransferCore;
  readonly #jobs = new Map<string, Job>();
  readonly #peers = new Set<string>();

  constructor(deps: DriverDeps) {
    this.#deps = deps;
    this.#core = new TransferCore(deps.limits, deps.salt);
  }

  get core(): TransferCore {
    return this.#core;
  }

  start(job: Job): void {
    const work = workOf(job);
    this.#jobs.set(work, job);
    const { pieces, missing, listed } = job;
    this.#step({ type: 'start', work, pieces, missing, listed });
    if (!this.#jobs.has(work)) return;
    for (const peer of this.#peers) this.#want(peer, job.content);
  }

  stop(job: Job): void {
    const work = workOf(job);
    if (this.#jobs.get(work) !== job) return;
    this.#end(work, job);
  }

  /** Of these, who may know is another set now. @param contents undefined: of whatever is fetched. */
  again(contents: readonly ContentId[] | undefined): void {
    const wanted = new Set([...this.#jobs.values()].map(({ content }) => content));
    for (const content of contents === undefined ? wanted : new Set(contents))
      if (wanted.has(content)) for (const peer of this.#peers) this.#want(peer, content);
  }

  opened(peer: string): void {
    this.#peers.add(peer);
    this.#step({ type: 'opened', peer });
    for (const { content } of this.#jobs.values()) this.#want(peer, content);
  }

  closed(peer: string): void {
    if (this.#peers.delete(peer)) this.#step({ type: 'closed', peer });
  }

  limit(limits: TransferLimits): void {
    this.#step({ type: 'limits', limits });
  }

  tick(): void {
    this.#step({ type: 'tick' });
  }

  frame(peer: string, frame: Bytes): void {
    let message: FilesMessage;
    try {
      message = decodeMessage(frame);
    } catch (error) {
      if (!isKithError(error, 'malformed')) throw error;
      this.#deps.cut(peer, 'malformed');
      return;
    }
    if (!this.#deps.serving.take(peer, message)) this.#take(peer, message);
  }

  #take(peer: string, message: FilesMessage): void {
    const works = [message.content, MANIFESTS + message.content].filter((work) => this.#jobs.has(work));
    switch (message.type) {
      case 'have':
        for (const work of works) this.#step({ type: 'claims', peer, work, claim: message.claim });
        return;
      case 'got':
        for (const work of works) this.#step({ type: 'got', peer, work, places: message.places });
        return;
      case 'denied':
        for (const work of works) this.#step({ type: 'denied', peer, work, piece: message.piece });
        return;
      case 'piece': {
        const good = pieceIdOf(message.bytes) === message.piece;
        const { piece, bytes } = message;
        for (const work of works) this.#step({ type: 'came', peer, work, piece, good }, bytes);
        return;
      }
      default:
    }
  }

  #want(peer: string, content: ContentId): void {
    if (this.#deps.mayKnow(peer, content)) this.#send(peer, { type: 'want', content });
  }

  /** @param bytes of the piece that this event brings. */
  #step(event: TransferEvent, bytes?: Bytes): void {
    for (const effect of this.#core.step(event, this.#deps.nowMs())) this.#carryOut(effect, bytes);
  }

  #carryOut(effect: TransferEffect, bytes: Bytes | undefined): void {
    switch (effect.type) {
      case 'ask':
        this.#send(effect.peer, { type: 'ask', content: contentOf(effect.work), piece: effect.piece.id });
        return;
      case 'store':
        if (bytes !== undefined) this.#store(effect.work, effect.piece, effect.places, bytes);
        return;
      case 'done': {
        const job = this.#jobs.get(effect.work);
        if (job === undefined) return;
        this.#end(effect.work, job);
        job.done();
        return;
      }
      case 'blame':
        this.#peers.delete(effect.peer);
        this.#deps.logger.warn({ peer: effect.peer, fault: effect.fault }, 'a holder is asked no more');
        this.#deps.cut(effect.peer, effect.fault);
        return;
    }
  }

  #store(work: string, piece: PieceId, places: readonly number[], bytes: Bytes): void {
    const job = this.#jobs.get(work);
    if (job === undefined) return;
    job.write(places, bytes).then(
      () => {
        if (this.#jobs.get(work) !== job) return;
        job.stored(places);
        for (const place of places) this.#step({ type: 'stored', work, place });
      },
      (error: unknown) => {
        this.#deps.logger.error({ piece, error }, 'a piece could not be written');
        if (this.#jobs.get(work) !== job) return;
        this.#end(work, job);
        job.failed(error);
      },
    );
  }

  #end(work: string, job: Job): void {
    this.#jobs.delete(work);
    this.#step({ type: 'stop', work });
    const isWanted = this.#jobs.has(job.content) || this.#jobs.has(MANIFESTS + job.content);
    if (!isWanted) for (const peer of this.#peers) this.#send(peer, { type: 'enough', content: job.content });
  }

  #send(peer: string, message: FilesMessage): void {
    this.#deps.send(peer, encodeMessage(message));
  }
}

function workOf({ content, listed }: Job): string {
  return listed ? content : MANIFESTS + content;
}

function contentOf(work: string): ContentId {
  return work.slice(-64) as ContentId;
}
