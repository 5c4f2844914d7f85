/** Keeps the index of alerts in step with the log. */
import { isKithError } from '../base/errors.ts';
import type { FoldedEntry, Projection } from '../log/ports.ts';
import type { Entry } from '../log/types.ts';
import { payloadOf } from '../log/wire.ts';
import type { AlertIndex } from './ports.ts';
import type { AlertBody, AlertMessage } from './types.ts';
import { ALERT_KIND, decodeAlert } from './wire.ts';

const AUDIENCES = ['public', 'members'] as const;

export function alertProjection(index: AlertIndex): Projection {
  return {
    name: 'alerts',
    wants: (kind) => kind === ALERT_KIND,
    apply: (entry: FoldedEntry) => {
      const said = entry.feed.lane === 'urgent' ? readAlert(entry) : undefined;
      if (said === undefined) return;
      const { feed, hash: id, header } = entry;
      index.add({ id, alarm: said.body.alarm ?? id, feed: feed.id, seq: header.seq, hlc: header.hlc });
    },
    erased: ({ target }) => {
      index.remove(target.hash);
    },
    reset: () => {
      index.clear();
    },
  };
}

/** What an entry says as an alert; undefined where this node does not hold it, or it is none: then it stands in the log as what it is. */
export function readAlert({
  header,
  parts,
}: Entry): { readonly body: AlertBody; readonly audience: AlertMessage['audience'] } | undefined {
  const [ref, ...others] = header.parts;
  const part = parts[0];
  if (ref === undefined || others.length > 0 || part === null || part === undefined) return undefined;
  const audience = AUDIENCES.find((known) => known === ref.audience);
  if (audience === undefined) return undefined;
  try {
    return { body: decodeAlert(payloadOf(part)), audience };
  } catch (error) {
    if (isKithError(error, 'malformed')) return undefined;
    throw error;
  }
}
