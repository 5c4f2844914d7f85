/** Asks members for news at random, over links that stand or that are dialled for it; whom, `records/refresh` decides. */
import { KithError } from '../base/errors.ts';
import type { LinkKey } from '../base/ids.ts';
import type { Clock, Logger, Rng, Timers } from '../base/ports.ts';
import {
  REFRESH_LIMITS,
  RefreshCore,
  type Attempt,
  type RefreshEffect,
  type Sight,
} from '../records/index.ts';
import type { Session } from './session.ts';
import { tierOneDevices } from './tier-one.ts';

/** How often it is looked at how far an attempt is. */
const LOOK_MS = 100;

export interface RefreshingDeps {
  readonly session: Session;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly rng: Rng;
  readonly logger: Logger;
}

export type RefreshNews =
  | { readonly type: 'asking'; readonly who: LinkKey }
  | { readonly type: 'asked'; readonly attempt: Attempt<LinkKey> }
  | { readonly type: 'done'; readonly answered: LinkKey; readonly attempts: readonly Attempt<LinkKey>[] };

interface Asking {
  readonly peer: LinkKey;
  /** Taken from it before. */
  readonly before: number;
  readonly giveUp: AbortController;
  failed: boolean;
}

/**
 * @param attempts how often somebody is asked at most.
 * @throws KithError `nobody-answered` with whom it asked | `interrupted`
 */
export async function* refresh(
  deps: RefreshingDeps,
  attempts: number,
  signal: AbortSignal,
): AsyncGenerator<RefreshNews> {
  const { session, clock, timers, rng } = deps;
  const candidates = membersInReach(session);
  const core = new RefreshCore(candidates, rng, { ...REFRESH_LIMITS, attempts });
  if (session.links.isResting) session.links.wake();
  let asking: Asking | undefined;
  try {
    while (!signal.aborted) {
      for (const effect of core.step(sightOf(deps, clock.monotonicMs(), asking))) {
        if (effect.type === 'done') {
          yield endOf(session, effect);
          return;
        }
        asking?.giveUp.abort();
        asking = effect.type === 'ask' ? ask(deps, effect.who) : undefined;
        yield effect.type === 'ask'
          ? { type: 'asking', who: effect.who }
          : { type: 'asked', attempt: effect.attempt };
      }
      await shortly(timers);
    }
    throw interrupted();
  } finally {
    asking?.giveUp.abort();
  }
}

/** @throws KithError `nobody-answered` */
function endOf(
  session: Session,
  { answered, attempts }: Extract<RefreshEffect<LinkKey>, { type: 'done' }>,
): RefreshNews {
  if (answered === undefined) throw nobodyAnswered(session, attempts);
  return { type: 'done', answered, attempts };
}

function shortly(timers: Timers): Promise<void> {
  return new Promise((resolve) => {
    timers.after(LOOK_MS, resolve);
  });
}

function sightOf({ session: { sync } }: RefreshingDeps, nowMs: number, asking: Asking | undefined): Sight {
  if (asking === undefined) return { nowMs, failed: false, answered: false, inStep: false, entries: 0 };
  const { peer, before, failed } = asking;
  return {
    nowMs,
    failed: failed && !sync.isOpenTo(peer),
    answered: sync.hasAnswered(peer),
    inStep: sync.isInStepWith(peer),
    entries: sync.takenFrom(peer) - before,
  };
}

function membersInReach(session: Session): readonly LinkKey[] {
  return tierOneDevices(session.log.membership, session.deps.transport.self).filter((peer) =>
    hasWay(session, peer),
  );
}

function hasWay(session: Session, peer: LinkKey): boolean {
  return isLinked(session, peer) || addressesOf(session, peer).length > 0;
}

function isLinked({ deps: { transport } }: Session, peer: LinkKey): boolean {
  return transport.links().some((link) => link.peer === peer);
}

function addressesOf(session: Session, peer: LinkKey): readonly string[] {
  return [...new Set([...session.addressesOf(peer), ...session.links.addressesOf(peer)])];
}

function ask(deps: RefreshingDeps, peer: LinkKey): Asking {
  const { session } = deps;
  const asking = { peer, before: session.sync.takenFrom(peer), giveUp: new AbortController(), failed: false };
  if (isLinked(session, peer)) session.sync.compare(peer);
  else void dial(deps, asking);
  return asking;
}

/** The sync channel of a new link compares by itself. */
async function dial({ session, logger }: RefreshingDeps, asking: Asking): Promise<void> {
  const { peer, giveUp } = asking;
  for (const address of addressesOf(session, peer)) {
    try {
      await session.deps.transport.dial(address, { expect: peer, signal: giveUp.signal });
      return;
    } catch (error) {
      logger.debug({ peer, address, error }, 'no way to a member that is asked for news');
    }
    if (giveUp.signal.aborted) return;
  }
  asking.failed = true;
}

function interrupted(): KithError {
  return new KithError('interrupted', 'This was broken off.', { next: 'Run the same command again.' });
}

function nobodyAnswered(session: Session, attempts: readonly Attempt<LinkKey>[]): KithError {
  const names = [...new Set(attempts.map(({ who }) => session.memberOf(who)?.name ?? 'somebody'))];
  const asked =
    names.length === 0
      ? 'This node knows no way to any member.'
      : `No member answered. Asked, ${String(attempts.length)} times in all: ${names.join(', ')}.`;
  const asOfMs = session.freshness.asOfMs();
  const kept =
    asOfMs === undefined
      ? 'This node has not heard from a member yet.'
      : `What is here is as of ${new Date(asOfMs).toISOString()}.`;
  return new KithError('nobody-answered', `${asked} ${kept}`, {
    next: 'Get nearer to a member’s node or its network, and try again; why it is not reached: kith doctor',
  });
}
