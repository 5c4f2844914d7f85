import { statSync } from 'node:fs';
import type { Bytes } from '../../base/bytes.ts';
import { KithError } from '../../base/errors.ts';
import type { LinkKey } from '../../base/ids.ts';
import { LANES, type Standing } from '../../identity/roles.ts';
import { heightsOf, summarise } from '../../log/heights.ts';
import { encodeMessage } from '../../log/sync-wire.ts';
import { isLetterFrame, isMailFrame, type MailService } from '../../mail/index.ts';
import { readBundle, writeBundle } from '../bundle.ts';
import type { BundleExported, BundleImported, BundlesFacade, Progress } from '../facade.ts';
import { readWhole, writeWhole } from '../files.ts';
import type { Mail } from '../mail.ts';
import type { Session } from '../session.ts';
import { lanesOf } from '../sync-links.ts';
import { findMember, type NodeContext } from './context.ts';
import { withProgress, type Report } from './work.ts';

const RUN_BYTES = 256 * 1024;

export interface BundlesContext extends NodeContext {
  mail(): Mail;
}

export function bundlesOf(context: BundlesContext): BundlesFacade {
  return {
    export: async (request, signal) => {
      const session = context.session();
      const { recipients, reader } = readersOf(session, request.for);
      const { service } = context.mail();
      return withProgress<BundleExported>(signal, async (report) => {
        const count = { entries: 0, letters: 0 };
        // Letters are sealed for whom they are for, so any bundle may carry all of them.
        const frames = [framesFor(session, reader, count, report), lettersFor(service, count)];
        const bytes = await writeWhole(
          request.path,
          request.replace,
          writeBundle(oneAfterTheOther(frames), recipients, context.rng),
        );
        return { path: request.path, ...count, bytes };
      });
    },
    import: async ({ path }, signal) => {
      const session = context.session();
      const { service } = context.mail();
      return withProgress<BundleImported>(signal, (report) =>
        importFrom({ session, service }, path, report, signal),
      );
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

function* lettersFor(service: MailService, count: { letters: number }): Generator<Bytes> {
  for (const frame of service.frames()) {
    if (isLetterFrame(frame)) count.letters += 1;
    yield frame;
  }
}

function* oneAfterTheOther(sources: readonly Iterable<Bytes>[]): Generator<Bytes> {
  for (const source of sources) yield* source;
}

/** Takes letters and receipts out of what a bundle brings, and passes on the rest. */
async function* withoutMail(
  frames: AsyncIterable<Bytes>,
  service: MailService,
  count: { letters: number },
): AsyncGenerator<Bytes> {
  const file = service.openFile();
  try {
    for await (const frame of frames) {
      if (!isMailFrame(frame)) yield frame;
      else {
        if (isLetterFrame(frame)) count.letters += 1;
        file.take(frame);
      }
    }
  } finally {
    file.close();
  }
}

async function importFrom(
  { session, service }: { readonly session: Session; readonly service: MailService },
  path: string,
  report: Report,
  signal: AbortSignal,
): Promise<BundleImported> {
  const count = { letters: 0 };
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
    withoutMail(readBundle(source(), session.deps.keys.linkSeed), service, count),
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
  return { path, read, added, refused, letters: count.letters };
}

function sizeOf(path: string): number | null {
  try {
    return statSync(path).size;
  } catch {
    return null;
  }
}
