/** The registry of a node, put together: its tables, its projection, and its desk over the session's log. */
import type { DeviceKey, MemberId, NetworkId } from '../base/ids.ts';
import type { Clock, Logger, Rng, Timers } from '../base/ports.ts';
import type { Signer, Verifier } from '../identity/signing.ts';
import type { Membership } from '../identity/types.ts';
import type { LogStore, Projection } from '../log/ports.ts';
import type { Log } from '../log/service.ts';
import { erasesFor, RecordReader, recordProjection, RecordService } from '../records/index.ts';
import type { Database } from '../store/database.ts';
import {
  openErasureLedger,
  openRecordDiary,
  openRecordStore,
  type RecordSealer,
} from '../store/record-store.ts';

export interface NodeRecordsDeps {
  readonly database: Database;
  readonly sealer: RecordSealer;
  readonly network: NetworkId;
  readonly store: LogStore;
  readonly signer: Pick<Signer, 'key' | 'sign'>;
  readonly verifier: Pick<Verifier, 'verify'>;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly rng: Rng;
  readonly logger: Logger;
  readonly longFrom?: number;
  /** Undefined while the log is being opened. */
  roll(): Membership | undefined;
}

export interface NodeRecords {
  readonly projection: Projection;
  /** Once the log is there that the projection belongs to. */
  open(log: Log): RecordService;
}

export function openNodeRecords(deps: NodeRecordsDeps): NodeRecords {
  const { database, sealer, network, store, signer, verifier } = deps;
  const device = signer.key as DeviceKey;
  const memberOf = (key: DeviceKey): MemberId | undefined => deps.roll()?.devices.get(key)?.member;
  const records = openRecordStore(database, sealer);
  const erasures = openErasureLedger(database);
  const reader = new RecordReader({ network, store, memberOf, longFrom: deps.longFrom });
  return {
    projection: recordProjection({
      network,
      verifier,
      log: store,
      reader,
      records,
      erasures,
      erases: (author) => {
        const membership = deps.roll();
        if (membership === undefined) return false;
        const own = memberOf(device);
        return erasesFor(membership, own === undefined ? undefined : membership.members.get(own), author);
      },
    }),
    open: (log) =>
      new RecordService({
        ...deps,
        device,
        log,
        records,
        erasures,
        diary: openRecordDiary(database, sealer),
        reader,
        transact: (work) => database.transact(work),
        settle: () => database.checkpoint(),
        settled: { erasures: 0 },
      }),
  };
}
