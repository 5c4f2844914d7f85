/** Alarms, as people and programs ask for them: members by their peer numbers, ids by their beginning. */
import {
  alertFromCap,
  alertFromWords,
  cancelWithWords,
  documentOf,
  expiresMs,
  isAbout,
  isDrill,
  noSuchAlarm,
  readCap,
  updateFromWords,
  writeCap,
  type Alarm as AlarmThread,
  type AlarmChange,
  type AlarmState,
  type AlertMessage,
  type Words,
} from '../../alarms/index.ts';
import { KithError } from '../../base/errors.ts';
import type { MemberId } from '../../base/ids.ts';
import type { Alarm, AlarmEvent, AlarmMessage, AlarmsFacade, AlarmWords } from '../facade-alarms.ts';
import type { Session } from '../session.ts';
import { findByStart, findMember, iso, isoOf, type NodeContext } from './context.ts';

const MOST_LISTED = 500;

export function alarmsOf(context: NodeContext): AlarmsFacade {
  const session = (): Session => context.session();
  const answered = async (alarm: AlarmThread): Promise<Alarm> =>
    describeAlarm(session(), await session().alarms.firstAnswers(alarm));
  return {
    raise: async ({ drill, membersOnly, escalateAfterMs, escalateTo, ...words }) => {
      const escalating = {
        afterMs: escalateAfterMs,
        to: escalateTo.map((who) => findMember(session(), who).id),
      };
      const said = alertFromWords(
        wordsOf(context, words),
        ownName(session()),
        drill,
        membersOnly,
        escalating,
      );
      return answered(desk(session()).raise(said, membersOnly ? 'members' : 'public'));
    },
    raiseCap: async ({ document, escalateAfterMs }) =>
      answered(raiseDocument(session(), document, escalateAfterMs)),
    update: async (id, words) => {
      const alarm = find(session(), id);
      const said = updateFromWords(alarm, wordsOf(context, words), ownName(session()));
      return answered(desk(session()).change(alarm, 'Update', said));
    },
    cancel: async (id, text) => {
      const alarm = find(session(), id);
      return answered(desk(session()).change(alarm, 'Cancel', cancelWithWords(alarm, text)));
    },
    ack: async (id) => {
      const alarm = find(session(), id);
      desk(session()).see(alarm);
      return describe(session(), alarm);
    },
    list: async ({ all }) =>
      desk(session())
        .alarms(MOST_LISTED)
        .map((alarm) => describe(session(), alarm))
        .filter(({ phase }) => all || phase === 'active')
        .reverse(),
    status: async (id) => describe(session(), find(session(), id)),
    cap: async (id) => {
      const alarm = find(session(), id);
      const message = alarm.cancelled ?? alarm.current;
      return writeCap(documentOf(alarm, message, session().log.network));
    },
  };
}

function desk(session: Session): Session['alarms']['desk'] {
  return session.alarms.desk;
}

function ownName({ ownMember }: Session): string {
  return [ownMember?.name ?? '', ownMember?.org ?? ''].filter((part) => part !== '').join(', ');
}

function wordsOf({ clock }: NodeContext, { lastsMs, ...words }: AlarmWords): Words {
  if (words.text.trim() === '') {
    throw new KithError('bad-request', 'An alarm says what has happened.', {
      next: 'kith alarm raise "Fire at gate 2"',
    });
  }
  return { ...words, expiresMs: lastsMs === undefined ? undefined : Math.floor(clock.nowMs() + lastsMs) };
}

/** By the alarm's id, or that of any of its messages. */
function find(session: Session, start: string): AlarmThread {
  const alarms = desk(session).alarms(MOST_LISTED);
  const byAlarm = findByStart(alarms, ({ id }) => id, start);
  if (byAlarm !== undefined) return byAlarm;
  const messages = alarms.flatMap((alarm) => alarm.messages.map(({ id }) => ({ alarm, id })));
  const found = findByStart(messages, ({ id }) => id, start);
  if (found === undefined) throw noSuchAlarm(start);
  return found.alarm;
}

function raiseDocument(session: Session, bytes: Uint8Array, escalateAfterMs: number): AlarmThread {
  const document = readCap(bytes);
  const { network } = session.log;
  const said = alertFromCap(document, { afterMs: escalateAfterMs, to: [] });
  const alarms = desk(session).alarms(MOST_LISTED);
  const same = alarms.find((alarm) => isAbout(alarm, [document], network));
  if (same !== undefined) {
    throw new KithError(
      'already-raised',
      `This document was raised already, as the alarm ${same.id.slice(0, 8)}.`,
      {
        next: `See who has it: kith alarm status ${same.id.slice(0, 8)}`,
      },
    );
  }
  const audience = document.scope === 'Public' ? 'public' : 'members';
  const about = alarms.find((alarm) => isAbout(alarm, document.references, network));
  if (about !== undefined && document.msgType !== 'Alert')
    return desk(session).change(about, document.msgType === 'Cancel' ? 'Cancel' : 'Update', said);
  if (document.msgType === 'Cancel') {
    throw new KithError('unknown-alarm', 'This document cancels an alarm that is not here.', {
      next: 'See which there are: kith alarm list --all',
    });
  }
  return desk(session).raise(said, audience);
}

