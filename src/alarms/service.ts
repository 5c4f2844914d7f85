/** The alarm channel over links, and the clock for repeats: the asynchronous shell around one node's alarms. */
import type { LinkKey } from '../base/ids.ts';
import type { Timer, Timers } from '../base/ports.ts';
import type { Standing } from '../identity/roles.ts';
import type { Channel, ChannelName, Link, Transport } from '../net/ports.ts';
import { AlarmDesk, type AlarmState, type DeskDeps } from './desk.ts';
import { isDrill, type Alarm } from './fold.ts';

export const ALARM_CHANNEL: ChannelName = '/kith/1/alarm';
const TICK_MS = 1000;
/** Above this, alerts for a neighbour wait for the next comparison; nothing else goes over this channel. */
const ROOM_BYTES = 1024 * 1024;
/** How long somebody who raised an alarm waits for the first answers. */
const FIRST_ANSWERS_MS = 400;

export interface AlarmServiceDeps extends Omit<DeskDeps, 'peers' | 'later'> {
  readonly transport: Transport;
  readonly timers: Timers;
  /** A neighbour sent what no honest one sends. */
  misbehaved(peer: LinkKey, code: string): void;
  /** Undefined for who is no member. */
  standingOf(peer: LinkKey): Standing | undefined;
}

export class AlarmService {
  readonly desk: AlarmDesk;
  readonly #deps: AlarmServiceDeps;
  readonly #channels = new Map<string, Channel>();
  /** Links on which this node opened the channel, or is opening it. */
  readonly #opened = new Set<Link>();
  #next = 0;
  #timer: Timer | undefined;
  readonly #waiting = new Set<() => void>();
  #stopped = false;

  constructor(deps: AlarmServiceDeps) {
    this.#deps = deps;
    this.desk = new AlarmDesk({
      ...deps,
      later: (run) =>
        void setImmediate(() => {
          if (!this.#stopped) run();
        }),
      told: (change, alarm, message) => {
        if (change === 'acked') for (const look of this.#waiting) look();
        deps.told(change, alarm, message);
      },
      peers: {
        send: (peer, frame) => void this.#channels.get(peer)?.send(frame),
        hasRoom: (peer) => (this.#channels.get(peer)?.bufferedBytes ?? 0) < ROOM_BYTES,
        cut: (peer, code) => {
          const channel = this.#channels.get(peer);
          if (channel !== undefined && code !== 'other-network') deps.misbehaved(channel.peer, code);
          channel?.abort(new Error(code));
        },
        standingOf: (peer) => {
          const key = this.#channels.get(peer)?.peer;
          return key === undefined ? undefined : this.#standingOf(key);
        },
      },
    });
    deps.transport.handle(ALARM_CHANNEL, (channel) => {
      this.#attach(channel);
    });
    deps.transport.on({
      link: () => {
        this.#openMissing();
      },
      unlink: (link) => {
        this.#opened.delete(link);
      },
    });
    deps.log.on({
      membership: () => {
        this.#openMissing();
      },
    });
    this.#tick();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
    for (const channel of this.#channels.values()) channel.close();
  }

  /** For metrics. */
  counts(): { readonly alarm: number; readonly drill: number; readonly escalated: number } {
    const active = this.desk.active
      .map((alarm) => this.desk.state(alarm))
      .filter(({ phase }) => phase === 'active');
    const drills = active.filter(({ alarm }) => isDrill(alarm.root.body)).length;
    const escalated = active.filter(({ escalation }) => escalation !== undefined).length;
    return { alarm: active.length - drills, drill: drills, escalated };
  }

  /** Until everybody has it, or a moment has passed: what is known by then is what to say. */
  async firstAnswers(alarm: Alarm): Promise<AlarmState> {
    const isComplete = (): boolean =>
      this.desk.state(alarm).told.every(({ receivedMs }) => receivedMs !== undefined);
    if (isComplete() || this.#channels.size === 0) return this.desk.state(alarm);
    const answered = Promise.withResolvers<undefined>();
    const look = (): void => {
      if (isComplete()) answered.resolve(undefined);
    };
    this.#waiting.add(look);
    const timer = this.#deps.timers.after(FIRST_ANSWERS_MS, () => {
      answered.resolve(undefined);
    });
    await answered.promise;
    timer.cancel();
    this.#waiting.delete(look);
    return this.desk.state(alarm);
  }

  /** Who was not known yet when its link came up may be by now. */
  #openMissing(): void {
    for (const link of this.#deps.transport.links()) {
      if (link.direction !== 'outbound' || this.#opened.has(link)) continue;
      if (this.#standingOf(link.peer) !== undefined) void this.#open(link);
    }
  }

  async #open(link: Link): Promise<void> {
    this.#opened.add(link);
    try {
      const channel = await link.open(ALARM_CHANNEL);
      this.#attach(channel, link);
    } catch (error) {
      this.#deps.logger.debug({ peer: link.peer, error }, 'a peer takes no alarms yet');
      this.#opened.delete(link);
    }
  }

  #attach(channel: Channel, link?: Link): void {
    if (this.#standingOf(channel.peer) === undefined) {
      if (link !== undefined) this.#opened.delete(link);
      channel.abort(new Error('not a member'));
      return;
    }
    this.#next += 1;
    const peer = `${channel.peer} ${String(this.#next)}`;
    const { driver } = this.desk;
    this.#channels.set(peer, channel);
    driver.handle({ type: 'opened', peer });
    channel.onFrame((frame) => {
      try {
        driver.frame(peer, frame);
      } catch (error) {
        // A mistake of ours, met by what a neighbour sent: it costs this channel, never the node.
        this.#deps.logger.error({ peer, error }, 'the alarm channel failed on a frame');
        channel.abort(new Error('internal'));
      }
    });
    channel.onClose(() => {
      this.#channels.delete(peer);
      // The link may go on: the other side did not know us yet, or had enough.
      if (link !== undefined) this.#deps.timers.after(TICK_MS, () => void this.#opened.delete(link));
      driver.handle({ type: 'closed', peer });
    });
  }

  /** Members, admins and readers; relays carry what is sealed, and nothing of this is for them. */
  #standingOf(peer: LinkKey): Standing | undefined {
    const standing = this.#deps.standingOf(peer);
    return standing?.role === 'relay' ? undefined : standing;
  }

  #tick(): void {
    this.#openMissing();
    this.desk.tick(this.#deps.clock.monotonicMs());
    this.#timer = this.#deps.timers.after(TICK_MS, () => {
      this.#tick();
    });
  }
}
