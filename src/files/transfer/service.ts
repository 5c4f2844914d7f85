/** Fetching and serving over this node's links. What is begun goes on after a restart. */
import { isKithError } from '../../base/errors.ts';
import type { Bytes } from '../../base/bytes.ts';
import type { LinkKey } from '../../base/ids.ts';
import type { Clock, Logger, Rng, Timer, Timers } from '../../base/ports.ts';
import type { Channel, ChannelName, Link, Transport } from '../../net/ports.ts';
import type { PieceService } from '../pieces/service.ts';
import type { PieceList } from '../ports-pieces.ts';
import type { ContentId, PieceRef } from '../types.ts';
import { TransferDriver, type Job } from './driver.ts';
import { decodeFetch, encodeFetch, type Fetch } from './fetch.ts';
import { Serving } from './serving.ts';
import { fileSink, refuseToReplace, storeSink, type Sink } from './sinks.ts';

export const FILES_CHANNEL: ChannelName = '/kith/1/files';
const TICK_MS = 1000;
const IN_FLIGHT_BYTES = 48 * 1024 * 1024;
/** In a second. */
const BULK_BYTES = 4 * 1024 * 1024;
/** Files that are fetched at once; others wait for their turn. */
const AT_ONCE = 32;

export interface TransferDeps {
  readonly transport: Transport;
  readonly pieces: PieceService;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly rng: Rng;
  readonly logger: Logger;
  /** May whoever has this link have that, as of now? */
  mayRead(peer: LinkKey, content: ContentId): boolean;
  mayLink(peer: LinkKey): boolean;
  /** Who says to have it. */
  holders(content: ContentId): readonly LinkKey[];
  /** Tries to have a link to it; more often than it can be tried is no harm. */
  reach(peer: LinkKey): void;
  /** Gives frames one after the other, so that what is more urgent overtakes them. */
  listen(channel: Channel, to: { take(frame: Bytes): void; closed(): void }): void;
  /** A neighbour sent what no honest one sends. */
  misbehaved(peer: LinkKey, code: string): void;
  changed(fetch: Fetch, progress: FetchProgress): void;
  /** Much goes through this node from now on, or no more. */
  bulk(isBulk: boolean): void;
}

export interface FetchProgress {
  readonly state: 'waiting' | 'fetching' | 'checking' | 'done' | 'failed';
  readonly doneBytes: number;
  readonly totalBytes: number;
  readonly error: unknown;
}

/** Where a fetch stands: begun, or waiting for its turn. */
interface Running {
  readonly fetch: Fetch;
  progress: FetchProgress;
  job: Job | undefined;
  stopped: boolean;
  end: Promise<void>;
}

export class TransferService {
  readonly #deps: TransferDeps;
  readonly #serving: Serving;
  readonly #driver: TransferDriver;
  readonly #channels = new Map<string, Channel>();
  readonly #served = new Set<Link>();
  readonly #running = new Map<string, Running>();
  readonly #byContent = new Map<ContentId, Promise<void>>();
  #turns = AT_ONCE;
  #waiting: (() => void)[] = [];
  #next = 0;
  #movedBytes = 0;
  #isBulk = false;
  #timer: Timer | undefined;
  #isStopped = false;

