/** A newcomer's way in: tries every address it knows, over and over, until a node of the network lets it in. */
import { isKithError, KithError } from '../base/errors.ts';
import type { LinkKey } from '../base/ids.ts';
import type { Logger, Rng, Timers } from '../base/ports.ts';
import { Newcomer, type Joined, type Secret } from '../identity/join-core.ts';
import { decodeJoin, encodeJoin } from '../identity/join-wire.ts';
import { CODE_LIMITS } from '../identity/join-code.ts';
import type { Profile } from '../identity/types.ts';
import type { Link, Transport } from '../net/ports.ts';
import { JOIN_CHANNEL } from './join-host.ts';
import type { DeviceKeys } from './keys.ts';

export interface Target {
  readonly secret: Secret;
  readonly addresses: readonly string[];
}

export interface JoiningDeps {
  readonly transport: Transport;
  readonly timers: Timers;
  readonly rng: Rng;
  readonly keys: DeviceKeys;
  readonly logger: Logger;
  /** What may be tried, as of now: those of the invitation, given by hand, heard on the LAN. */
  addresses(): readonly string[];
}

const ROUND_MS = 1000;
const DIAL_MS = 5000;
/** For the whole exchange; a Raspberry Pi under load needs some seconds. */
const ASK_MS = 30_000;

/** What an admitter says that no other admitter will say otherwise. */
const FINAL: ReadonlySet<string> = new Set([
  'invitation-expired',
  'invitation-used-up',
  'invitation-withdrawn',
  'keys-in-use',
  'wrong-code',
]);

/**
 * @throws KithError with the refusal, when it is final; `too-many-tries` when a code was right nowhere; `interrupted`
 *   when `signal` aborts.
 */
export async function searchAndAsk(
  deps: JoiningDeps,
  target: Target,
  profile: Profile,
  signal: AbortSignal,
): Promise<Joined> {
  const tried = new Set<LinkKey>();
  while (!signal.aborted) {
    for (const address of new Set(deps.addresses())) {
      const joined = await tryAddress(deps, target, profile, address, tried, signal);
      if (joined !== undefined) return joined;
    }
    await pause(deps.timers, signal);
  }
  throw new KithError('interrupted', 'Joining was broken off.', { next: 'Run the same command again.' });
}

async function tryAddress(
  deps: JoiningDeps,
  target: Target,
  profile: Profile,
  address: string,
  tried: Set<LinkKey>,
  signal: AbortSignal,
): Promise<Joined | undefined> {
  let link: Link | undefined;
  try {
    link = await deps.transport.dial(address, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(DIAL_MS)]),
    });
    const { peer } = link;
    if (target.secret.kind === 'code') mayTryCode(tried, peer);
    return await ask(deps, link, { secret: target.secret, profile, replied: () => tried.add(peer) }, signal);
  } catch (error) {
    // Left open, it would be in the way of the next try.
    link?.close();
    if (isKithError(error) && (FINAL.has(error.code) || error.code === 'too-many-tries')) throw error;
    deps.logger.info({ address, error }, 'not let in here');
    return undefined;
  }
}

/** Whoever a code is proven to can test one guess of it: so it is shown to few, and to each once. */
function mayTryCode(tried: Set<LinkKey>, peer: LinkKey): void {
  if (tried.has(peer)) throw new KithError('tried-before', 'This node was asked before.');
  if (tried.size >= CODE_LIMITS.nodesTried) {
    throw new KithError('too-many-tries', 'None of the nodes near here knows this code.', {
      next: 'Ask for a link instead: kith invite',
    });
  }
}

interface Question {
  readonly secret: Secret;
  readonly profile: Profile;
  /** The other side let its guess of the code be tested: it must not get another one. */
  replied(): void;
}

async function ask(deps: JoiningDeps, link: Link, question: Question, signal: AbortSignal): Promise<Joined> {
  const { keys, rng, transport, timers } = deps;
  const { secret, profile } = question;
  const channel = await link.open(JOIN_CHANNEL);
  const newcomer = new Newcomer(
    { rng, device: keys.signer, certificate: keys.certificate, profile },
    { newcomer: transport.self, admitter: link.peer },
  );
  return new Promise<Joined>((resolve, reject) => {
    // A search goes on for as long as it takes: what an ask leaves on its signal would add up.
    const done = (): void => {
      timer.cancel();
      signal.removeEventListener('abort', interrupted);
    };
    const fail = (error: unknown): void => {
      done();
      reject(error instanceof Error ? error : new Error(String(error)));
      channel.close();
    };
    const timer = timers.after(ASK_MS, () => {
      fail(new KithError('no-answer', 'The other side does not answer.'));
    });
    channel.onClose((error) => {
      fail(error ?? new KithError('link-lost', 'The other side hung up.'));
    });
    const interrupted = (): void => {
      fail(new KithError('interrupted', 'Joining was broken off.'));
    };
    signal.addEventListener('abort', interrupted);
    channel.onFrame((frame) => {
      try {
        const message = decodeJoin(frame);
        if (message.type === 'reply') question.replied();
        const answer = newcomer.receive(message);
        if (answer !== undefined) channel.send(encodeJoin(answer));
        if (newcomer.joined === undefined) return;
        done();
        resolve(newcomer.joined);
      } catch (error) {
        fail(error);
      }
    });
    channel.send(encodeJoin(newcomer.start(secret)));
  });
}

async function pause(timers: Timers, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const end = (): void => {
      timer.cancel();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = timers.after(ROUND_MS, end);
    signal.addEventListener('abort', end);
  });
}
