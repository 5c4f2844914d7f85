/** What can go wrong with a dial or a listener, in words. */
import { KithError } from '../../base/errors.ts';
import type { LinkKey } from '../../base/ids.ts';

export interface DialContext {
  readonly address: string;
  /** A socket had opened: somebody is there. */
  readonly connected: boolean;
  readonly wanted: LinkKey | undefined;
  /** Why the attempt was stopped from our side, if it was. */
  readonly stopped: 'timed-out' | 'cancelled' | undefined;
}

/** Our own gate refused who answered; thrown within libp2p's handshake, so that the dialler learns whom. */
export class GateDenied extends Error {
  readonly peer: LinkKey | undefined;

  constructor(peer: LinkKey | undefined) {
    super('the gate denied the peer');
    this.name = 'GateDenied';
    this.peer = peer;
  }
}

export function dialFailure(cause: unknown, context: DialContext): KithError {
  if (cause instanceof KithError && context.stopped === undefined) return cause;
  if (cause instanceof GateDenied) return denied(cause, context);
  if (context.stopped === 'cancelled') {
    return new KithError('cancelled', `The attempt to reach ${context.address} was called off.`, { cause });
  }
  if (nameOf(cause) === 'InvalidPeerIdError') return ourselves(cause, context);
  const relayed = context.address.includes('/p2p-circuit') ? relayFailure(cause, context) : undefined;
  if (relayed !== undefined) return relayed;
  // Reset while connecting: a listener that shut the door in that moment, so somebody is there.
  const turnedAway = context.connected || codeOf(cause) === 'ECONNRESET';
  if (!turnedAway || context.stopped === 'timed-out') return unreachable(cause, context);
  return new KithError(
    'link-refused',
    `What answers at ${context.address} is no kith node, is full, or does not know this device.`,
    {
      next: 'Ask an admin there whether this device was admitted, and check the address.',
      cause,
    },
  );
}

export function noPeerBehindHub(address: string): KithError {
  return new KithError('bad-address', `The address ${address} names a hub, but nobody behind it.`, {
    next: 'Take a whole address, as `kith status` prints them: it ends with /p2p-circuit/p2p/12D3….',
  });
}

/** A hub's refusals (circuit relay v2, "Status codes and error handling"); libp2p puts them into a message. */
function relayFailure(cause: unknown, context: DialContext): KithError | undefined {
  // Dials to one peer that run at once are joined by libp2p, which then fails with the failures of all.
  if (cause instanceof AggregateError) {
    const all = (cause.errors as unknown[]).map((error) => relayFailure(error, context));
    return all.find((failure) => failure !== undefined);
  }
  const { address } = context;
  const status = /failed to connect via relay with status ([A-Z_]+)/.exec(messageOf(cause))?.[1];
  if (status === undefined && nameOf(cause) !== 'UnsupportedProtocolError') return undefined;
  const [code, why, next] = RELAY_REASONS[status ?? 'NO_HUB'] ?? RELAY_FAILED;
  return new KithError(code, `The way through the hub to ${address} is closed: ${why}.`, { next, cause });
}

type RelayReason = readonly [code: string, why: string, next: string];

const RELAY_FAILED: RelayReason = [
  'unreachable',
  'the hub could not reach the node behind it',
  'Try again in a moment.',
];
const RELAY_REASONS: Readonly<Record<string, RelayReason>> = {
  NO_RESERVATION: [
    'unreachable',
    'the hub is there, but the node behind it is not linked with the hub now',
    'Check that the node runs and reaches the hub: kith peers, there.',
  ],
  PERMISSION_DENIED: [
    'link-refused',
    'the hub or the node behind it does not know this device',
    'Ask an admin whether this device was admitted.',
  ],
  CONNECTION_FAILED: [
    'link-refused',
    'the node behind the hub did not take the connection: it does not know this device, or just lost the hub',
    'Ask an admin there whether this device was admitted.',
  ],
  NO_HUB: [
    'unreachable',
    'what answers there passes nothing on',
    'Start it with kith up --hub, or take another hub: kith hubs',
  ],
};

export function wrongPeer(context: Pick<DialContext, 'address'>, cause?: unknown): KithError {
  return new KithError('wrong-peer', `Another device than the expected one answers at ${context.address}.`, {
    next: 'The address may have been given to another machine: ask for the current one.',
    cause,
  });
}

function denied(cause: GateDenied, context: DialContext): KithError {
  if (context.wanted !== undefined && cause.peer !== context.wanted) return wrongPeer(context, cause);
  return notAdmitted(context, cause);
}

export function notAdmitted(context: Pick<DialContext, 'address'>, cause?: unknown): KithError {
  return new KithError(
    'link-refused',
    `The device at ${context.address} is no member of any network that this node belongs to.`,
    {
      next: 'Invite it first, or join its network.',
      cause,
    },
  );
}

function ourselves(cause: unknown, context: DialContext): KithError {
  if (context.wanted !== undefined) return wrongPeer(context, cause);
  return new KithError('bad-address', `The address ${context.address} leads back to this node itself.`, {
    next: 'Give the address of another node.',
    cause,
  });
}

function unreachable(cause: unknown, context: DialContext): KithError {
  const why =
    context.stopped === 'timed-out'
      ? 'no answer came in time'
      : (REASONS[codeOf(cause)] ?? 'no connection could be made');
  return new KithError('unreachable', `Nobody could be reached at ${context.address}: ${why}.`, {
    next: 'Check that the node there runs, that both are on one network, and that no firewall is between them; `kith doctor` looks for the reason.',
    cause,
  });
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the machine answers, but nothing listens on that port',
  EHOSTUNREACH: 'the machine does not answer on this network',
  ENETUNREACH: 'this machine has no way to that network',
  ETIMEDOUT: 'no answer came in time',
  ENOTFOUND: 'nobody knows a machine of that name',
  EAI_AGAIN: 'names cannot be looked up at the moment',
};

/** libp2p puts the reasons of all listeners into one message; the codes in it are those of the operating system. */
export function listenFailure(cause: unknown, listen: readonly string[]): unknown {
  const text = cause instanceof Error ? cause.message : '';
  const where = listen.join(', ');
  if (text.includes('EADDRINUSE')) {
    return new KithError('port-taken', `Another program already listens on ${where}.`, {
      next: 'Stop it (perhaps kith already runs), or choose another port with --listen.',
      cause,
    });
  }
  if (/EADDRNOTAVAIL|EACCES|ENOTFOUND|EAI_AGAIN|EINVAL/.test(text)) {
    return new KithError('bad-address', `This machine cannot listen on ${where}.`, {
      next: 'Use one of its own addresses, 0.0.0.0 for all of them, and a port above 1023.',
      cause,
    });
  }
  return cause;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : '';
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : '';
}

/** The operating system's, where it is known; libp2p wraps it once or twice. */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return '';
  if ('code' in error && typeof error.code === 'string' && /^E[A-Z_]+$/.test(error.code)) return error.code;
  const inner: unknown = error instanceof AggregateError ? (error.errors as unknown[])[0] : error.cause;
  return codeOf(inner);
}
