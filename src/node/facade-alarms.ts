/** Of the facade, what is about alarms. Types only. */
import type { Bytes } from '../base/bytes.ts';

/** ISO 8601 in UTC. */
type IsoTime = string;

export type AlarmSeverity = 'Extreme' | 'Severe' | 'Moderate' | 'Minor' | 'Unknown';
export type AlarmUrgency = 'Immediate' | 'Expected' | 'Future' | 'Past' | 'Unknown';
export type AlarmCertainty = 'Observed' | 'Likely' | 'Possible' | 'Unlikely' | 'Unknown';

/** In the words of CAP 1.2. */
export interface Alarm {
  /** 64 hex digits. */
  readonly id: string;
  readonly phase: 'active' | 'cancelled' | 'expired';
  /** Anything but CAP's status `Actual`. */
  readonly drill: boolean;
  readonly status: 'Actual' | 'Exercise' | 'System' | 'Test' | 'Draft';
  readonly scope: 'public' | 'members';
  readonly headline: string;
  readonly text: string;
  readonly instruction: string;
  readonly event: string;
  readonly severity: AlarmSeverity;
  readonly urgency: AlarmUrgency;
  readonly certainty: AlarmCertainty;
  readonly areas: readonly string[];
  /** Who raised it. */
  readonly by: number;
  readonly byName: string;
  readonly raisedAt: IsoTime;
  readonly expires: IsoTime;
  /** Peer numbers of those whom it is for, by what their devices signed: who has what it says now, who has seen that, who has not answered. */
  readonly received: readonly number[];
  readonly seen: readonly number[];
  readonly missing: readonly number[];
  readonly members: readonly AlarmReceipt[];
  readonly escalateAfterMs: number;
  readonly escalated: {
    readonly since: IsoTime;
    readonly to: readonly number[];
    readonly unseen: readonly number[];
  } | null;
  readonly cancelled: {
    readonly by: number;
    readonly byName: string;
    readonly at: IsoTime;
    readonly text: string;
    readonly received: readonly number[];
  } | null;
  /** Has this node's own member seen what it says now (or raised it)? */
  readonly seenHere: boolean;
  /** How the CAP document called itself that it came from. */
  readonly cap: { readonly identifier: string; readonly sender: string } | null;
  readonly messages: readonly AlarmMessage[];
  /** Changes that change nothing, and why. */
  readonly refused: readonly (AlarmMessage & { readonly code: string })[];
}

export interface AlarmReceipt {
  readonly member: number;
  readonly name: string;
  readonly receivedAt: IsoTime | null;
  readonly seenAt: IsoTime | null;
}

export interface AlarmMessage {
  readonly id: string;
  readonly type: 'Alert' | 'Update' | 'Cancel';
  readonly by: number;
  readonly byName: string;
  readonly at: IsoTime;
  readonly text: string;
}

export interface AlarmWords {
  readonly text: string;
  readonly headline: string | undefined;
  readonly severity: AlarmSeverity | undefined;
  readonly urgency: AlarmUrgency | undefined;
  readonly certainty: AlarmCertainty | undefined;
  readonly instruction: string | undefined;
  /** Names of places, or `latitude,longitude kilometres`. */
  readonly areas: readonly string[] | undefined;
  /** Milliseconds from now. */
  readonly lastsMs: number | undefined;
}

export interface AlarmsFacade {
  /** Answers within a moment, with who has it by then. @throws KithError `role-writes-nothing` | `not-a-member` | `too-large` | `unknown-member` | `ambiguous`. */
  raise(
    request: AlarmWords & {
      readonly drill: boolean;
      /** Readers do not get it. */
      readonly membersOnly: boolean;
      /** 0: never. */
      readonly escalateAfterMs: number;
      /** Empty: the admins. */
      readonly escalateTo: readonly string[];
    },
  ): Promise<Alarm>;
  /**
   * An alarm from a CAP 1.2 document; an update or a cancel of one changes that one.
   * @throws KithError `dtd-refused` | `bad-cap` | `already-raised` | `unknown-alarm` | `not-entitled` and as `raise`.
   */
  raiseCap(request: { readonly document: Bytes; readonly escalateAfterMs: number }): Promise<Alarm>;
  /** @param id the whole id, or a beginning that fits one alone. @throws KithError `unknown-alarm` | `ambiguous` | `not-entitled` | `alarm-over`. */
  update(id: string, words: AlarmWords): Promise<Alarm>;
  /** @throws KithError as `update`. */
  cancel(id: string, text: string): Promise<Alarm>;
  /** Signs that this node's member has seen what it says now. @throws KithError `unknown-alarm` | `ambiguous`. */
  ack(id: string): Promise<Alarm>;
  /** Newest first. */
  list(options: { readonly all: boolean }): Promise<readonly Alarm[]>;
  /** @throws KithError `unknown-alarm` | `ambiguous`. */
  status(id: string): Promise<Alarm>;
  /** What it says now, as a CAP 1.2 document; of one that was cancelled, the cancel. @throws KithError `unknown-alarm` | `ambiguous`. */
  cap(id: string): Promise<string>;
}

export interface AlarmEvent {
  readonly type: 'alarm';
  readonly change: 'raised' | 'updated' | 'cancelled' | 'refused' | 'repeated' | 'escalated' | 'acked';
  readonly id: string;
  readonly drill: boolean;
  readonly severity: AlarmSeverity;
  readonly headline: string;
  /** Whose message it is. */
  readonly member: number;
  readonly name: string;
  readonly own: boolean;
}
