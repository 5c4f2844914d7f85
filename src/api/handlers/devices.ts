import type { NodeFacade } from '../../node/facade.ts';
import type { deviceRoutes } from '../contract/devices.ts';
import type { Handlers } from '../handler.ts';

export function deviceHandlers({ devices }: NodeFacade): Handlers<typeof deviceRoutes> {
  return {
    devices: async () => ({ devices: await devices.list() }),
    linkDevice: ({ lastsMs }) => devices.link({ lastsMs }),
    revokeDevice: ({ device }) => devices.revoke(device),
  };
}
