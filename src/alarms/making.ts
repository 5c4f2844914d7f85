/** New alerts, from a few words or from a CAP document; and messages as the CAP documents that they are. */
import { KithError } from '../base/errors.ts';
import type { MemberId, NetworkId } from '../base/ids.ts';
import { capTime, isCircle } from './cap-values.ts';
import type { NewAlert } from './desk.ts';
import type { Alarm } from './fold.ts';
import type {
  AlertMessage,
  Area,
  CapDocument,
  CapReference,
  Certainty,
  Info,
  Severity,
  Urgency,
} from './types.ts';

/** CAP §3.2.2: some devices show no more of a headline. */
const HEADLINE_CHARS = 160;

export interface Words {
  readonly text: string;
  readonly headline?: string | undefined;
  readonly severity?: Severity | undefined;
  readonly urgency?: Urgency | undefined;
  readonly certainty?: Certainty | undefined;
  readonly instruction?: string | undefined;
  readonly areas?: readonly string[] | undefined;
  readonly expiresMs?: number | undefined;
}

export interface Escalating {
  readonly afterMs: number;
  readonly to: readonly MemberId[];
}

const EMPTY_INFO: Info = {
  language: '',
  categories: ['Safety'],
  event: 'Alarm',
  responseTypes: [],
  urgency: 'Immediate',
  severity: 'Severe',
  certainty: 'Observed',
  audience: '',
  eventCodes: [],
  effective: '',
  onset: '',
  expires: '',
  senderName: '',
  headline: '',
  description: '',
  instruction: '',
  web: '',
  contact: '',
  parameters: [],
  resources: [],
  areas: [],
};

/** @param senderName who raises it, for people. */
export function alertFromWords(
  words: Words,
  senderName: string,
  drill: boolean,
  restricted: boolean,
  escalating: Escalating,
): NewAlert {
  return {
    status: drill ? 'Exercise' : 'Actual',
    imported: null,
    escalateAfterMs: escalating.afterMs,
    escalateTo: escalating.to,
    source: '',
    restriction: restricted ? 'members of the network' : '',
    codes: [],
    note: '',
    incidents: '',
    infos: [withWords({ ...EMPTY_INFO, senderName }, words)],
  };
}

/** What it said, but for what is said anew. */
export function updateFromWords({ current }: Alarm, words: Words, senderName: string): NewAlert {
  const { msgType: _, alarm: __, follows: ___, ...before } = current.body;
  const info = before.infos[0] ?? EMPTY_INFO;
  return { ...before, imported: null, infos: [withWords({ ...info, senderName, headline: '' }, words)] };
}

export function cancelWithWords({ current, root }: Alarm, text: string): NewAlert {
  const { status, restriction } = root.body;
  const { escalateAfterMs, escalateTo } = current.body;
  const empty = { source: '', codes: [], incidents: '', infos: [] };
  return { status, restriction, escalateAfterMs, escalateTo, imported: null, ...empty, note: text };
}

function withWords(info: Info, words: Words): Info {
  return {
    ...info,
    headline: words.headline ?? headlineOf(words.text),
    description: words.text,
    severity: words.severity ?? info.severity,
    urgency: words.urgency ?? info.urgency,
    certainty: words.certainty ?? info.certainty,
    instruction: words.instruction ?? info.instruction,
    areas: words.areas === undefined || words.areas.length === 0 ? info.areas : words.areas.map(areaOf),
    expires: words.expiresMs === undefined ? info.expires : capTime(words.expiresMs),
  };
}

const characters = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

function headlineOf(text: string): string {
  const line = text.trim().split('\n')[0] ?? '';
  if (line.length <= HEADLINE_CHARS) return line;
  let shown = '';
  for (const { segment } of characters.segment(line)) {
    if (shown.length + segment.length >= HEADLINE_CHARS) break;
    shown += segment;
  }
  return `${shown}…`;
}

function areaOf(text: string): Area {
  const circles = isCircle(text) ? [text] : [];
  return { areaDesc: text, polygons: [], circles, geocodes: [], altitude: '', ceiling: '' };
}

// ---- CAP documents

/** @throws KithError `bad-cap` for what cannot be an alarm of a network. */
export function alertFromCap(document: CapDocument, escalating: Escalating): NewAlert {
  const { msgType, scope, status, identifier, sender, sent, references } = document;
  const { source, restriction, codes, note, incidents, infos } = document;
  if (msgType === 'Ack' || msgType === 'Error')
    throw notAnAlarm(`a message of type “${msgType}”`, 'Acknowledge with: kith alarm ack ID');
  if (scope === 'Private') throw notAnAlarm('for named recipients alone', 'Send it as a letter.');
  if (status === 'Draft') throw notAnAlarm('a draft', 'Finish it first, or raise it with --drill.');
  if (msgType !== 'Cancel' && infos.length === 0)
    throw notAnAlarm(
      'without “info”, so it does not say what happened',
      'Say it in words: kith alarm raise TEXT',
    );
  return {
    status,
    imported: { msgType, identifier, sender, sent, references },
    escalateAfterMs: escalating.afterMs,
    escalateTo: escalating.to,
    source,
    restriction,
    codes,
    note,
    incidents,
    infos,
  };
}

function notAnAlarm(what: string, next: string): KithError {
  return new KithError('bad-cap', `This CAP document is ${what}; it cannot be raised as an alarm.`, { next });
}

/** The alarm that a document is about, or is itself. */
export function isAbout(
  { messages }: Alarm,
  references: readonly CapReference[],
  network: NetworkId,
): boolean {
  return messages.some((message) => {
    const own = referenceOf(message, network);
    return references.some(
      ({ sender, identifier, sent }) =>
        sender === own.sender && identifier === own.identifier && sent === own.sent,
    );
  });
}

/** How a message is called in CAP: as its document called itself, else after its entry. */
export function referenceOf({ id, hlc, author, body }: AlertMessage, network: NetworkId): CapReference {
  if (body.imported !== null) {
    const { sender, identifier, sent } = body.imported;
    return { sender, identifier, sent };
  }
  return {
    sender: `${author.member.slice(0, 16)}@${network.slice(0, 16)}.kith`,
    identifier: `urn:kith:alert:${id}`,
    sent: capTime(hlc.ms),
  };
}

export function documentOf(alarm: Alarm, message: AlertMessage, network: NetworkId): CapDocument {
  const { body, audience } = message;
  const { status, source, restriction, codes, note, incidents, infos } = body;
  const known = alarm.messages.find(({ id }) => id === body.follows);
  const changes = [alarm.root, ...(known === undefined || known === alarm.root ? [] : [known])];
  const references = body.alarm === null ? [] : changes.map((changed) => referenceOf(changed, network));
  const isPublic = audience === 'public';
  return {
    ...referenceOf(message, network),
    msgType: body.imported?.msgType ?? body.msgType,
    references: body.imported?.references ?? references,
    scope: isPublic ? 'Public' : 'Restricted',
    restriction: isPublic || restriction !== '' ? restriction : 'members of the network',
    addresses: '',
    status,
    source,
    codes,
    note,
    incidents,
    infos,
  };
}
