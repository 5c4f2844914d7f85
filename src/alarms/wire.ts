/** Payload of an alert, and the statement that an acknowledgement signs. Layouts: docs/protocol/alarm.md. */
import { equalBytes, type Bytes } from '../base/bytes.ts';
import { decodeCbor, encodeCbor, malformed, type CborValue } from '../base/cbor.ts';
import { idFromBytes, idToBytes, type MemberId, type NetworkId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import { isCapName, isCapTime, isCircle, isDecimal, isPolygon } from './cap-values.ts';
import {
  ACK_STATES,
  CAP_VALUES,
  type Ack,
  type AlertBody,
  type AlertId,
  type AlertType,
  type Area,
  type CapOrigin,
  type CapReference,
  type Info,
  type Named,
  type Resource,
} from './types.ts';

export const ALERT_KIND = 'alert';
export const ACK_PURPOSE = 'alarm ack';
const VERSION = 1;
const TYPES: readonly AlertType[] = ['Alert', 'Update', 'Cancel'];
/** A draft is nothing to tell anybody. */
const STATUSES = CAP_VALUES.status.filter((status) => status !== 'Draft');
export const LONGEST_ESCALATION_MS = 7 * 24 * 60 * 60 * 1000;

/** @throws KithError `malformed` when it breaks a rule that readers check, or is over LIMITS.alertBytes. */
export function encodeAlert(body: AlertBody): Bytes {
  const bytes = encodeCbor(alertLayout(body));
  decodeAlert(bytes);
  return bytes;
}

function alertLayout(body: AlertBody): CborValue {
  return [
    VERSION,
    TYPES.indexOf(body.msgType),
    STATUSES.indexOf(body.status as (typeof STATUSES)[number]),
    body.alarm === null ? null : idToBytes(body.alarm),
    body.follows === null ? null : idToBytes(body.follows),
    body.imported === null ? null : originLayout(body.imported),
    body.escalateAfterMs,
    body.escalateTo.map(idToBytes),
    body.source,
    body.restriction,
    body.codes,
    body.note,
    body.incidents,
    body.infos.map(infoLayout),
  ];
}

function originLayout({ msgType, references, ...own }: CapOrigin): CborValue {
  return [TYPES.indexOf(msgType), referenceLayout(own), references.map(referenceLayout)];
}

function referenceLayout({ sender, identifier, sent }: CapReference): CborValue {
  return [sender, identifier, sent];
}

function infoLayout(info: Info): CborValue {
  return [
    info.language,
    info.categories.map((category) => CAP_VALUES.category.indexOf(category)),
    info.event,
    info.responseTypes.map((type) => CAP_VALUES.responseType.indexOf(type)),
    CAP_VALUES.urgency.indexOf(info.urgency),
    CAP_VALUES.severity.indexOf(info.severity),
    CAP_VALUES.certainty.indexOf(info.certainty),
    info.audience,
    info.eventCodes.map(namedLayout),
    info.effective,
    info.onset,
    info.expires,
    info.senderName,
    info.headline,
    info.description,
    info.instruction,
    info.web,
    info.contact,
    info.parameters.map(namedLayout),
    info.resources.map(({ resourceDesc, mimeType, size, uri, digest }) => [
      resourceDesc,
      mimeType,
      size,
      uri,
      digest,
    ]),
    info.areas.map((area) => [
      area.areaDesc,
      area.polygons,
      area.circles,
      area.geocodes.map(namedLayout),
      area.altitude,
      area.ceiling,
    ]),
  ];
}

function namedLayout({ valueName, value }: Named): CborValue {
  return [valueName, value];
}

/** @throws KithError `malformed` */
export function decodeAlert(bytes: Bytes): AlertBody {
  if (bytes.byteLength > LIMITS.alertBytes) throw malformed('an alert is too large');
  const places = tuple(decodeCbor(bytes), 14, 'an alert');
  const [version, type, status, alarm, follows, imported, afterMs, to] = places;
  const [source, restriction, codes, note, incidents, infos] = places.slice(8);
  if (version !== VERSION) throw malformed('another version of alerts');
  const body: AlertBody = {
    msgType: oneOf(TYPES, type),
    status: oneOf(STATUSES, status),
    alarm: alarm === null ? null : idFromBytes<AlertId>(alarm),
    follows: follows === null ? null : idFromBytes<AlertId>(follows),
    imported: imported === null ? null : readOrigin(imported),
    escalateAfterMs: whole(afterMs, LONGEST_ESCALATION_MS),
    escalateTo: list(to, (id) => idFromBytes<MemberId>(id), LIMITS.escalateTo),
    source: text(source),
    restriction: text(restriction),
    codes: list(codes, text),
    note: text(note),
    incidents: text(incidents),
    infos: list(infos, readInfo),
  };
  mustHang(body);
  if (!equalBytes(encodeCbor(alertLayout(body)), bytes)) throw malformed('an alert has another encoding');
  return body;
}

/** What begins an alarm names none; what changes one names it and what its author knew of it. */
function mustHang({ msgType, alarm, follows, infos }: AlertBody): void {
  if ((alarm === null) !== (follows === null)) throw malformed('a change names an alarm and what it follows');
  if ((msgType === 'Alert') !== (alarm === null))
    throw malformed('an alert begins an alarm, and nothing else does');
  if (msgType !== 'Cancel' && infos.length === 0) throw malformed('an alert says what it is about');
}

function readOrigin(value: unknown): CapOrigin {
  const [msgType, own, references] = tuple(value, 3, 'an origin');
  return {
    ...readReference(own),
    msgType: oneOf(TYPES, msgType),
    references: list(references, readReference),
  };
}

function readReference(value: unknown): CapReference {
  const [sender, identifier, sent] = tuple(value, 3, 'a reference').map(text);
  if (!isCapName(sender ?? '') || !isCapName(identifier ?? '') || !isCapTime(sent ?? ''))
    throw malformed('a reference has sender, identifier and time');
  return { sender: sender ?? '', identifier: identifier ?? '', sent: sent ?? '' };
}

function readInfo(value: unknown): Info {
  const places = tuple(value, 21, 'an info block');
  const [language, categories, event, responses, urgency, severity, certainty, audience] = places;
  const [eventCodes, effective, onset, expires, senderName, headline] = places.slice(8);
  const [description, instruction, web, contact, parameters, resources, areas] = places.slice(14);
  const info: Info = {
    language: text(language),
    categories: list(categories, (item) => oneOf(CAP_VALUES.category, item)),
    event: text(event),
    responseTypes: list(responses, (item) => oneOf(CAP_VALUES.responseType, item)),
    urgency: oneOf(CAP_VALUES.urgency, urgency),
    severity: oneOf(CAP_VALUES.severity, severity),
    certainty: oneOf(CAP_VALUES.certainty, certainty),
    audience: text(audience),
    eventCodes: list(eventCodes, readNamed),
    effective: time(effective),
    onset: time(onset),
    expires: time(expires),
    senderName: text(senderName),
    headline: text(headline),
    description: text(description),
    instruction: text(instruction),
    web: text(web),
    contact: text(contact),
    parameters: list(parameters, readNamed),
    resources: list(resources, readResource),
    areas: list(areas, readArea),
  };
  if (info.categories.length === 0 || info.event === '')
    throw malformed('an info block has category and event');
  return info;
}

function readNamed(value: unknown): Named {
  const [valueName, content] = tuple(value, 2, 'a named value');
  return { valueName: text(valueName), value: text(content) };
}

function readResource(value: unknown): Resource {
  const [resourceDesc, mimeType, size, uri, digest] = tuple(value, 5, 'a resource');
  return {
    resourceDesc: text(resourceDesc),
    mimeType: text(mimeType),
    size: text(size),
    uri: text(uri),
    digest: text(digest),
  };
}

function readArea(value: unknown): Area {
  const [areaDesc, polygons, circles, geocodes, altitude, ceiling] = tuple(value, 6, 'an area');
  const area: Area = {
    areaDesc: text(areaDesc),
    polygons: list(polygons, (item) => such(isPolygon, item)),
    circles: list(circles, (item) => such(isCircle, item)),
    geocodes: list(geocodes, readNamed),
    altitude: altitude === '' ? '' : such(isDecimal, altitude),
    ceiling: ceiling === '' ? '' : such(isDecimal, ceiling),
  };
  if (area.areaDesc === '') throw malformed('an area says where it is');
  return area;
}

// ---- acknowledgements

export function ackStatement(network: NetworkId, { alert, state, atMs }: Omit<Ack, 'signature'>): Bytes {
  return encodeCbor([idToBytes(network), idToBytes(alert), ACK_STATES.indexOf(state), atMs]);
}

export function ackLayout({ alert, device, state, atMs, signature }: Ack): CborValue {
  return [idToBytes(alert), idToBytes(device), ACK_STATES.indexOf(state), atMs, signature];
}

/** @throws KithError `malformed` */
export function readAck(value: unknown): Ack {
  const [alert, device, state, atMs, signature] = tuple(value, 5, 'an acknowledgement');
  return {
    alert: idFromBytes(alert),
    device: idFromBytes(device),
    state: oneOf(ACK_STATES, state),
    atMs: whole(atMs, 2 ** 48 - 1),
    signature: exactly(signature, 64),
  };
}

// ---- single places

export function tuple(value: unknown, places: number, what: string): readonly unknown[] {
  if (!Array.isArray(value) || value.length !== places)
    throw malformed(`${what} has ${String(places)} places`);
  return value;
}

export function list<Item>(
  value: unknown,
  read: (item: unknown) => Item,
  most: number = LIMITS.alertItems,
): readonly Item[] {
  if (!Array.isArray(value) || value.length > most) throw malformed(`at most ${String(most)} of a kind`);
  return (value as unknown[]).map(read);
}

export function whole(value: unknown, most: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > most)
    throw malformed('a whole number is out of range');
  return value;
}

export function exactly(value: unknown, sizeBytes: number): Bytes {
  if (!(value instanceof Uint8Array) || value.byteLength !== sizeBytes)
    throw malformed('bytes of another length');
  return value;
}

function oneOf<Item>(items: readonly Item[], value: unknown): Item {
  const item = typeof value === 'number' ? items[value] : undefined;
  if (item === undefined) throw malformed('a value that CAP does not know');
  return item;
}

function text(value: unknown): string {
  if (typeof value !== 'string' || value.length > LIMITS.alertTextChars)
    throw malformed('a text is too long, or none');
  return value;
}

function such(rule: (text: string) => boolean, value: unknown): string {
  const found = text(value);
  if (!rule(found)) throw malformed('a value does not follow CAP');
  return found;
}

function time(value: unknown): string {
  return value === '' ? '' : such(isCapTime, value);
}
