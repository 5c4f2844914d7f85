/** What the registry's desks share. */
import { KithError } from '../base/errors.ts';
import type { Clock, Logger, Rng } from '../base/ports.ts';
import type { DeviceKey } from '../base/ids.ts';
import type { Signer, Verifier } from '../identity/signing.ts';
import type { Member } from '../identity/types.ts';
import type { Log } from '../log/service.ts';
import { hasHome, isHome, ownRecordId, type Author } from './ids.ts';
import { kindByNumber } from './kinds/table.ts';
import type { Fields, KindName } from './kinds/types.ts';
import type { ErasureLedger, RecordDiary, RecordStore, StoredRecord } from './ports.ts';
import type { RecordReader, Sides } from './reading.ts';
import type { RecordId, RecordView } from './types.ts';

export interface RecordContext {
  readonly log: Log;
  readonly records: RecordStore;
  readonly erasures: ErasureLedger;
  readonly diary: RecordDiary;
  readonly reader: RecordReader;
  readonly device: DeviceKey;
  readonly signer: Pick<Signer, 'sign'>;
  readonly verifier: Pick<Verifier, 'verify'>;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly logger: Logger;
  transact<Result>(work: () => Result): Result;
  /** Empties the write-ahead log, so that what was overwritten is overwritten there too. @returns false: do it again later. */
  readonly settle: () => boolean;
  /** How many erasures there were when that was done last, in this life of the node. */
  readonly settled: { erasures: number };
}

export function ownMember({ log, device }: RecordContext): Member | undefined {
  const owner = log.membership.devices.get(device);
  return owner?.active === true ? log.membership.members.get(owner.member) : undefined;
}

/** @throws KithError `not-a-member` */
export function authorOf(context: RecordContext): Author {
  const member = ownMember(context);
  if (member === undefined) {
    throw new KithError('not-a-member', 'This device is not in the roll of the network.', {
      next: 'Ask an admin of the network.',
    });
  }
  return { member: member.id, org: member.org };
}

/** Whether this node's member may change it: as its home, or because it came from elsewhere. */
export function mayEdit(context: RecordContext, id: RecordId): boolean {
  return !hasHome(id) || isHome(context.log.network, id, authorOf(context));
}

/** By its name; of a record of one's own, the part behind the slash is enough. @throws KithError `unknown-record` */
export function mustFind(context: RecordContext, name: string): StoredRecord {
  const { records, log } = context;
  const wanted = name.trim();
  const own =
    wanted.includes('/') || ownMember(context) === undefined
      ? undefined
      : ownRecordId(log.network, authorOf(context), wanted);
  const found = records.find(own ?? wanted);
  if (found === undefined || found.kind === 0) {
    throw new KithError('unknown-record', `There is no record “${name}” here.`, {
      next: 'Look for it by name: kith record search NAME',
    });
  }
  return found;
}

export function sidesOf({ reader, records }: RecordContext, { row }: StoredRecord): Sides {
  return reader.sidesOf(row, () => records.placesOf(row));
}

/** What PFIF leaves of a record whose time is over. */
const PLACEHOLDER = ['entry_date', 'expiry_date', 'source_date'] as const;

export function placeholderOf(fields: Fields): Fields {
  return Object.fromEntries(
    PLACEHOLDER.flatMap((name) => (fields[name] === undefined ? [] : [[name, fields[name]]])),
  );
}

export function kindOf({ kind }: StoredRecord): KindName {
  return kindByNumber(kind)?.name ?? 'person';
}

/** As this node may show it: as what it holds says, or as readers see it. Undefined where readers see nothing. */
export function viewOf(
  context: RecordContext,
  record: StoredRecord,
  as: 'member' | 'reader' = 'member',
): RecordView | undefined {
  const sides = sidesOf(context, record);
  const side = as === 'member' ? (sides.full ?? sides.open) : sides.open;
  if (side === undefined || (side === sides.open && side.withheld)) return undefined;
  const isOver = record.expiryMs !== undefined && record.expiryMs <= context.clock.nowMs();
  const gone = side.end !== undefined || isOver;
  return {
    id: record.id,
    kind: side.kind,
    fields: gone ? placeholderOf(side.fields) : side.fields,
    home: homeOf(record.id, side.first.org, context, side.first.device),
    conflicts: gone ? [] : side.conflicts,
    gone,
    status: undefined,
  };
}

/** In words: the organisation, or the member that has none; for what came from elsewhere, where that is. */
function homeOf(id: RecordId, org: string, { log }: RecordContext, device: DeviceKey | undefined): string {
  if (!hasHome(id)) return id.slice(0, id.indexOf('/'));
  const member = device === undefined ? undefined : log.membership.devices.get(device)?.member;
  return org === '' ? (member === undefined ? '' : (log.membership.members.get(member)?.name ?? '')) : org;
}
