/** Alarms as people read them. */
import type { Alarm, NodeEvent } from '../../../api/contract.ts';
import type { Context } from '../../context.ts';
import { relativeTo } from '../../duration.ts';
import type { Paint } from '../../output.ts';
import { called, clean, counted, localTime, pairs, shortId, table } from '../../render.ts';

/** A drill is called one wherever it is named. */
function kindOf({ drill }: { readonly drill: boolean }): string {
  return drill ? 'DRILL' : 'ALARM';
}

export function alarmLines(context: Context, alarm: Alarm): string[] {
  const paint = context.out.paintData;
  return [
    ...headLines(context, alarm),
    '',
    ...receiptLines(context, alarm),
    ...historyLines(context, alarm, paint),
  ];
}

function headLines({ nowMs, out }: Context, alarm: Alarm): string[] {
  const { paintData: paint } = out;
  const { text, headline, cancelled, escalated } = alarm;
  const title = `${kindOf(alarm)}: ${clean(headline)}`;
  return [
    paint(alarm.drill || alarm.phase !== 'active' ? 'bold' : 'red', title),
    ...(text === '' || text === headline ? [] : text.split('\n').map(clean)),
    ...pairs(
      [
        ['do', alarm.instruction],
        ['where', alarm.areas.join('; ')],
        ['how bad', [alarm.severity, alarm.urgency, alarm.certainty].join(', ')],
        ['from', `${called({ member: alarm.by, name: alarm.byName })}, ${relativeTo(nowMs, alarm.raisedAt)}`],
        ['for', alarm.scope === 'public' ? 'everybody' : 'members, not readers'],
        [alarm.phase === 'expired' ? 'ended' : 'until', localTime(alarm.expires)],
        ['called off', cancelled === null ? '' : calledOff(nowMs, cancelled)],
        ['escalated', escalated === null ? '' : escalation(nowMs, alarm, escalated)],
        ['id', shortId(alarm.id)],
      ],
      paint,
    ),
  ];
}

function calledOff(
  nowMs: number,
  { by, byName, at, text, received }: NonNullable<Alarm['cancelled']>,
): string {
  const why = text === '' ? '' : `: ${text}`;
  return `by ${called({ member: by, name: byName })}, ${relativeTo(nowMs, at)}${why} (${counted(received.length, 'member')} told)`;
}

function escalation(
  nowMs: number,
  { members }: Alarm,
  { since, to, unseen }: NonNullable<Alarm['escalated']>,
): string {
  const nameOf = (number: number): string =>
    called({ member: number, name: members.find(({ member }) => member === number)?.name ?? '' }).trim();
  return `${relativeTo(nowMs, since)}, to ${to.map(nameOf).join(', ')}: not seen by ${unseen.map(nameOf).join(', ')}`;
}

function receiptLines({ nowMs, out }: Context, { members, received, seen, missing }: Alarm): string[] {
  if (members.length === 0) return ['There is nobody else in the network yet.'];
  const at = (time: string | null): string => (time === null ? '' : relativeTo(nowMs, time));
  return [
    `${String(received.length)} of ${String(members.length)} have it, ${String(seen.length)} have seen it, ${String(missing.length)} missing.`,
    ...table(
      ['#', 'NAME', 'RECEIVED', 'SEEN'],
      members.map(({ member, name, receivedAt, seenAt }) => [
        String(member),
        name,
        receivedAt === null ? 'missing' : at(receivedAt),
        at(seenAt),
      ]),
      out.paintData,
    ),
  ];
}

function historyLines({ nowMs }: Context, { messages, refused }: Alarm, paint: Paint): string[] {
  const rows = [
    ...(messages.length > 1 ? messages : []).map((message) => ({ ...message, counts: '' })),
    ...refused.map((message) => ({ ...message, counts: `changes nothing (${message.code})` })),
  ];
  if (rows.length === 0) return [];
  return [
    '',
    ...table(
      ['WHAT', 'BY', 'WHEN', 'TEXT', ''],
      rows.map(({ type, by, byName, at, text, counts }) => [
        type,
        called({ member: by, name: byName }),
        relativeTo(nowMs, at),
        text.split('\n')[0] ?? '',
        counts,
      ]),
      paint,
    ),
  ];
}

export function alarmTable({ nowMs, out }: Context, alarms: readonly Alarm[]): string[] {
  return table(
    ['ID', 'WHAT', 'HOW BAD', 'FROM', 'WHEN', 'STATE', 'HAVE IT', 'SEEN', 'HEADLINE'],
    alarms.map((alarm) => [
      shortId(alarm.id),
      kindOf(alarm),
      alarm.severity,
      called({ member: alarm.by, name: alarm.byName }),
      relativeTo(nowMs, alarm.raisedAt),
      alarm.escalated === null ? alarm.phase : `${alarm.phase}, escalated`,
      `${String(alarm.received.length)} of ${String(alarm.members.length)}`,
      String(alarm.seen.length),
      alarm.headline,
    ]),
    out.paintData,
  );
}

/** Right after it was raised: who has it by now, and what to do next. */
export function sayWhoHasIt(context: Context, alarm: Alarm): void {
  const { out } = context;
  const { received, members, missing, phase } = alarm;
  const short = shortId(alarm.id);
  if (phase === 'expired') out.say('By this machine’s clock it is over already: nobody is reminded of it.');
  if (members.length === 0) out.say('There is nobody else in the network yet.');
  else if (missing.length === 0) out.say(`All ${String(members.length)} have it.`);
  else
    out.say(
      `${String(received.length)} of ${String(members.length)} have it so far; the others get it as soon as they can be reached.`,
    );
  out.say(`Who has seen it: ${context.command(`alarm status ${short}`)}`);
}

type Told = Extract<NodeEvent, { type: 'alarm' }>;

/** What `kith up` says when something about an alarm happens; undefined where it is nothing to be told of. */
export function alarmSentence(event: Told, paint: Paint): string | undefined {
  const { change, member, name, headline, severity, drill, own } = event;
  const who = called({ member, name });
  const short = shortId(event.id);
  const loud = (text: string): string => paint(drill ? 'bold' : 'red', text);
  const kind = `${kindOf(event)} (${severity})`;
  const ack = own ? '' : ` — seen? kith alarm ack ${short}`;
  switch (change) {
    case 'raised':
      return loud(`${kind} from ${who}: ${clean(headline)}${ack}`);
    case 'updated':
      return loud(`${kind}, new from ${who}: ${clean(headline)}${ack}`);
    case 'repeated':
      return loud(`${kind} from ${who}, not seen here yet: ${clean(headline)}${ack}`);
    case 'escalated':
      return loud(`${kind} not seen by all in time: ${clean(headline)} — kith alarm status ${short}`);
    case 'cancelled':
      return loud(`${kindOf(event)} called off by ${who}: ${clean(headline)}`);
    case 'refused':
      return `${who} tried to change the alarm ${short} and may not; it stands as it was.`;
    case 'acked':
      return undefined;
  }
}
