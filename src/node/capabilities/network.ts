import { KithError } from '../../base/errors.ts';
import type { NetworkId } from '../../base/ids.ts';
import { HybridClock } from '../../base/hlc.ts';
import { joinRefused } from '../../identity/join-core.ts';
import { looksLikeCode, parseJoinCode } from '../../identity/join-code.ts';
import { parseInviteLink } from '../../identity/invite-link.ts';
import { foundNetwork } from '../../log/found.ts';
import type { Run } from '../../log/types.ts';
import type { Transport } from '../../net/ports.ts';
import type { Joined, JoinStep, NetworkFacade } from '../facade.ts';
import { searchAndAsk, type Target } from '../joining.ts';
import type { Session } from '../session.ts';
import type { NodeContext } from './context.ts';
import { readProfile } from './members.ts';

export interface NetworkContext extends NodeContext {
  transport(): Transport;
  /** Addresses given by hand and heard on the LAN so far. */
  addresses(): readonly string[];
  /** Belongs to this network from now on. @param genesis when it is founded here. */
  enter(network: NetworkId, genesis?: Run): Session;
  incarnation(): string;
  joining(on: boolean): void;
}

export function networkOf(context: NetworkContext): NetworkFacade {
  return {
    found: async ({ network, profile }) => {
      mustBeEmpty(context);
      const name = readProfile({ name: network, org: '', place: '' }).name;
      const { signer, certificate } = context.keys();
      const founding = foundNetwork(
        { clock: new HybridClock(context.clock), rng: context.rng, signer },
        context.incarnation(),
        { network: name, certificate, profile: readProfile(profile) },
      );
      return joinedAs(context.enter(founding.network, founding.run));
    },
    join: async (request, signal) => {
      mustBeEmpty(context);
      const target = readInvitation(request.invitation);
      const name = request.name ?? target.suggestedName;
      if (name.trim() === '') throw nameNeeded();
      const profile = readProfile({
        name,
        org: request.org,
        place: request.place,
      });
      return join(context, target, profile, signal);
    },
  };
}

function nameNeeded(): KithError {
  return new KithError('name-needed', 'The invitation does not say who you are.', {
    next: 'Say it: kith join … --as NAME',
  });
}

function mustBeEmpty(context: NetworkContext): void {
  const state = context.state();
  if (state === 'locked') context.keys();
  if (state === 'running') {
    throw new KithError('already-in-network', 'This data folder belongs to a network already.', {
      next: 'Use another one: --data DIR',
    });
  }
}

function readInvitation(invitation: string): Target & { readonly suggestedName: string } {
  if (looksLikeCode(invitation)) {
    return { secret: { kind: 'code', code: parseJoinCode(invitation) }, addresses: [], suggestedName: '' };
  }
  // An expired link is still tried: this machine's clock may be wrong, and the other side decides.
  const { seed, network, addresses, name } = parseInviteLink(invitation);
  return {
    secret: { kind: 'link', seed, network },
    addresses,
    suggestedName: name,
  };
}

async function* join(
  context: NetworkContext,
  target: Target,
  profile: Parameters<typeof readProfile>[0],
  signal: AbortSignal,
): AsyncGenerator<JoinStep> {
  context.joining(true);
  try {
    yield tell(context, {
      step: 'searching',
      message: 'Looking for a node of the network.',
      done: null,
      total: null,
    });
    const joined = await searchAndAsk(
      {
        transport: context.transport(),
        timers: context.timers,
        rng: context.rng,
        keys: context.keys(),
        logger: context.nodeLog.logger('join'),
        addresses: () => [...target.addresses, ...context.addresses()],
      },
      target,
      profile,
      signal,
    );
    const message = `Let in to ${joined.networkName}. Fetching who is in it.`;
    const session = context.enter(joined.network);
    yield tell(context, { step: 'fetching', message, done: null, total: null });
    await untilMember(session, signal);
    yield tell(context, { step: 'joined', ...joinedAs(session) });
  } finally {
    context.joining(false);
  }
}

function tell(context: NetworkContext, step: JoinStep): JoinStep {
  context.emit({ type: 'join', step });
  return step;
}

/** The roll comes over the link that let us in; it may break, so other nodes are tried as the topology does. */
async function untilMember(session: Session, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const look = (): void => {
      if (session.ownMember !== undefined) resolve();
    };
    signal.addEventListener('abort', () => {
      reject(
        new KithError(
          'interrupted',
          'Joining was broken off. This device is in; the rest follows when it runs.',
          { next: 'kith up' },
        ),
      );
    });
    session.log.on({ membership: look });
    look();
  });
}

export function joinedAs(session: Session): Joined {
  const own = session.ownMember;
  if (own === undefined) throw joinRefused('unknown');
  const { number, name, role } = own;
  return { network: session.log.membership.name, networkId: session.log.network, member: number, name, role };
}
