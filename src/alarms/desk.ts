/**
 * Alarms of one node: raises and changes them, acknowledges what arrives, counts who has it, and says what people here
 * have to be told. Synchronous, because log and store are; time comes in with `tick`.
 */
import { assert, isKithError } from '../base/errors.ts';
import type { Clock, Logger } from '../base/ports.ts';
import type { DeviceKey } from '../base/ids.ts';
import type { Signer, Verifier } from '../identity/signing.ts';
import type { Member } from '../identity/types.ts';
import type { Log } from '../log/service.ts';
import { AlarmDriver, type AlarmPeers } from './driver.ts';
import {
  addressed,
  brokenRule,
  escalationOf,
  isAddressed,
  LONGEST_LIFE_MS,
  phaseOf,
  tally,
  type Alarm,
  type Escalation,
  type Phase,
  type Told,
} from './fold.ts';
import type { AckStore, AlertIndex } from './ports.ts';
import { AlarmReader } from './reading.ts';
import { noSuchAlarm, refusesChange } from './refusals.ts';
import type { Ack, AckState, AlertBody, AlertId, AlertMessage } from './types.ts';
import { ACK_PURPOSE, ackStatement, ALERT_KIND, encodeAlert } from './wire.ts';

/** Messages that are looked through for what is active: the newest ones. */
const MOST_WATCHED = 512;
/** Between two reminders of an alarm that nobody here has seen; doubled each time. */
const FIRST_REMINDER_MS = 30_000;
const LONGEST_REMINDER_MS = 10 * 60 * 1000;

export type AlarmChange = 'raised' | 'updated' | 'cancelled' | 'refused' | 'repeated' | 'escalated' | 'acked';

export interface DeskDeps {
  readonly log: Log;
  readonly index: AlertIndex;
  readonly acks: AckStore;
  readonly clock: Clock;
  readonly verifier: Verifier;
  readonly signer: Signer;
  readonly logger: Logger;
  readonly peers: AlarmPeers;
  /** After what was sent in this turn has gone out. */
  later(run: () => void): void;
  /** Something that people or programs here may want to know. */
  told(change: AlarmChange, alarm: Alarm, message: AlertMessage): void;
}

export interface AlarmState {
  readonly alarm: Alarm;
  readonly phase: Phase;
  readonly told: readonly Told[];
  readonly escalation: Escalation | undefined;
  /** Has somebody of this node's member seen what it says now? */
  readonly seenHere: boolean;
}

interface Reminder {
  dueMs: number;
  pauseMs: number;
}

/** What a new message says; the desk adds what it hangs on. */
export type NewAlert = Omit<AlertBody, 'msgType' | 'alarm' | 'follows'>;

export class AlarmDesk {
  readonly driver: AlarmDriver;
  readonly #deps: DeskDeps;
  readonly #reader: AlarmReader;
  /** Messages that were told of, here or in an earlier life. */
  readonly #known = new Set<AlertId>();
  /** Messages whose arrival this node has not confirmed yet. */
  readonly #owed = new Set<AlertId>();
  readonly #reminders = new Map<AlertId, Reminder>();
  readonly #escalated = new Set<AlertId>();
  #active: readonly Alarm[] = [];
  #begun = false;
  #confirms = false;

