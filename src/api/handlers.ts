import type { Logger } from '../base/ports.ts';
import type { NodeFacade } from '../node/facade.ts';
import type { Routes } from './contract.ts';
import type { Handlers } from './handler.ts';
import { alarmHandlers } from './handlers/alarms.ts';
import { deviceHandlers } from './handlers/devices.ts';
import { doctorHandlers } from './handlers/doctor.ts';
import { entryHandlers } from './handlers/entries.ts';
import { exchangeHandlers } from './handlers/exchange.ts';
import { fileHandlers } from './handlers/files.ts';
import { hubHandlers } from './handlers/hubs.ts';
import { inviteHandlers } from './handlers/invites.ts';
import { letterHandlers } from './handlers/letters.ts';
import { linkHandlers } from './handlers/links.ts';
import { mapHandlers } from './handlers/map.ts';
import { memberHandlers } from './handlers/members.ts';
import { networkHandlers } from './handlers/network.ts';
import { nodeHandlers } from './handlers/node.ts';
import { roomHandlers } from './handlers/rooms.ts';
import { recordHandlers } from './handlers/records.ts';
import { safetyHandlers } from './handlers/safety.ts';

export function allHandlers(node: NodeFacade, logger: Logger): Handlers<Routes> {
  return {
    ...nodeHandlers(node, logger),
    ...networkHandlers(node),
    ...inviteHandlers(node),
    ...memberHandlers(node),
    ...deviceHandlers(node),
    ...linkHandlers(node),
    ...mapHandlers(node),
    ...hubHandlers(node),
    ...doctorHandlers(node),
    ...safetyHandlers(node),
    ...entryHandlers(node),
    ...letterHandlers(node),
    ...roomHandlers(node),
    ...alarmHandlers(node),
    ...recordHandlers(node),
    ...exchangeHandlers(node),
    ...fileHandlers(node),
  };
}