// ---- as it is shown

function describe(session: Session, alarm: AlarmThread): Alarm {
  return describeAlarm(session, desk(session).state(alarm));
}

function describeAlarm(session: Session, { alarm, phase, told, escalation, seenHere }: AlarmState): Alarm {
  const { root, current, cancelled } = alarm;
  const numbers = (members: readonly MemberId[]): number[] =>
    members.map((id) => numberOf(session, id)).sort(byNumber);
  const numbered = (found: typeof told): number[] => found.map(({ member }) => member.number);
  return {
    id: alarm.id,
    phase,
    drill: isDrill(root.body),
    status: root.body.status,
    scope: root.audience,
    ...wordsOfMessage(current),
    ...authorOf(session, root),
    raisedAt: isoOf(root.hlc),
    expires: iso(expiresMs(alarm)),
    received: numbered(told.filter(({ receivedMs }) => receivedMs !== undefined)),
    seen: numbered(told.filter(({ seenMs }) => seenMs !== undefined)),
    missing: numbered(told.filter(({ receivedMs }) => receivedMs === undefined)),
    members: told.map(({ member, receivedMs, seenMs }) => ({
      member: member.number,
      name: member.name,
      receivedAt: isoOrNull(receivedMs),
      seenAt: isoOrNull(seenMs),
    })),
    escalateAfterMs: current.body.escalateAfterMs,
    escalated:
      escalation === undefined
        ? null
        : {
            since: iso(escalation.sinceMs),
            to: numbers(escalation.to),
            unseen: numbers(escalation.unseen),
          },
    cancelled: cancelled === undefined ? null : describeCancel(session, alarm, cancelled),
    seenHere,
    cap: root.body.imported === null ? null : pick(root.body.imported),
    messages: alarm.messages.map((message) => describeMessage(session, message)),
    refused: alarm.refused.map(({ message, code }) => ({ ...describeMessage(session, message), code })),
  };
}

type SaidWords = Pick<
  Alarm,
  'headline' | 'text' | 'instruction' | 'event' | 'severity' | 'urgency' | 'certainty' | 'areas'
>;

function wordsOfMessage(message: AlertMessage): SaidWords {
  const [info] = message.body.infos;
  const headline = headlineOf(message);
  if (info === undefined) {
    const unknown = { severity: 'Unknown', urgency: 'Unknown', certainty: 'Unknown' } as const;
    return { headline, text: '', instruction: '', event: '', areas: [], ...unknown };
  }
  const { description: text, instruction, event, severity, urgency, certainty, areas } = info;
  return {
    headline,
    text,
    instruction,
    event,
    severity,
    urgency,
    certainty,
    areas: areas.map(({ areaDesc }) => areaDesc),
  };
}

function isoOrNull(ms: number | undefined): string | null {
  return ms === undefined ? null : iso(ms);
}

function pick({ identifier, sender }: { identifier: string; sender: string }): NonNullable<Alarm['cap']> {
  return { identifier, sender };
}

function byNumber(a: number, b: number): number {
  return a - b;
}

function numberOf(session: Session, id: MemberId): number {
  return session.log.membership.members.get(id)?.number ?? 0;
}

function authorOf(session: Session, { author }: AlertMessage): { by: number; byName: string } {
  const member = session.log.membership.members.get(author.member);
  return { by: member?.number ?? 0, byName: member?.name ?? '' };
}

function describeCancel(
  session: Session,
  alarm: AlarmThread,
  message: AlertMessage,
): NonNullable<Alarm['cancelled']> {
  const told = desk(session).toldOf(alarm, message);
  return {
    ...authorOf(session, message),
    at: isoOf(message.hlc),
    text: message.body.note,
    received: told.filter(({ receivedMs }) => receivedMs !== undefined).map(({ member }) => member.number),
  };
}

function describeMessage(session: Session, message: AlertMessage): AlarmMessage {
  return {
    id: message.id,
    type: message.body.msgType,
    ...authorOf(session, message),
    at: isoOf(message.hlc),
    text: message.body.infos[0]?.description ?? message.body.note,
  };
}

function headlineOf({ body }: AlertMessage): string {
  const info = body.infos[0];
  return [info?.headline, info?.event].find((text) => text !== undefined && text !== '') ?? '';
}

export function alarmEvent(
  session: Session,
  change: AlarmChange,
  alarm: AlarmThread,
  message: AlertMessage,
): AlarmEvent {
  const { by, byName } = authorOf(session, message);
  return {
    type: 'alarm',
    change,
    id: alarm.id,
    drill: isDrill(alarm.root.body),
    severity: alarm.current.body.infos[0]?.severity ?? 'Unknown',
    headline:
      change === 'cancelled' && message.body.note !== '' ? message.body.note : headlineOf(alarm.current),
    member: by,
    name: byName,
    own: message.author.member === session.ownMemberId,
  };
}
