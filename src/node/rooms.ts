/** Rooms over this node's store, roll and links. */
import { toHex } from '../base/bytes.ts';
import type { LinkKey } from '../base/ids.ts';
import { RoomService, ROOMS_QUOTA, type RoomChange } from '../rooms/index.ts';
import { createMls } from '../sealing/mls/index.ts';
import type { Database } from '../store/database.ts';
import { openRoomStore } from '../store/room-store.ts';
import { openRoomRelay } from './room-relay.ts';
import { reasonOf } from '../net/conduct/reasons.ts';
import type { Session } from './session.ts';

const TABLE = 'rooms';

export interface NodeRoomsDeps {
  readonly database: Database;
  readonly session: Session;
  readonly changed: (change: RoomChange) => void;
}

export function openNodeRooms({ database, session, changed }: NodeRoomsDeps): RoomService {
  const { keys, transport, verifier, clock, timers, rng, nodeLog, meta } = session.deps;
  const { sealer } = keys;
  const rows = openRoomStore(database, {
    seal: (key, bytes) => sealer.seal({ table: TABLE, key }, bytes),
    open: (key, sealed) => sealer.open({ table: TABLE, key }, sealed),
  });
  return new RoomService({
    transport,
    rows,
    verifier,
    clock,
    timers,
    rng,
    changed,
    signer: keys.signer,
    mls: (authority) => createMls({ device: session.device, seed: keys.mlsSeed, authority }),
    logger: nodeLog.logger('rooms'),
    relay: openRoomRelay({
      relay: session.links.relay,
      self: keys.linkKey as LinkKey,
      linkSeed: keys.linkSeed,
      rng,
      membership: () => session.log.membership,
    }),
    store: toHex(meta.get('incarnation') ?? new Uint8Array()),
    roll: {
      self: session.ownMemberId,
      device: session.device,
      memberOf: (device) => {
        const known = session.log.membership.devices.get(device);
        return known?.active === true ? known.member : undefined;
      },
      devicesOf: (member) => {
        const { members, devices } = session.log.membership;
        const own = members.get(member);
        if (own?.status !== 'active') return [];
        return own.devices.filter((device) => devices.get(device)?.active === true);
      },
      isRevoked: (device) => session.log.membership.devices.get(device)?.active === false,
      certifies: (device, mlsKey) => session.log.membership.devices.get(device)?.certificate.mls === mlsKey,
    },
    deviceOf: (link) => (session.isMember(link) ? session.log.membership.byLink.get(link) : undefined),
    guard: (channel) => session.links.conduct.guard(channel, ROOMS_QUOTA),
    misbehaved: (peer, code) => {
      session.links.conduct.report(peer, 'bad-frame', reasonOf('rooms', code));
    },
  });
}
