/**
 * The contract of the API: every route, request, answer, event and failure. The only thing that clients (the command
 * line, the web page, other programs) import of the node's side.
 */
import { alarmRoutes } from './contract/alarms.ts';
import { deviceRoutes } from './contract/devices.ts';
import { doctorRoutes } from './contract/doctor.ts';
import { entryRoutes } from './contract/entries.ts';
import { eventRoutes } from './contract/events.ts';
import { exchangeRoutes } from './contract/exchange.ts';
import { fileRoutes } from './contract/files.ts';
import { hubRoutes } from './contract/hubs.ts';
import { inviteRoutes } from './contract/invites.ts';
import { letterRoutes } from './contract/letters.ts';
import { linkRoutes } from './contract/links.ts';
import { logRoutes } from './contract/log.ts';
import { mapRoutes } from './contract/map.ts';
import { memberRoutes } from './contract/members.ts';
import { networkRoutes } from './contract/network.ts';
import { roomRoutes } from './contract/rooms.ts';
import { recordRoutes } from './contract/records.ts';
import { safetyRoutes } from './contract/safety.ts';
import { statusRoutes } from './contract/status.ts';
import { workRoutes } from './contract/work.ts';
import type { AnswerOf, InputOf, RouteSpec } from './contract/route.ts';

export const ROUTES = {
  ...statusRoutes,
  ...networkRoutes,
  ...inviteRoutes,
  ...memberRoutes,
  ...deviceRoutes,
  ...linkRoutes,
  ...mapRoutes,
  ...hubRoutes,
  ...doctorRoutes,
  ...logRoutes,
  ...workRoutes,
  ...safetyRoutes,
  ...entryRoutes,
  ...letterRoutes,
  ...roomRoutes,
  ...alarmRoutes,
  ...recordRoutes,
  ...exchangeRoutes,
  ...fileRoutes,
  ...eventRoutes,
} satisfies Record<string, RouteSpec>;

export type Routes = typeof ROUTES;
export type RouteName = keyof Routes;
/** Names of the routes that answer in one form. */
export type RoutesOf<Form extends RouteSpec['form']> = {
  [Name in RouteName]: Routes[Name]['form'] extends Form ? Name : never;
}[RouteName];

export type Input<Name extends RouteName> = InputOf<Routes[Name]>;
export type Answer<Name extends RouteName> = AnswerOf<Routes[Name]>;

export {
  BrokenOff,
  Failure,
  isKithError,
  KithError,
  statusOf,
  type FailureStatus,
} from './contract/errors.ts';
export { DEFAULT_BODY_BYTES, type ParsedOf, type RouteSpec } from './contract/route.ts';
export { ApiFile, API_FILE, SOCKET_FILE, TOKEN_FILE } from './contract/where.ts';
export { INVITE_LIMITS } from './contract/invites.ts';
export { Joined, Role } from './contract/common.ts';
export { Certainty, Severity, Urgency } from './contract/alarms.ts';
export type { Alarm } from './contract/alarms.ts';
export type { Device, Revoked } from './contract/devices.ts';
export type { DoctorStep, Finding } from './contract/doctor.ts';
export type { ExtensionEntry } from './contract/entries.ts';
export { NodeEvent } from './contract/events.ts';
export type { RecordsImported, WriteFormat } from './contract/exchange.ts';
export type { FileVersion, FolderStatus, ListedFile } from './contract/files.ts';
export type { Hub } from './contract/hubs.ts';
export type { Invite, NewInvite } from './contract/invites.ts';
export type { InboxLetter, LetterDetail } from './contract/letters.ts';
export type { Peer } from './contract/links.ts';
export type { LogLine } from './contract/log.ts';
export type { MapNode, NetworkPath } from './contract/map.ts';
export type { Member, MemberDetail, Quarantined, Verification } from './contract/members.ts';
export type { RoomMessage, RoomStatus } from './contract/rooms.ts';
export { RecordKind, RecordSex, RecordStatus } from './contract/records.ts';
export type {
  RecordDetail,
  RecordErasure,
  RecordHistory,
  RecordHit,
  RecordMatch,
  Refreshed,
} from './contract/records.ts';
export { Status } from './contract/status.ts';
export type { Progress } from './contract/work.ts';
