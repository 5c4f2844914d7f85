/** `kith doctor`: what is known of why links do not stand, and an attempt now where somebody asks for one. */
import { isKithError } from '../../base/errors.ts';
import type { LinkKey } from '../../base/ids.ts';
import { diagnose, probeTcp } from '../../net/doctor/index.ts';
import { parsePeerAddress, tcpPlace } from '../../net/libp2p/addresses.ts';
import type { KithTransport } from '../../net/libp2p/transport.ts';
import type { Diagnosis, DoctorFacade, DoctorStep } from '../facade.ts';
import type { Session } from '../session.ts';
import { findMember, type NodeContext } from './context.ts';

const DIAL_MS = 10_000;
/** Of one member; more would keep a person waiting. */
const ADDRESSES = 6;

export interface DoctorContext extends NodeContext {
  transport(): KithTransport;
  isJoining(): boolean;
}

export function doctorOf(context: DoctorContext): DoctorFacade {
  return {
    examine: async (who) => {
      const steps: DoctorStep[] = [];
      const asked = who === undefined ? [] : addressesOf(context, who, steps);
      for (const address of asked) {
        await tryNow(context, address, steps);
        if (steps.at(-1)?.ok === true) break;
      }
      return describe(context, steps, asked);
    },
  };
}

function describe(context: DoctorContext, steps: readonly DoctorStep[], asked: readonly string[]): Diagnosis {
  const session = runningSession(context);
  // Where one address of a member leads there, the others need not.
  const isReached = steps.at(-1)?.ok === true;
  const findings = diagnose({
    ...context.transport().evidence(),
    nowMs: context.clock.nowMs(),
    state: session === undefined ? 'empty' : 'running',
    joining: context.isJoining(),
    who: (peer) => session?.memberOf(peer)?.name ?? peer.slice(0, 12),
    asked: isReached ? [] : asked,
  });
  return {
    healthy:
      findings.every(({ severity }) => severity !== 'wrong') && steps.every(({ ok }) => ok || isReached),
    steps,
    findings,
  };
}

function runningSession(context: DoctorContext): Session | undefined {
  return context.state() === 'running' ? context.session() : undefined;
}

/** @throws KithError `bad-address` | `unknown-member` | `ambiguous` */
function addressesOf(context: DoctorContext, who: string, steps: DoctorStep[]): readonly string[] {
  const session = runningSession(context);
  if (session === undefined || /[/:]|\.\w/.test(who)) {
    parsePeerAddress(who);
    return [who];
  }
  const member = findMember(session, who);
  const peers = [...session.log.membership.byLink.keys()].filter((peer) => session.memberOf(peer) === member);
  const link = context
    .transport()
    .links()
    .find(({ peer }) => peers.includes(peer));
  if (link !== undefined) {
    const message = `${member.name} is linked${link.relayed ? ' through a hub' : ''}, at ${link.address}.`;
    steps.push({ address: link.address, step: 'link', ok: true, message });
    return [];
  }
  const addresses = peers.flatMap((peer) => session.addressesOf(peer)).slice(0, ADDRESSES);
  if (addresses.length === 0) {
    const message = `No address of ${member.name} is known here, and no hub that is linked leads there.`;
    steps.push({ address: '', step: 'address', ok: false, message });
  }
  return addresses;
}

async function tryNow(context: DoctorContext, address: string, steps: DoctorStep[]): Promise<void> {
  const { host, port } = tcpPlace(address);
  const reached = await probeTcp(host, port);
  const said = reached.ok ? 'accepts connections' : `cannot be reached (${reached.osCode})`;
  steps.push({
    address,
    step: 'connection',
    ok: reached.ok,
    message: `${host}, port ${String(port)}: ${said}.`,
  });
  steps.push(await tryLink(context, address));
}

/** Dials even where nothing answered: the failure it leaves is what the findings are made of. */
async function tryLink(context: DoctorContext, address: string): Promise<DoctorStep> {
  const transport = context.transport();
  const standing = transport.links().find((link) => isAt(link, address));
  if (standing !== undefined) return { address, step: 'link', ok: true, message: 'A link stands already.' };
  try {
    const { relayed } = await transport.dial(address, { signal: AbortSignal.timeout(DIAL_MS) });
    const message = relayed ? 'A link stands, through the hub.' : 'A link stands.';
    return { address, step: 'link', ok: true, message };
  } catch (error) {
    if (!isKithError(error)) throw error;
    // Before it has joined a node links with nobody: that a kith node proved its key is all that can be found out.
    const isThere =
      context.state() !== 'running' && error.code === 'link-refused' && provedItself(transport, address);
    if (isThere) return { address, step: 'link', ok: true, message: 'A kith node answers there.' };
    return { address, step: 'link', ok: false, message: error.message };
  }
}

function isAt(link: { readonly peer: LinkKey; readonly address: string }, address: string): boolean {
  const { peer, multiaddr } = parsePeerAddress(address);
  return peer === undefined ? link.address === String(multiaddr) : link.peer === peer;
}

function provedItself(transport: KithTransport, address: string): boolean {
  const failure = transport.evidence().failures.find((one) => one.address === address);
  return failure !== undefined && (failure.ownGate || failure.stage === 'handshake');
}
