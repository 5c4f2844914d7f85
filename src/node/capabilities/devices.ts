import { KithError } from '../../base/errors.ts';
import type { DeviceKey } from '../../base/ids.ts';
import { LIMITS } from '../../base/limits.ts';
import { formatInviteLink } from '../../identity/invite-link.ts';
import type { Device, DevicesFacade } from '../facade.ts';
import type { Session } from '../session.ts';
import { findByStart, iso, memberOfDevice, type NodeContext } from './context.ts';
import { revokeDevice } from './revocation.ts';

export function devicesOf(context: NodeContext): DevicesFacade {
  return {
    list: async () => {
      const session = context.session();
      return (session.ownMember?.devices ?? []).map((device) => describeDevice(session, device));
    },
    link: async ({ lastsMs }) => {
      const session = context.session();
      const own = session.ownMember;
      if (own?.status !== 'active' || own.role === 'reader' || own.role === 'relay') {
        throw new KithError('role-writes-nothing', 'A reader or relay cannot link another device.', {
          next: 'Ask an admin for an invitation for that device.',
        });
      }
      if (own.devices.length >= LIMITS.devicesPerMember) {
        throw new KithError(
          'too-many-devices',
          `You have ${String(own.devices.length)} devices, as many as one can have.`,
        );
      }
      const expiresMs = context.clock.nowMs() + lastsMs;
      const link = formatInviteLink({
        network: session.log.network,
        seed: session.host.openForDevice(own.id, expiresMs),
        networkName: session.log.membership.name,
        name: own.name,
        forDevice: true,
        expiresMs,
        addresses: session.deps.transport.listening(),
      });
      return { link, expires: iso(expiresMs), member: own.number, name: own.name };
    },
    revoke: async (start) => {
      const session = context.session();
      const device = findByStart([...session.log.membership.devices.keys()], (key) => key, start);
      const member = device === undefined ? undefined : memberOfDevice(session, device);
      if (device === undefined || member === undefined) {
        throw new KithError('unknown-device', 'There is no such device in this network.', {
          next: 'See a member’s devices: kith members show WHO',
        });
      }
      return revokeDevice(session, member, device);
    },
  };
}

export function describeDevice(session: Session, key: DeviceKey): Device {
  const device = session.log.membership.devices.get(key);
  const member = memberOfDevice(session, key);
  const here = key === session.device;
  const linked = here || session.deps.transport.links().some((link) => link.peer === device?.link);
  const heardMs = linked ? nowMs(session) : session.heardMs(key);
  return {
    device: key,
    member: member?.number ?? 0,
    name: member?.name ?? '',
    status: device?.active === true ? 'active' : 'revoked',
    here,
    linked,
    lastHeard: heardMs === undefined ? null : iso(heardMs),
  };
}

function nowMs(session: Session): number {
  return session.deps.clock.nowMs();
}
