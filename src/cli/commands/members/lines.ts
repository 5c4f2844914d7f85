import type { Device, Member, MemberDetail } from '../../../api/contract.ts';
import type { Context } from '../../context.ts';
import { relativeTo } from '../../duration.ts';
import { called, localTime, pairs, shortId, table } from '../../render.ts';

export const WHO = 'peer number, or name';

export function memberTable({ nowMs, out }: Context, members: readonly Member[]): string[] {
  return table(
    ['#', 'NAME', 'ORGANISATION', 'PLACE', 'ROLE', 'LAST HEARD', ''],
    members.map((member) => [
      String(member.member),
      member.name,
      member.org,
      member.place,
      roleOf(member),
      heard(nowMs, member),
      marksOf(member),
    ]),
    out.paintData,
  );
}

export function detailLines({ nowMs, out }: Context, member: MemberDetail): string[] {
  return [
    out.paintData('bold', called(member)),
    ...pairs(
      [
        ['organisation', member.org],
        ['place', member.place],
        ['role', roleOf(member)],
        ['status', member.status],
        ['since', localTime(member.since)],
        ['last heard', heard(nowMs, member)],
        ['', marksOf(member)],
      ],
      out.paintData,
    ),
    '',
    ...deviceTable(nowMs, member.devices, out.paintData),
  ];
}

export function deviceTable(
  nowMs: number,
  devices: readonly Device[],
  paint: Context['out']['paintData'],
): string[] {
  return table(
    ['DEVICE', 'STATUS', 'LAST HEARD', ''],
    devices.map((device) => [
      shortId(device.device),
      device.status,
      device.linked ? 'now' : device.lastHeard === null ? 'never' : relativeTo(nowMs, device.lastHeard),
      device.here ? 'this one' : '',
    ]),
    paint,
  );
}

function roleOf({ role, grants }: Member): string {
  return [role, ...grants.map((grant) => `+${grant}`)].join(' ');
}

function heard(nowMs: number, { you, lastHeard }: Member): string {
  if (you) return 'now';
  return lastHeard === null ? 'never' : relativeTo(nowMs, lastHeard);
}

function marksOf({ status, you, verified }: Member): string {
  return [
    ...(status === 'revoked' ? ['removed'] : []),
    ...(you ? ['you'] : []),
    ...(verified ? ['verified by voice'] : []),
  ].join(', ');
}
