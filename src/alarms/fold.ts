/**
 * What an alarm is now, from its messages: the same on every node that holds the same ones, in whatever order they
 * came. And who has it, from acknowledgements and the roll; and whether somebody has to see to it.
 */
import { compareHlc } from '../base/hlc.ts';
import type { MemberId } from '../base/ids.ts';
import type { Member, Membership } from '../identity/types.ts';
import { capTimeMs } from './cap-values.ts';
import type { Ack, AlertBody, AlertId, AlertMessage } from './types.ts';

const HOUR_MS = 60 * 60 * 1000;
/** Of an alert that does not say when it ends. */
export const DEFAULT_LIFE_MS = 24 * HOUR_MS;
/** Whatever it says: nobody wants to be told of it for longer. */
export const LONGEST_LIFE_MS = 31 * 24 * HOUR_MS;

export interface Alarm {
  readonly id: AlertId;
  readonly root: AlertMessage;
  /** What it says now: the first message, or the newest update. */
  readonly current: AlertMessage;
  readonly cancelled: AlertMessage | undefined;
  /** Those that count, in the order of time. */
  readonly messages: readonly AlertMessage[];
  readonly refused: readonly Refused[];
}

export interface Refused {
  readonly message: AlertMessage;
  readonly code: string;
}

/** Says with a stable code why a message changes nothing; its name is what tests and documents call it by. */
type AlarmRule = (change: AlertMessage, root: AlertMessage) => string | undefined;

/** Only the member who raised an alarm, or an admin, may change or cancel it. */
const raiserOrAdminChanges: AlarmRule = (change, root) =>
  change.author.role === 'admin' || change.author.member === root.author.member ? undefined : 'not-entitled';

/** What began as a drill stays one, and what is real never becomes one. */
const drillsStayDrills: AlarmRule = (change, root) =>
  isDrill(change.body) === isDrill(root.body) ? undefined : 'other-status';

/** Whoever was told of an alarm is told of its changes, and nobody else. */
const audienceStays: AlarmRule = (change, root) =>
  change.audience === root.audience ? undefined : 'other-audience';

const RULES: readonly AlarmRule[] = [raiserOrAdminChanges, drillsStayDrills, audienceStays];

export function isDrill({ status }: Pick<AlertBody, 'status'>): boolean {
  return status !== 'Actual';
}

export function foldAlarm(id: AlertId, messages: readonly AlertMessage[]): Alarm | undefined {
  const root = messages.find((message) => message.id === id);
  if (root?.body.alarm !== null) return undefined;
  const judged = [...messages]
    .filter((message) => message.id !== id)
    .sort(inOrder)
    .map((message) => ({ message, code: brokenRule(message, root) }));
  const counting = judged.flatMap(({ message, code }) => (code === undefined ? [message] : []));
  return {
    id,
    root,
    current: newest(root, counting),
    // Whoever cancels ends it for good, also for an update that had not heard of it.
    cancelled: counting.find(({ body }) => body.msgType === 'Cancel'),
    messages: [root, ...counting],
    refused: judged.flatMap(({ message, code }) => (code === undefined ? [] : [{ message, code }])),
  };
}

export function brokenRule(change: AlertMessage, root: AlertMessage): string | undefined {
  for (const rule of RULES) {
    const code = rule(change, root);
    if (code !== undefined) return code;
  }
  return undefined;
}

/** An update that somebody has built on is old, whatever its author's clock said. */
function newest(root: AlertMessage, counting: readonly AlertMessage[]): AlertMessage {
  const updates = counting.filter(({ body }) => body.msgType === 'Update');
  const followed = new Set(updates.map(({ body }) => body.follows));
  return updates.findLast(({ id }) => !followed.has(id)) ?? root;
}

function inOrder(a: AlertMessage, b: AlertMessage): number {
  return compareHlc(a.hlc, b.hlc) || (a.id < b.id ? -1 : 1);
}

// ---- time

export type Phase = 'active' | 'cancelled' | 'expired';

export function expiresMs({ current, root }: Alarm): number {
  const latestMs = root.hlc.ms + LONGEST_LIFE_MS;
  const said = current.body.infos.map(({ expires }) => capTimeMs(expires)).filter((ms) => ms !== undefined);
  return Math.min(said.length === 0 ? current.hlc.ms + DEFAULT_LIFE_MS : Math.max(...said), latestMs);
}

export function phaseOf(alarm: Alarm, nowMs: number): Phase {
  if (alarm.cancelled !== undefined) return 'cancelled';
  return nowMs >= expiresMs(alarm) ? 'expired' : 'active';
}

// ---- who has it

/** Whom an alarm is for: everybody who may hold it, but for the member who raised it. */
export function addressed({ root }: Alarm, { members }: Membership): Member[] {
  return [...members.values()]
    .filter((member) => member.id !== root.author.member && isAddressed(root.audience, member))
    .sort((a, b) => a.number - b.number);
}

export function isAddressed(audience: AlertMessage['audience'], { status, role }: Member): boolean {
  if (status !== 'active' || role === 'relay') return false;
  return audience === 'public' || role !== 'reader';
}

export interface Told {
  readonly member: Member;
  /** As that member's device says; undefined while nothing is signed. Who has seen it has received it. */
  readonly receivedMs: number | undefined;
  readonly seenMs: number | undefined;
}

/** Never more than is signed: a member has what one of its devices, active now, put its signature under. */
export function tally(members: readonly Member[], { devices }: Membership, acks: readonly Ack[]): Told[] {
  return members.map((member) => {
    const own = acks.filter(({ device }) => {
      const known = devices.get(device);
      return known?.active === true && known.member === member.id;
    });
    const first = (state: Ack['state'] | undefined): number | undefined => {
      const times = own.filter((ack) => state === undefined || ack.state === state).map(({ atMs }) => atMs);
      return times.length === 0 ? undefined : Math.min(...times);
    };
    return { member, receivedMs: first(undefined), seenMs: first('seen') };
  });
}

// ---- escalation

export interface Escalation {
  readonly sinceMs: number;
  /** Who is to see to it. */
  readonly to: readonly MemberId[];
  readonly unseen: readonly MemberId[];
}

/** When the time that an alarm gives is over and somebody has not seen it, those whom it names are told so. */
export function escalationOf(
  alarm: Alarm,
  told: readonly Told[],
  { members }: Membership,
  nowMs: number,
): Escalation | undefined {
  const { body, hlc } = alarm.current;
  const sinceMs = hlc.ms + body.escalateAfterMs;
  const unseen = told.filter(({ seenMs }) => seenMs === undefined).map(({ member }) => member.id);
  if (body.escalateAfterMs === 0 || nowMs < sinceMs || unseen.length === 0) return undefined;
  if (phaseOf(alarm, nowMs) !== 'active') return undefined;
  const active = [...members.values()].filter(({ status }) => status === 'active');
  const to = active.filter(({ id, role }) =>
    body.escalateTo.length === 0 ? role === 'admin' : body.escalateTo.includes(id),
  );
  return { sinceMs, to: to.map(({ id }) => id), unseen };
}
