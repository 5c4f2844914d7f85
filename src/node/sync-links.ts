/** Sync over links: one channel a link, opened by whoever dialled, fed to the driver. */
import type { Logger, Timer, Timers, Clock } from '../base/ports.ts';
import type { LinkKey } from '../base/ids.ts';
import type { Lane, Standing } from '../identity/roles.ts';
import { LANES } from '../identity/roles.ts';
import type { Log, Received } from '../log/service.ts';
import type { Run } from '../log/types.ts';
import type { Bytes } from '../base/bytes.ts';
import { takeInTurns } from './frame-turns.ts';
import { ServingTurns } from './serving-turns.ts';
import { SyncDriver } from '../log/sync-driver.ts';
import type { SyncFault } from '../log/sync-core.ts';
import type { Channel, ChannelName, Link, Transport } from '../net/ports.ts';

export const SYNC_CHANNEL: ChannelName = '/kith/1/sync';
const TICK_MS = 5000;
/** Above this, reading for a neighbour waits until what is queued for it has gone. */
const ROOM_BYTES = 1024 * 1024;
/** A frame of this size was a turn's work. */
const RUN_FRAME_BYTES = 16 * 1024;

/** Whoever is silent, or of another network, means no harm. */
const BLAMED: ReadonlySet<SyncFault | 'malformed'> = new Set(['malformed', 'bad-entries', 'out-of-turn']);

export interface SyncLinksDeps {
  readonly transport: Transport;
  readonly log: Log;
  readonly timers: Timers;
  readonly clock: Clock;
  readonly logger: Logger;
  standingOf(peer: LinkKey): Standing | undefined;
  /** What this node may hold itself; undefined until it is in the roll. */
  ownStanding(): Standing | undefined;
  /** This device was let in and has not seen its own admission yet: who is a member, it cannot know. */
  isArriving(): boolean;
  /** A neighbour sent what no honest one sends. */
  misbehaved(peer: LinkKey, code: string): void;
  /** This node's own role, as of now. */
  ownLanes(): readonly Lane[];
}

