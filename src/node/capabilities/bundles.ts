import { statSync } from 'node:fs';
import type { Bytes } from '../../base/bytes.ts';
import { KithError } from '../../base/errors.ts';
import type { LinkKey } from '../../base/ids.ts';
import { LANES, type Standing } from '../../identity/roles.ts';
import { heightsOf, summarise } from '../../log/heights.ts';
import { encodeMessage } from '../../log/sync-wire.ts';
import { readBundle, writeBundle } from '../bundle.ts';
import type { BundleExported, BundleImported, BundlesFacade, Progress } from '../facade.ts';
import { readWhole, writeWhole } from '../files.ts';
import type { Session } from '../session.ts';
import { lanesOf } from '../sync-links.ts';
import { findMember, type NodeContext } from './context.ts';
import { withProgress, type Report } from './work.ts';

const RUN_BYTES = 256 * 1024;

export function bundlesOf(context: NodeContext): BundlesFacade {
  return {
    export: async (request, signal) => {
      const session = context.session();
      const { recipients, reader } = readersOf(session, request.for);
      return withProgress<BundleExported>(signal, async (report) => {
        const count = { entries: 0 };
        const frames = framesFor(session, reader, count, report);
        const bytes = await writeWhole(
          request.path,
          request.replace,
          writeBundle(frames, recipients, context.rng),
        );
        return { path: request.path, entries: count.entries, bytes };
      });
    },
    import: async ({ path }, signal) => {
      const session = context.session();
      return withProgress<BundleImported>(signal, (report) => importFrom(session, path, report, signal));
    },
  };
}

/** A bundle for everybody holds what every full member may hold, and only full members can open it. */
function readersOf(session: Session, who: string | undefined): { recipients: LinkKey[]; reader: Standing } {
  const { members, devices } = session.log.membership;
  const named = who === undefined ? undefined : findMember(session, who);
  const chosen = [...members.values()].filter((member) =>
    named === undefined
      ? member.status === 'active' && ['admin', 'member'].includes(member.role)
      : member === named,
  );
  const recipients = chosen
    .flatMap((member) => member.devices)
    .flatMap((key) => devices.get(key) ?? [])
    .filter(({ active }) => active)
    .map(({ link }) => link);
  if (recipients.length === 0) {
    throw new KithError('already-revoked', 'There is no device that could open this bundle.', {
      next: 'kith members',
    });
  }
  const reader: Standing =
    named === undefined
      ? { member: '', role: 'member', grants: new Set() }
      : { member: named.id, role: named.role, grants: new Set(named.grants) };
  return { recipients, reader };
}

function* framesFor(
  session: Session,
  reader: Standing,
  count: { entries: number },
  report: Report,
): Generator<Bytes> {
  const { log } = session;
  const lanes = lanesOf(reader.role);
  const states = log.feeds().filter(({ info, seq }) => lanes.includes(info.lane) && seq > 0);
  const total = states.reduce((sum, { seq }) => sum + seq, 0);
  yield encodeMessage({
    type: 'hello',
    network: log.network,
    digest: summarise(heightsOf(states, lanes)).digest,
  });
  for (const state of [...states].sort((a, b) => LANES.indexOf(a.info.lane) - LANES.indexOf(b.info.lane))) {
    let from = 1;
    for (let run = log.runFor(reader, state.info.id, from, RUN_BYTES); run !== undefined;) {
      yield encodeMessage({ type: 'run', mode: 'entries', run });
      from += run.entries.length;
      count.entries += run.entries.length;
      report({ step: 'working', unit: 'entries', done: count.entries, total });
      run = log.runFor(reader, state.info.id, from, RUN_BYTES);
    }
  }
}

async function importFrom(
  session: Session,
  path: string,
  report: Report,
  signal: AbortSignal,
): Promise<BundleImported> {
  let read = 0;
  let added = 0;
  let bytes = 0;
  const total = sizeOf(path);
  const refused: Record<string, number> = {};
  async function* source(): AsyncGenerator<Bytes> {
    for await (const chunk of readWhole(path, signal)) {
      bytes += chunk.byteLength;
      const progress: Progress = { step: 'working', unit: 'bytes', done: bytes, total };
      report(progress);
      yield chunk;
    }
  }
  const outcome = await session.sync.takeFrames(
    readBundle(source(), session.deps.keys.linkSeed),
    (run, received) => {
      read += run.entries.length;
      if (received.kind === 'appended') added += received.count;
      if (received.kind === 'refused')
        refused[received.code] = (refused[received.code] ?? 0) + run.entries.length;
    },
  );
  if (outcome === 'wrong-network') {
    throw new KithError('other-network', 'This bundle is of another network.', {
      next: 'Import it on a node of that one.',
    });
  }
  return { path, read, added, refused };
}

function sizeOf(path: string): number | null {
  try {
    return statSync(path).size;
  } catch {
    return null;
  }
}
