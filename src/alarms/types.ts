/** Alerts with the words and meaning of CAP 1.2 (OASIS Common Alerting Protocol), and what nodes say of having them. */
import type { Bytes } from '../base/bytes.ts';
import type { Hlc } from '../base/hlc.ts';
import type { DeviceKey, EntryHash, FeedId, MemberId } from '../base/ids.ts';
import type { Role } from '../identity/roles.ts';

/** The enumerations of CAP 1.2 §3.2, in its order. */
export const CAP_VALUES = {
  status: ['Actual', 'Exercise', 'System', 'Test', 'Draft'],
  msgType: ['Alert', 'Update', 'Cancel', 'Ack', 'Error'],
  scope: ['Public', 'Restricted', 'Private'],
  category: [
    'Geo',
    'Met',
    'Safety',
    'Security',
    'Rescue',
    'Fire',
    'Health',
    'Env',
    'Transport',
    'Infra',
    'CBRNE',
    'Other',
  ],
  responseType: [
    'Shelter',
    'Evacuate',
    'Prepare',
    'Execute',
    'Avoid',
    'Monitor',
    'Assess',
    'AllClear',
    'None',
  ],
  urgency: ['Immediate', 'Expected', 'Future', 'Past', 'Unknown'],
  severity: ['Extreme', 'Severe', 'Moderate', 'Minor', 'Unknown'],
  certainty: ['Observed', 'Likely', 'Possible', 'Unlikely', 'Unknown'],
} as const;

type Values = typeof CAP_VALUES;
export type CapStatus = Values['status'][number];
export type MsgType = Values['msgType'][number];
export type Scope = Values['scope'][number];
export type Category = Values['category'][number];
export type ResponseType = Values['responseType'][number];
export type Urgency = Values['urgency'][number];
export type Severity = Values['severity'][number];
export type Certainty = Values['certainty'][number];

/** `YYYY-MM-DDThh:mm:ss±hh:mm`, as CAP writes times; empty where there is none. */
export type CapTime = string;

export interface Named {
  readonly valueName: string;
  readonly value: string;
}

export interface Resource {
  readonly resourceDesc: string;
  readonly mimeType: string;
  readonly size: string;
  readonly uri: string;
  readonly digest: string;
}

export interface Area {
  readonly areaDesc: string;
  readonly polygons: readonly string[];
  readonly circles: readonly string[];
  readonly geocodes: readonly Named[];
  readonly altitude: string;
  readonly ceiling: string;
}

/** One `info` block. Texts that are not there are empty. */
export interface Info {
  readonly language: string;
  readonly categories: readonly Category[];
  readonly event: string;
  readonly responseTypes: readonly ResponseType[];
  readonly urgency: Urgency;
  readonly severity: Severity;
  readonly certainty: Certainty;
  readonly audience: string;
  readonly eventCodes: readonly Named[];
  readonly effective: CapTime;
  readonly onset: CapTime;
  readonly expires: CapTime;
  readonly senderName: string;
  readonly headline: string;
  readonly description: string;
  readonly instruction: string;
  readonly web: string;
  readonly contact: string;
  readonly parameters: readonly Named[];
  readonly resources: readonly Resource[];
  readonly areas: readonly Area[];
}

/** What of an alert is the same whether it is a CAP document or an entry of the log. */
export interface AlertContent {
  readonly status: CapStatus;
  readonly source: string;
  readonly restriction: string;
  readonly codes: readonly string[];
  readonly note: string;
  readonly incidents: string;
  readonly infos: readonly Info[];
}

/** Names a CAP message of somebody else's. */
export interface CapReference {
  readonly sender: string;
  readonly identifier: string;
  readonly sent: CapTime;
}

/** What a document of somebody else's called itself, and what it was about. */
export interface CapOrigin extends CapReference {
  readonly msgType: AlertType;
  readonly references: readonly CapReference[];
}

export interface CapDocument extends CapReference, AlertContent {
  readonly msgType: MsgType;
  readonly scope: Scope;
  readonly addresses: string;
  readonly references: readonly CapReference[];
}

/** Digest of the entry: names one message; that of the first one names the alarm. */
export type AlertId = EntryHash;

export type AlertType = 'Alert' | 'Update' | 'Cancel';

/** Payload of an entry of kind `alert`. */
export interface AlertBody extends AlertContent {
  readonly msgType: AlertType;
  /** The alarm that it changes; null begins one. */
  readonly alarm: AlertId | null;
  /** The message that its author knew as the newest of that alarm. */
  readonly follows: AlertId | null;
  /** Of a CAP document that was taken in, what it called itself. */
  readonly imported: CapOrigin | null;
  /** Milliseconds until those are told who see to it that others have seen it; 0: never. */
  readonly escalateAfterMs: number;
  /** Who they are; empty: the admins. */
  readonly escalateTo: readonly MemberId[];
}

/** Where a message stands in the log; the index keeps this and nothing of what it says. */
export interface AlertPlace {
  readonly id: AlertId;
  readonly alarm: AlertId;
  readonly feed: FeedId;
  readonly seq: number;
  readonly hlc: Hlc;
}

/** One message, with its author as of what the author had seen. */
export interface AlertMessage extends AlertPlace {
  readonly device: DeviceKey;
  readonly author: { readonly member: MemberId; readonly role: Role };
  /** `public`: every node of the network, readers too; `members`: tier 1. */
  readonly audience: 'public' | 'members';
  readonly body: AlertBody;
}

export const ACK_STATES = ['received', 'seen'] as const;
export type AckState = (typeof ACK_STATES)[number];

/** A device's signed word that it holds a message, or that a person there has seen it. */
export interface Ack {
  readonly alert: AlertId;
  readonly device: DeviceKey;
  readonly state: AckState;
  /** As that device's clock says. */
  readonly atMs: number;
  readonly signature: Bytes;
}
