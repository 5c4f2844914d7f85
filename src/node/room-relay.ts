/** The frame relay as rooms use it: sealed for the device at the other end, so that who passes it on reads nothing. */
import type { Bytes } from '../base/bytes.ts';
import type { DeviceKey, LinkKey } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import type { Rng } from '../base/ports.ts';
import type { Membership } from '../identity/types.ts';
import type { RelayService } from '../net/relay/service.ts';
import type { RoomRelay } from '../rooms/index.ts';
import { PAIR_SEAL_BYTES, PairSealer } from '../sealing/rooms/index.ts';

const TOPIC = 'rooms';

export interface RoomRelayDeps {
  readonly relay: Pick<RelayService, 'send' | 'on'>;
  readonly self: LinkKey;
  readonly linkSeed: Bytes;
  readonly rng: Rng;
  readonly membership: () => Membership;
}

export function openRoomRelay({ relay, self, linkSeed, rng, membership }: RoomRelayDeps): RoomRelay {
  const sealer = new PairSealer(self, linkSeed, rng);
  return {
    sizeBytes: LIMITS.relayedBytes - PAIR_SEAL_BYTES,
    send(to, bytes) {
      const device = membership().devices.get(to);
      const link = device?.active === true ? device.certificate.link : undefined;
      const sealed = link === undefined ? undefined : sealer.seal(link, bytes);
      return link !== undefined && sealed !== undefined && relay.send(link, TOPIC, sealed);
    },
    on(handler: (from: DeviceKey, bytes: Bytes) => void) {
      relay.on(TOPIC, (from, sealed) => {
        const device = membership().byLink.get(from);
        const bytes = device === undefined ? undefined : sealer.open(from, sealed);
        if (device !== undefined && bytes !== undefined) handler(device, bytes);
      });
    },
  };
}
