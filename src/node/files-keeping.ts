/** How long, and up to which size, files that were replaced or deleted can be had back: what was set, and the time that counts. */
import { decodeCbor, encodeCbor } from '../base/cbor.ts';
import type { FolderKeeping } from '../files/folder/ports.ts';
import { KeptClock } from '../files/kept-clock.ts';
import type { KeepingRules } from '../files/ports-keeping.ts';
import { trustedClock } from './mail.ts';
import type { Session } from './session.ts';

const RULES = 'files keeping';
const CLOCK = 'files kept clock';
const USUAL: KeepingRules = { days: 30, bytes: 10 * 1024 ** 3 };

export function keepingRules({ deps: { meta } }: Session): KeepingRules {
  const stored = meta.get(RULES);
  if (stored === undefined) return USUAL;
  const [days = USUAL.days, bytes = USUAL.bytes] = decodeCbor(stored) as number[];
  return { days, bytes };
}

export function setKeepingRules({ deps: { meta } }: Session, { days, bytes }: KeepingRules): void {
  meta.set(RULES, encodeCbor([days, bytes]));
}

export function keepingOf(session: Session): FolderKeeping {
  const { meta } = session.deps;
  const clock = new KeptClock({
    clock: trustedClock(session),
    read() {
      const stored = meta.get(CLOCK);
      if (stored === undefined) return undefined;
      const [wallMs = 0, keptMs = 0] = decodeCbor(stored) as number[];
      return { wallMs, keptMs };
    },
    write: ({ wallMs, keptMs }) => {
      meta.set(CLOCK, encodeCbor([wallMs, keptMs]));
    },
  });
  return { nowMs: () => clock.nowMs(), rules: () => keepingRules(session) };
}