  constructor(deps: TransferDeps) {
    this.#deps = deps;
    const ports = {
      send: (peer: string, frame: Bytes) => {
        this.#moved(frame.byteLength);
        return this.#channels.get(peer)?.send(frame) ?? false;
      },
      cut: (peer: string, code: string) => {
        this.#cut(peer, code);
      },
    };
    this.#serving = new Serving({
      ...ports,
      pieces: deps.pieces,
      clock: deps.clock,
      timers: deps.timers,
      logger: deps.logger,
      mayRead: (peer, content) => deps.mayRead(peer, content),
    });
    this.#driver = new TransferDriver({
      ...ports,
      serving: this.#serving,
      logger: deps.logger,
      limits: { inFlightBytes: IN_FLIGHT_BYTES, bytesPerSecond: 0 },
      salt: deps.rng.below(2 ** 31),
      nowMs: () => deps.clock.monotonicMs(),
      mayKnow: (peer, content) => {
        const link = this.#channels.get(peer)?.peer;
        return link !== undefined && deps.mayRead(link, content);
      },
    });
    deps.transport.handle(FILES_CHANNEL, (channel) => {
      this.#attach(channel, undefined);
    });
    deps.transport.on({
      link: (link) => {
        void this.#open(link);
      },
      unlink: (link) => {
        this.#served.delete(link);
      },
    });
    for (const bytes of deps.pieces.rows.fetches()) this.#begin(decodeFetch(bytes));
    this.#tick();
  }

  /**
   * Remembered when it returns; does nothing where that one runs already. @param keeping `soon` where whoever asks would ask again.
   * @throws KithError `file-exists`
   */
  async fetch(fetch: Fetch, keeping: 'lasting' | 'soon' = 'lasting'): Promise<void> {
    if (this.#running.has(fetch.id)) return;
    if (fetch.target !== undefined) await refuseToReplace(fetch.target.path);
    const { rows } = this.#deps.pieces;
    rows.transact(() => {
      rows.putFetch(fetch.id, encodeFetch(fetch));
    }, keeping);
    this.#begin(fetch);
  }

  progressOf(id: string): FetchProgress | undefined {
    return this.#running.get(id)?.progress;
  }

  /** It is fetched, or somebody fetches it from here. */
  isMoving(content: ContentId): boolean {
    return this.#byContent.has(content) || this.#serving.isWanted(content);
  }

  /** Ends when the fetch does. @throws what it failed with. */
  async ended(id: string): Promise<void> {
    const running = this.#running.get(id);
    await running?.end;
    if (running?.progress.state === 'failed') throw running.progress.error;
  }

  /** Gives up on it; what came is left out of the way, and garbage. */
  async cancel(id: string): Promise<void> {
    const running = this.#running.get(id);
    if (running === undefined) return;
    running.stopped = true;
    this.#deps.pieces.rows.transact(() => {
      this.#deps.pieces.rows.dropFetch(id);
    });
    running.job?.failed(new Error('cancelled'));
    await running.end;
  }

  /** In bytes each second; 0: as fast as it goes. */
  limit(down: number, up: number): void {
    this.#driver.limit({ inFlightBytes: IN_FLIGHT_BYTES, bytesPerSecond: down });
    this.#serving.limit(up);
  }

  /** Rights of these, or what is here of them, are others now. */
  changed(contents: readonly ContentId[]): void {
    this.#serving.changed(contents);
    if (this.#running.size > 0) this.#driver.again(contents);
  }

  /** Rights of whatever there is may be others now. */
  rightsChanged(): void {
    if (this.#running.size > 0) this.#driver.again(undefined);
  }

  /** For each holder, by link key, what was measured. */
  measured(): readonly {
    readonly link: LinkKey;
    readonly bytesPerSecond: number;
    readonly delayMs: number;
  }[] {
    return this.#driver.core.holders().flatMap(({ peer, bytesPerSecond, delayMs }) => {
      const link = this.#channels.get(peer)?.peer;
      return link === undefined ? [] : [{ link, bytesPerSecond, delayMs }];
    });
  }

  /** What came is on disk; what runs goes on with the next start. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#setBulk(false);
    this.#timer?.cancel();
    this.#serving.stop();
    for (const channel of this.#channels.values()) channel.close();
    for (const running of this.#running.values()) running.job?.failed(new Error('stopped'));
    for (const go of this.#waiting) go();
    await Promise.all([...this.#running.values()].map(({ end }) => end));
  }

  // ---- fetching

  #begin(fetch: Fetch): void {
    const progress = {
      state: 'waiting',
      doneBytes: 0,
      totalBytes: fetch.content.sizeBytes,
      error: undefined,
    } as const;
    const running: Running = { fetch, progress, job: undefined, stopped: false, end: Promise.resolve() };
    this.#running.set(fetch.id, running);
    running.end = this.#run(running);
  }

  async #run(running: Running): Promise<void> {
    const { id, content } = running.fetch;
    // Of one file one fetch at a time: the next one finds all of it here.
    const before = this.#byContent.get(content.id) ?? Promise.resolve();
    const work = before.then(() => this.#inTurn(() => this.#fetch(running)));
    const quiet = work.catch(() => undefined);
    this.#byContent.set(content.id, quiet);
    try {
      await work;
      this.#settle(running, { state: 'done', doneBytes: content.sizeBytes, error: undefined });
    } catch (error) {
      if (this.#isStopped) return;
      if (!running.stopped) this.#deps.logger.warn({ fetch: id, error }, 'a fetch failed');
      this.#settle(running, { state: 'failed', error });
    } finally {
      if (this.#byContent.get(content.id) === quiet) this.#byContent.delete(content.id);
    }
  }

  #settle(running: Running, progress: Partial<FetchProgress>): void {
    const { fetch } = running;
    const { pieces } = this.#deps;
    // Forgotten by a power cut, it is found to be done.
    pieces.rows.transact(() => {
      pieces.rows.dropFetch(fetch.id);
    }, 'soon');
    this.#running.delete(fetch.id);
    if (progress.state === 'failed')
      for (const owner of [fetch.id, manifestOwner(fetch.content.id)]) pieces.release(owner);
    this.#progress(running, progress);
  }

  async #inTurn(work: () => Promise<void>): Promise<void> {
    if (this.#turns > 0) this.#turns -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      if (!this.#isStopped) await work();
      else throw new Error('stopped');
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#turns += 1;
      else next();
    }
  }

  async #fetch(running: Running): Promise<void> {
    const { id, content, target } = running.fetch;
    const { pieces } = this.#deps;
    if (running.stopped) throw new Error('cancelled');
    this.#progress(running, { state: 'fetching' });
    const list = await this.#listOf(running);
    pieces.rows.transact(() => {
      pieces.rows.hold(id, content.id, list);
      pieces.rows.release(manifestOwner(content.id));
    }, 'soon');
    const sink =
      target === undefined
        ? storeSink(pieces, content, list.pieces)
        : await fileSink(pieces, content, list.pieces, target, this.#deps.timers);
    try {
      await this.#fill(running, list, sink);
      this.#progress(running, { state: 'checking' });
      await sink.finish();
    } catch (error) {
      // Where the disk was full, what came is good for the next try.
      const isGood = isKithError(error) ? error.code === 'cannot-write' : this.#isStopped;
      await sink.end(isGood);
      throw error;
    }
    await sink.end(true);
    this.#serving.changed([content.id]);
  }

  /** Manifests first, level by level, until all pieces are known. */
  async #listOf(running: Running): Promise<PieceList> {
    const { content } = running.fetch;
    const { pieces } = this.#deps;
    for (;;) {
      const list = await pieces.listOf(content);
      if (list !== undefined) return list;
      const refs = await pieces.missingManifests(content);
      pieces.rows.transact(() => {
        for (const ref of refs)
          pieces.rows.hold(manifestOwner(content.id), ref.id as string as ContentId, {
            pieces: [ref],
            manifests: [],
          });
      });
      await this.#work(running, {
        content: content.id,
        pieces: refs,
        missing: refs.map((_, at) => at),
        listed: false,
        write: async (places, bytes) => {
          const ref = refs[places[0] ?? -1];
          if (ref !== undefined) await pieces.keep(ref, bytes);
        },
        stored: () => undefined,
      });
    }
  }

  async #fill(running: Running, list: PieceList, sink: Sink): Promise<void> {
    const here = [...sink.here()];
    const { id } = running.fetch.content;
    let doneBytes = sizeOf(list.pieces, here);
    this.#progress(running, { doneBytes });
    const wanted = list.pieces.flatMap((_, place) => (here[place] === true ? [] : [place]));
    // What lies elsewhere on this node is not fetched.
    for (const place of wanted) {
      const piece = list.pieces[place];
      if (
        piece === undefined ||
        !this.#deps.pieces.rows.isHere(piece.id) ||
        running.stopped ||
        this.#isStopped
      )
        continue;
      const bytes = await this.#deps.pieces.read(piece);
      if (bytes === undefined) continue;
      await sink.write([place], bytes);
      here[place] = true;
      doneBytes += piece.sizeBytes;
      this.#progress(running, { doneBytes });
    }
    await this.#work(running, {
      content: id,
      pieces: list.pieces,
      missing: wanted.filter((place) => here[place] !== true),
      listed: true,
      write: (places, bytes) => sink.write(places, bytes),
      stored: (places) => {
        doneBytes += places.reduce((sum, place) => sum + (list.pieces[place]?.sizeBytes ?? 0), 0);
        this.#serving.gained(id, places);
        this.#progress(running, { doneBytes });
      },
    });
  }

  async #work(running: Running, work: Omit<Job, 'done' | 'failed'>): Promise<void> {
    if (running.stopped || this.#isStopped) throw new Error('stopped');
    let job: Job | undefined;
    try {
      await new Promise<void>((done, failed) => {
        job = { ...work, done, failed };
        running.job = job;
        this.#driver.start(job);
        this.#reach(running);
      });
    } finally {
      running.job = undefined;
      if (job !== undefined) this.#driver.stop(job);
    }
  }

  #progress(running: Running, progress: Partial<FetchProgress>): void {
    running.progress = { ...running.progress, ...progress };
    if (!this.#isStopped) this.#deps.changed(running.fetch, running.progress);
  }

  #reach({ fetch: { content } }: Running): void {
    const linked = new Set([...this.#channels.values()].map(({ peer }) => peer));
    for (const holder of this.#deps.holders(content.id)) if (!linked.has(holder)) this.#deps.reach(holder);
  }

  // ---- channels

  #moved(sizeBytes: number): void {
    this.#movedBytes += sizeBytes;
    this.#setBulk(this.#isBulk || this.#movedBytes > BULK_BYTES);
  }

  #setBulk(isBulk: boolean): void {
    if (this.#isBulk === isBulk) return;
    this.#isBulk = isBulk;
    this.#deps.bulk(isBulk);
  }

  #tick(): void {
    this.#setBulk(this.#movedBytes > BULK_BYTES);
    this.#movedBytes = 0;
    this.#driver.tick();
    for (const link of this.#deps.transport.links()) void this.#open(link);
    for (const running of this.#running.values()) if (running.job !== undefined) this.#reach(running);
    this.#timer = this.#deps.timers.after(TICK_MS, () => {
      if (!this.#isStopped) this.#tick();
    });
  }

  /** Whoever dialled opens; tried again while the link stands. */
  async #open(link: Link): Promise<void> {
    if (link.direction !== 'outbound' || this.#served.has(link) || !this.#deps.mayLink(link.peer)) return;
    this.#served.add(link);
    try {
      this.#attach(await link.open(FILES_CHANNEL), link);
    } catch (error) {
      this.#deps.timers.after(TICK_MS * 5, () => this.#served.delete(link));
      this.#deps.logger.debug({ peer: link.peer, error }, 'a peer does not speak of files');
    }
  }

  #attach(channel: Channel, opened: Link | undefined): void {
    if (this.#isStopped || !this.#deps.mayLink(channel.peer)) {
      if (opened !== undefined) this.#served.delete(opened);
      channel.abort(new Error('not a member'));
      return;
    }
    this.#next += 1;
    const peer = `${channel.peer} ${String(this.#next)}`;
    this.#channels.set(peer, channel);
    this.#serving.opened(peer, channel.peer);
    this.#driver.opened(peer);
    this.#deps.listen(channel, {
      take: (frame) => {
        if (!this.#isStopped && this.#channels.has(peer)) this.#take(peer, channel, frame);
      },
      closed: () => {
        if (opened !== undefined) this.#served.delete(opened);
        this.#gone(peer);
      },
    });
    channel.onDrain(() => {
      this.#serving.drained(peer);
    });
  }

  #take(peer: string, channel: Channel, frame: Bytes): void {
    this.#moved(frame.byteLength);
    try {
      this.#driver.frame(peer, frame);
    } catch (error) {
      // A mistake of ours, met by what a neighbour sent: it costs this channel, never the node.
      this.#deps.logger.error({ peer, error }, 'files failed on a frame');
      channel.abort(new Error('internal'));
    }
  }

  #gone(peer: string): void {
    this.#channels.delete(peer);
    this.#serving.closed(peer);
    if (!this.#isStopped) this.#driver.closed(peer);
  }

  #cut(peer: string, code: string): void {
    const channel = this.#channels.get(peer);
    if (channel === undefined) return;
    this.#gone(peer);
    if (code !== 'silent') this.#deps.misbehaved(channel.peer, code);
    channel.abort(new Error(code));
  }
}

function manifestOwner(content: ContentId): string {
  return `manifests of ${content}`;
}

function sizeOf(pieces: readonly PieceRef[], here: readonly boolean[]): number {
  return pieces.reduce((sum, { sizeBytes }, place) => sum + (here[place] === true ? sizeBytes : 0), 0);
}