export class SyncLinks {
  readonly #deps: SyncLinksDeps;
  readonly #driver: SyncDriver;
  readonly #turns = new ServingTurns({
    hasRoom: (peer) => (this.#channels.get(peer)?.bufferedBytes ?? 0) < ROOM_BYTES,
    serve: (peer) => {
      this.#driver.drained(peer);
    },
    later: (run) => void setImmediate(run),
  });
  readonly #channels = new Map<string, Channel>();
  readonly #cut = new Map<string, SyncFault | 'malformed'>();
  readonly #watchers = new Map<string, (run: Run, outcome: Received) => void>();
  readonly #taken = new Map<LinkKey, number>();
  #next = 0;
  #timer: Timer | undefined;

  constructor(deps: SyncLinksDeps) {
    this.#deps = deps;
    this.#driver = new SyncDriver(
      deps.log,
      {
        send: (peer, frame) => {
          this.#channels.get(peer)?.send(frame);
          if (frame.byteLength >= RUN_FRAME_BYTES) this.#turns.served();
        },
        hasRoom: (peer) => this.#turns.mayServe(peer),
        cut: (peer, code) => {
          if (this.#watchers.has(peer)) this.#cut.set(peer, code);
          const channel = this.#channels.get(peer);
          if (channel !== undefined && BLAMED.has(code)) deps.misbehaved(channel.peer, code);
          channel?.abort(new Error(code));
        },
        standingOf: (peer) => this.#standingOf(peer),
        ownStanding: () => this.#deps.ownStanding(),
        taken: (peer, run, outcome) => {
          this.#noteTaken(peer, outcome);
          this.#watchers.get(peer)?.(run, outcome);
        },
      },
      deps.logger,
    );
    deps.transport.handle(SYNC_CHANNEL, (channel) => {
      this.#attach(channel);
    });
    deps.transport.on({
      link: (link) => {
        if (link.direction === 'outbound') void this.#open(link);
      },
    });
    // Links may stand already: a newcomer's link to its admitter is older than its log.
    for (const link of deps.transport.links()) if (link.direction === 'outbound') void this.#open(link);
    this.#tick();
  }

  get driver(): SyncDriver {
    return this.#driver;
  }

  /** Takes frames that came another way than over a link, through the same core. @returns why it was broken off. */
  async takeFrames(
    frames: AsyncIterable<Bytes>,
    watch: (run: Run, outcome: Received) => void,
  ): Promise<SyncFault | 'malformed' | undefined> {
    this.#next += 1;
    const peer = `file ${String(this.#next)}`;
    this.#watchers.set(peer, watch);
    this.#driver.opened(peer, this.#deps.ownLanes());
    try {
      for await (const frame of frames) {
        this.#driver.frame(peer, frame);
        if (this.#cut.has(peer)) break;
      }
      return this.#cut.get(peer);
    } finally {
      this.#cut.delete(peer);
      this.#driver.closed(peer);
      this.#watchers.delete(peer);
    }
  }

  isInStep(): boolean {
    return this.#driver.isInStep();
  }

  /** Asks whoever is linked for what it has; once it answered, `isInStepWith` says whether all of that is here. */
  compare(peer: LinkKey): void {
    for (const name of this.#namesOf(peer)) this.#driver.compare(name);
  }

  hasAnswered(peer: LinkKey): boolean {
    return this.#namesOf(peer).some((name) => this.#driver.hasAnswered(name));
  }

  isInStepWith(peer: LinkKey): boolean {
    return this.#namesOf(peer).some((name) => this.#driver.isInStepWith(name));
  }

  /** Whether something can be asked of it. */
  isOpenTo(peer: LinkKey): boolean {
    return this.#namesOf(peer).length > 0;
  }

  /** Entries that came from each peer since this node started, and were taken. */
  takenFrom(peer: LinkKey): number {
    return this.#taken.get(peer) ?? 0;
  }

  #namesOf(peer: LinkKey): readonly string[] {
    return [...this.#channels].flatMap(([name, channel]) => (channel.peer === peer ? [name] : []));
  }

  #noteTaken(name: string, outcome: Received): void {
    const peer = this.#channels.get(name)?.peer;
    if (peer !== undefined && outcome.kind === 'appended')
      this.#taken.set(peer, this.takenFrom(peer) + outcome.count);
  }

  stop(): void {
    this.#timer?.cancel();
    for (const channel of this.#channels.values()) channel.close();
  }

  async #open(link: Link): Promise<void> {
    if (this.#deps.standingOf(link.peer) === undefined && !this.#deps.isArriving()) return;
    try {
      this.#attach(await link.open(SYNC_CHANNEL));
    } catch (error) {
      this.#deps.logger.debug({ peer: link.peer, error }, 'a peer does not sync');
    }
  }

  #attach(channel: Channel): void {
    const standing = this.#deps.standingOf(channel.peer);
    if (standing === undefined && !this.#deps.isArriving()) {
      channel.abort(new Error('not a member'));
      return;
    }
    this.#next += 1;
    const peer = `${channel.peer} ${String(this.#next)}`;
    this.#channels.set(peer, channel);
    // Before frames are taken: what waited already is given to the handler at once.
    this.#driver.opened(peer, standing?.role === 'relay' ? ['roll'] : this.#deps.ownLanes());
    takeInTurns(channel, {
      take: (frame) => {
        try {
          this.#driver.frame(peer, frame);
        } catch (error) {
          // A mistake of ours, met by what a neighbour sent: it costs this channel, never the node.
          this.#deps.logger.error({ peer, error }, 'sync failed on a frame');
          channel.abort(new Error('internal'));
        }
      },
      closed: () => {
        this.#channels.delete(peer);
        this.#turns.left(peer);
        this.#driver.closed(peer);
      },
      later: (run) => void setImmediate(run),
    });
    channel.onDrain(() => {
      this.#driver.drained(peer);
    });
  }

  #standingOf(peer: string): Standing | undefined {
    const key = this.#channels.get(peer)?.peer;
    return key === undefined ? undefined : this.#deps.standingOf(key);
  }

  #tick(): void {
    this.#driver.handle({ type: 'tick', nowMs: this.#deps.clock.monotonicMs() });
    this.#timer = this.#deps.timers.after(TICK_MS, () => {
      this.#tick();
    });
  }
}

/** What a node of this role holds of the log. */
export function lanesOf(role: Standing['role'] | undefined): readonly Lane[] {
  return role === 'relay' ? ['roll'] : LANES;
}
