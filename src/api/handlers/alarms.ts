import type { NodeFacade } from '../../node/facade.ts';
import type { alarmRoutes } from '../contract/alarms.ts';
import type { Handlers } from '../handler.ts';

export function alarmHandlers({ alarms }: NodeFacade): Handlers<typeof alarmRoutes> {
  return {
    raiseAlarm: ({ headline, severity, urgency, certainty, instruction, areas, ...request }) =>
      alarms.raise({ headline, severity, urgency, certainty, instruction, areas, ...request }),
    raiseCap: ({ document, escalateAfterMs }) =>
      alarms.raiseCap({ document: new Uint8Array(Buffer.from(document, 'base64')), escalateAfterMs }),
    alarms: async ({ all }) => ({ alarms: await alarms.list({ all }) }),
    alarm: ({ id }) => alarms.status(id),
    alarmCap: async ({ id }) => ({ cap: await alarms.cap(id) }),
    updateAlarm: ({ id, text, headline, severity, urgency, certainty, instruction, areas, lastsMs }) =>
      alarms.update(id, { text, headline, severity, urgency, certainty, instruction, areas, lastsMs }),
    cancelAlarm: ({ id, text }) => alarms.cancel(id, text),
    ackAlarm: ({ id }) => alarms.ack(id),
  };
}