  constructor(deps: DeskDeps) {
    this.#deps = deps;
    this.#reader = new AlarmReader(deps.log, deps.index);
    this.driver = new AlarmDriver({
      ...deps,
      // What was replaced by something newer is asked after no more.
      active: () =>
        this.#active.flatMap(({ current, cancelled }) =>
          cancelled === undefined ? [current.id] : [current.id, cancelled.id],
        ),
      holds: (alert) => this.#holds(alert),
      acked: (acks) => {
        this.#tellAcked(acks);
      },
    });
    deps.log.on({
      appended: (feed, _, to) => {
        if (feed.lane !== 'urgent') return;
        // First to the neighbours, then to the people here.
        this.driver.handle({ type: 'appended', feed, to });
        this.look();
      },
      membership: () => {
        this.driver.handle({ type: 'roll' });
        this.look();
      },
      refolded: () => {
        this.#reader.forget();
        this.look();
      },
    });
    this.#start();
  }

  // ---- asked by people here

  /** @throws KithError `role-writes-nothing` | `not-a-member` | `too-large` | `malformed` */
  raise(alert: NewAlert, audience: AlertMessage['audience']): Alarm {
    return this.#write({ ...alert, msgType: 'Alert', alarm: null, follows: null }, audience);
  }

  /** @throws KithError `not-entitled` | `alarm-over` and as `raise`. */
  change(alarm: Alarm, msgType: 'Update' | 'Cancel', alert: NewAlert): Alarm {
    refusesChange(alarm, this.#ruleAgainst(alarm), this.#nowMs);
    return this.#write(
      { ...alert, msgType, alarm: alarm.id, follows: alarm.current.id },
      alarm.root.audience,
    );
  }

  /** Says that somebody here has seen what an alarm says now. */
  see(alarm: Alarm): void {
    this.#sign([alarm.current.id], 'seen');
    this.#reminders.delete(alarm.id);
  }

  alarm(id: AlertId): Alarm | undefined {
    return this.#reader.alarm(id);
  }

  /** Newest last; also those that are over. */
  alarms(limit: number): readonly Alarm[] {
    return this.#reader.alarms(0, limit);
  }

  state(alarm: Alarm): AlarmState {
    const { log, acks } = this.#deps;
    const told = tally(addressed(alarm, log.membership), log.membership, acks.of(alarm.current.id));
    const nowMs = this.#nowMs;
    return {
      alarm,
      phase: phaseOf(alarm, nowMs),
      told,
      escalation: escalationOf(alarm, told, log.membership, nowMs),
      seenHere: this.#seenHere(alarm),
    };
  }

  /** Who has a message, by what is signed. */
  toldOf(alarm: Alarm, message: AlertMessage): readonly Told[] {
    const { log, acks } = this.#deps;
    return tally(addressed(alarm, log.membership), log.membership, acks.of(message.id));
  }

  get active(): readonly Alarm[] {
    return this.#active;
  }

  // ---- time and news

  /** @param monotonicMs for the pauses between repeats: the wall clock may jump. */
  tick(monotonicMs: number): void {
    this.look();
    this.driver.handle({ type: 'tick', nowMs: monotonicMs });
    for (const alarm of this.#active) {
      this.#remind(alarm, monotonicMs);
      this.#escalate(alarm);
    }
    const active = new Set(this.#active.map(({ id }) => id));
    for (const id of this.#reminders.keys()) if (!active.has(id)) this.#reminders.delete(id);
  }

  /** Level-triggered: whatever happened, what is new is what is here and was not told of. */
  look(): void {
    const nowMs = this.#nowMs;
    const recent = this.#reader.alarms(nowMs - LONGEST_LIFE_MS, MOST_WATCHED);
    // A cancel has to reach everybody for as long as what it cancels would have lasted.
    this.#active = recent.filter((alarm) => phaseOf({ ...alarm, cancelled: undefined }, nowMs) === 'active');
    const fresh = recent.flatMap((alarm) =>
      [...alarm.messages, ...alarm.refused.map(({ message }) => message)].flatMap((message) =>
        this.#known.has(message.id) ? [] : [{ alarm, message }],
      ),
    );
    for (const { alarm, message } of fresh) {
      this.#known.add(message.id);
      if (this.#isForUs(alarm, message)) this.#owed.add(message.id);
    }
    if (this.#begun) this.#tellFresh(fresh);
    if (fresh.length > 0)
      this.driver.handle({ type: 'stood', alerts: fresh.map(({ message }) => message.id) });
    this.#confirmLater();
  }

  #tellFresh(fresh: readonly { readonly alarm: Alarm; readonly message: AlertMessage }[]): void {
    const arrived = new Set(fresh.map(({ message }) => message.id));
    for (const { alarm, message } of fresh) if (this.#isNews(alarm, arrived)) this.#tellNews(alarm, message);
  }

  /** A flush takes long where disks are slow or busy: neighbours and people have been told by then. */
  #confirmLater(): void {
    if (this.#owed.size === 0 || this.#confirms) return;
    this.#confirms = true;
    this.#deps.later(() => {
      this.#confirms = false;
      this.#confirm();
    });
  }

  /**
   * What says that the alarms are here is written with a flush that takes them to the disk, too; where it cannot be
   * written now, it is tried again.
   */
  #confirm(): void {
    try {
      this.#sign([...this.#owed], 'received');
      this.#owed.clear();
    } catch (error) {
      if (!isKithError(error)) throw error;
      this.#deps.logger.error({ error }, 'that alarms arrived could not be written down; it is tried again');
    }
  }

  /** What was here before was told of before; what nobody has seen yet is due for its reminder. */
  #start(): void {
    this.look();
    this.#begun = true;
    for (const { id } of this.#active) this.#reminders.set(id, { dueMs: 0, pauseMs: FIRST_REMINDER_MS });
  }

  get #nowMs(): number {
    return this.#deps.clock.nowMs();
  }

  get #self(): Member | undefined {
    const { devices, members } = this.#deps.log.membership;
    const device = devices.get(this.#deps.signer.key as DeviceKey);
    return device?.active === true ? members.get(device.member) : undefined;
  }

  #isForUs(alarm: Alarm, message: AlertMessage): boolean {
    const self = this.#self;
    return self !== undefined && self.id !== alarm.root.author.member && isAddressed(message.audience, self);
  }

  /**
   * Nobody wants to be woken by what was over before they came in, or began and was called off while they were away. By
   * this node's clock alone nothing counts as over: it may be wrong, and a real alarm missed.
   */
  #isNews(alarm: Alarm, arrived: ReadonlySet<AlertId>): boolean {
    if (alarm.cancelled !== undefined) return !arrived.has(alarm.id);
    return phaseOf(alarm, this.#nowMs) === 'active' || alarm.root.hlc.ms >= (this.#self?.since.ms ?? 0);
  }

  #tellNews(alarm: Alarm, message: AlertMessage): void {
    const change = changeOf(alarm, message);
    const { logger } = this.#deps;
    logger.info({ alarm: alarm.id, message: message.id, change, status: message.body.status }, 'an alarm');
    this.#deps.told(change, alarm, message);
  }

  #tellAcked(acks: readonly Ack[]): void {
    const ids = new Set(acks.map(({ alert }) => alert));
    for (const alarm of this.#active)
      if (ids.has(alarm.current.id)) this.#deps.told('acked', alarm, alarm.current);
  }

  #seenHere(alarm: Alarm): boolean {
    const self = this.#self;
    if (self === undefined || !this.#isForUs(alarm, alarm.current)) return true;
    return this.#deps.acks
      .of(alarm.current.id)
      .some(({ device, state }) => state === 'seen' && self.devices.includes(device));
  }

  #remind(alarm: Alarm, nowMs: number): void {
    if (alarm.cancelled !== undefined || this.#seenHere(alarm)) return;
    const reminder = this.#reminders.get(alarm.id);
    if (reminder === undefined) {
      this.#reminders.set(alarm.id, { dueMs: nowMs + FIRST_REMINDER_MS, pauseMs: FIRST_REMINDER_MS });
    } else if (nowMs >= reminder.dueMs) {
      reminder.pauseMs = Math.min(2 * reminder.pauseMs, LONGEST_REMINDER_MS);
      reminder.dueMs = nowMs + reminder.pauseMs;
      this.#deps.told('repeated', alarm, alarm.current);
    }
  }

  /** Once for each thing that it says; to those whom it names. */
  #escalate(alarm: Alarm): void {
    const { body, hlc, id } = alarm.current;
    if (body.escalateAfterMs === 0 || this.#nowMs < hlc.ms + body.escalateAfterMs || this.#escalated.has(id))
      return;
    const { escalation } = this.state(alarm);
    const self = this.#self;
    if (escalation === undefined) return;
    this.#escalated.add(id);
    const { logger } = this.#deps;
    logger.warn(
      { alarm: alarm.id, unseen: escalation.unseen.length },
      'an alarm was not seen by all in time',
    );
    if (self !== undefined && escalation.to.includes(self.id))
      this.#deps.told('escalated', alarm, alarm.current);
  }

  #ruleAgainst(alarm: Alarm): string | undefined {
    const self = this.#self;
    if (self === undefined) return 'not-a-member';
    const { root } = alarm;
    return brokenRule({ ...root, author: { member: self.id, role: self.role } }, root);
  }

  #holds(id: AlertId): boolean {
    return this.#known.has(id);
  }

  #write(body: AlertBody, audience: AlertMessage['audience']): Alarm {
    const payload = encodeAlert(body);
    const [entry] = this.#deps.log.append([
      { kind: ALERT_KIND, lane: 'urgent', parts: [{ audience, payload }] },
    ]);
    assert(entry !== undefined, 'one draft makes one entry');
    const alarm = this.alarm(body.alarm ?? entry.hash);
    if (alarm === undefined) throw noSuchAlarm(entry.hash);
    return alarm;
  }

  #sign(alerts: readonly AlertId[], state: AckState): void {
    const { log, signer, acks } = this.#deps;
    const device = signer.key as DeviceKey;
    const atMs = Math.max(0, Math.floor(this.#nowMs));
    const own = alerts
      .filter((alert) => !acks.of(alert).some((ack) => ack.device === device && ack.state === state))
      .map((alert): Ack => {
        const signed = { alert, device, state, atMs };
        return { ...signed, signature: signer.sign(ACK_PURPOSE, ackStatement(log.network, signed)) };
      });
    if (own.length > 0) this.driver.keep(own, undefined);
  }
}

function changeOf(alarm: Alarm, message: AlertMessage): AlarmChange {
  if (alarm.refused.some((refused) => refused.message.id === message.id)) return 'refused';
  if (message.id === alarm.id) return 'raised';
  return message.body.msgType === 'Cancel' ? 'cancelled' : 'updated';
}
