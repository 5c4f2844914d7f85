/** From what is known of links to what is wrong with them, in words, and what to do: pure; one rule a function. */
import type { DialFailure, Evidence, Finding, LanEvidence } from './types.ts';

export const DOCTOR = {
  /** What failed longer ago says little about now. */
  freshMs: 10 * 60 * 1000,
  /** Clocks may differ by this without harm: entries are ordered by what their authors had seen, too. */
  clockMs: 2 * 60 * 1000,
  /** Announcements after which a neighbour should have been heard, and an own one should have come back. */
  packets: 3,
} as const;

type Rule = (evidence: Evidence) => readonly Finding[];

const RULES: readonly Rule[] = [
  versionMismatch,
  notAMember,
  clockOff,
  noInterface,
  multicastOff,
  multicastUnheard,
  portClosed,
  noRoute,
  noAnswer,
  unknownName,
  wrongDevice,
  notKith,
  closedHub,
  strangers,
  alone,
];

export function diagnose(evidence: Evidence): readonly Finding[] {
  return RULES.flatMap((rule) => rule(evidence)).sort(
    (a, b) => Number(a.severity === 'notice') - Number(b.severity === 'notice'),
  );
}

/** Failures that still matter: not of long ago, and not to somebody who is linked in another way. */
function current({ failures, links, nowMs }: Evidence): readonly DialFailure[] {
  return failures.filter(
    ({ atMs, peer }) => nowMs - atMs < DOCTOR.freshMs && !links.some((link) => link.peer === peer),
  );
}

/** A node with neighbours is well, though somebody that it remembers is out of reach; not if a person asked for it. */
function weight({ links, asked }: Evidence, { address }: DialFailure): Finding['severity'] {
  return links.length === 0 || asked.includes(address) ? 'wrong' : 'notice';
}

function failuresWhere(
  evidence: Evidence,
  wanted: (failure: DialFailure) => boolean,
  describe: (failure: DialFailure) => Omit<Finding, 'severity' | 'about'>,
): readonly Finding[] {
  return current(evidence)
    .filter(wanted)
    .map((failure) => ({
      severity: weight(evidence, failure),
      about: failure.address,
      ...describe(failure),
    }));
}

function versionMismatch(evidence: Evidence): readonly Finding[] {
  const told = (about: string, theirs: number | undefined, where: string): Finding => {
    const older = (theirs ?? 0) < evidence.version;
    return {
      code: 'version-mismatch',
      severity: 'wrong',
      about,
      message: older
        ? `The kith ${where} is too old for this one: it speaks version ${String(theirs)} of the protocol, this one ${String(evidence.version)}.`
        : `This kith is too old for the one ${where}: that speaks version ${String(theirs)} of the protocol, this one ${String(evidence.version)}.`,
      next: older ? 'Update the other one.' : 'Update this one.',
    };
  };
  const dialled = current(evidence)
    .filter(({ code }) => code === 'version-mismatch')
    .map(({ address, theirVersion }) => told(address, theirVersion, `at ${address}`));
  const came = evidence.knocks
    .filter(({ why, atMs }) => why === 'version-mismatch' && evidence.nowMs - atMs < DOCTOR.freshMs)
    .map(({ peer, theirVersion }) => told(evidence.who(peer), theirVersion, `of ${evidence.who(peer)}`));
  return [...dialled, ...came];
}

function notAMember(evidence: Evidence): readonly Finding[] {
  if (evidence.state === 'empty') return [];
  return failuresWhere(
    evidence,
    ({ code, stage, ownGate }) => code === 'link-refused' && (ownGate || stage === 'handshake'),
    ({ address, ownGate }) => ({
      code: 'not-a-member',
      message: ownGate
        ? `The device at ${address} is no member of this network, as far as this node has heard.`
        : `The node at ${address} lets this device not in: it belongs to another network, or has not heard that this device was admitted.`,
      next: 'Compare the network on both: kith status. Then invite the one that is missing: kith invite',
    }),
  );
}

function clockOff({ links, who }: Evidence): readonly Finding[] {
  const off = links.filter(
    ({ clock }) => clock !== undefined && Math.abs(clock.offsetMs) - clock.uncertainMs > DOCTOR.clockMs,
  );
  const alike = new Set(off.map(({ clock }) => Math.sign(clock?.offsetMs ?? 0)));
  // Against several that agree with each other, it is this one that is off.
  const isOurs = off.length > 1 && off.length === links.length && alike.size === 1;
  return off.map(({ peer, clock }) => ({
    code: 'clock-off',
    severity: 'wrong',
    about: who(peer),
    message: `The clock of ${who(peer)} is ${inWords(clock?.offsetMs ?? 0)} this one's${isOurs ? ', and so are those of all others: this one is probably wrong' : ''}.`,
    next: 'Set the clock of whichever is wrong (date, time and time zone); kith goes on meanwhile, but shows times that mislead.',
  }));
}

function noInterface({ lans }: Evidence): readonly Finding[] {
  if (lans === undefined || lans.length > 0) return [];
  return [
    {
      code: 'no-network-interface',
      severity: 'wrong',
      about: 'this machine',
      message: 'This machine is on no network at the moment.',
      next: 'Plug in the cable, or join a Wi-Fi; kith notices by itself.',
    },
  ];
}

/** What this machine itself keeps from being sent. */
function multicastOff({ lans = [] }: Evidence): readonly Finding[] {
  return lans
    .filter(({ errors, sent, ownHeard }) => errors.length > 0 || (sent >= DOCTOR.packets && ownHeard === 0))
    .map(({ name, errors }) => ({
      code: 'multicast-blocked',
      severity: 'wrong',
      about: name,
      message: `This machine does not let kith look for others on ${name}: multicast is switched off or blocked there${errors.length > 0 ? ` (${errors.join(', ')})` : ''}.`,
      next: `Allow UDP port 5353 to and from 224.0.0.251 in this machine's firewall; or link by address: kith peers add ADDRESS`,
    }));
}

/** Neighbours on the same subnet are linked, and yet never heard: what lies between does not pass multicast on. */
function multicastUnheard(evidence: Evidence): readonly Finding[] {
  return (evidence.lans ?? []).flatMap((lan) => {
    const silent = unheardOn(lan, evidence);
    if (silent.length === 0 || lan.heard.length > 0 || lan.sent < DOCTOR.packets || lan.ownHeard === 0)
      return [];
    const names = silent.map((peer) => evidence.who(peer)).join(', ');
    return [
      {
        code: 'multicast-blocked',
        severity: 'wrong',
        about: lan.name,
        message: `${names} ${silent.length === 1 ? 'is' : 'are'} on the same network as this node (${lan.name}), but cannot be heard there: the access point or switch passes no multicast on, or a firewall drops it.`,
        next: 'Switch off "client isolation", "AP isolation" or "multicast filtering" in the access point; nodes that do not find each other meanwhile are linked by address: kith peers add ADDRESS',
      },
    ];
  });
}

function unheardOn(lan: LanEvidence, { links }: Evidence): Evidence['links'][number]['peer'][] {
  return links
    .filter(
      ({ relayed, address, peer }) => !relayed && lan.contains(hostIn(address)) && !lan.heard.includes(peer),
    )
    .map(({ peer }) => peer);
}

function portClosed(evidence: Evidence): readonly Finding[] {
  return failuresWhere(
    evidence,
    ({ code, osCode }) => code === 'unreachable' && osCode === 'ECONNREFUSED',
    ({ address }) => ({
      code: 'port-closed',
      message: `The machine at ${address} answers, but nothing listens on that port.`,
      next: 'Start kith there, or ask for the address that it prints now (kith status); its port may have changed.',
    }),
  );
}

function noRoute(evidence: Evidence): readonly Finding[] {
  const isAway = (failure: DialFailure): boolean => !isNear(evidence, failure);
  return failuresWhere(
    evidence,
    (failure) =>
      failure.code === 'unreachable' &&
      (failure.osCode === 'ENETUNREACH' || (failure.osCode === 'EHOSTUNREACH' && isAway(failure))),
    ({ address }) => ({
      code: 'no-route',
      message: `From this machine there is no way to the network of ${address}.`,
      next: 'Bring both onto one network (cable, Wi-Fi, VPN), or let a hub that both reach introduce them: kith hubs',
    }),
  );
}

function noAnswer(evidence: Evidence): readonly Finding[] {
  const silent = ['', 'ETIMEDOUT', 'EHOSTUNREACH'];
  return failuresWhere(
    evidence,
    (failure) =>
      failure.code === 'unreachable' &&
      !isThroughHub(failure) &&
      silent.includes(failure.osCode) &&
      !(failure.osCode === 'EHOSTUNREACH' && !isNear(evidence, failure)),
    (failure) =>
      isNear(evidence, failure)
        ? {
            code: 'neighbour-silent',
            message: `The machine at ${failure.address} should be on this network, and does not answer: it is off, its firewall drops what comes, or the access point keeps its clients apart.`,
            next: 'See whether it is on and connected; open its port for TCP; switch off "client isolation" in the access point.',
          }
        : {
            code: 'no-answer',
            message: `Nothing answers at ${failure.address}: the machine is off, or a firewall on the way drops what comes.`,
            next: 'See whether it is on; open the port for TCP in its firewall and router, or let a hub introduce both: kith hubs',
          },
  );
}

function unknownName(evidence: Evidence): readonly Finding[] {
  return failuresWhere(
    evidence,
    ({ osCode }) => osCode === 'ENOTFOUND' || osCode === 'EAI_AGAIN',
    ({ address, osCode }) => ({
      code: 'name-unknown',
      message:
        osCode === 'ENOTFOUND'
          ? `Nobody knows a machine of the name in ${address}.`
          : `The name in ${address} cannot be looked up now: this machine reaches no name server.`,
      next: 'Check its spelling, or use the IP address instead.',
    }),
  );
}

function wrongDevice(evidence: Evidence): readonly Finding[] {
  return failuresWhere(
    evidence,
    ({ code }) => code === 'wrong-peer',
    ({ address }) => ({
      code: 'wrong-device',
      message: `Another device than the expected one answers at ${address}.`,
      next: 'The address was given to another machine: ask for the current one.',
    }),
  );
}

function notKith(evidence: Evidence): readonly Finding[] {
  return failuresWhere(
    evidence,
    ({ code, stage, ownGate, address }) =>
      code === 'link-refused' && !ownGate && stage !== 'handshake' && !address.includes('/p2p-circuit'),
    ({ address }) => ({
      code: 'not-kith',
      message: `What answers at ${address} is no kith node, or takes no more links.`,
      next: 'Check the port: kith status, on the other machine, prints the right one.',
    }),
  );
}

function closedHub(evidence: Evidence): readonly Finding[] {
  return failuresWhere(
    evidence,
    (failure) =>
      isThroughHub(failure) &&
      ['unreachable', 'link-refused'].includes(failure.code) &&
      failure.osCode === '',
    ({ address }) => ({
      code: 'hub-closed',
      message: `The hub in ${address} does not pass this node on to the one behind it: one of them is not linked with the hub, or does not know this device.`,
      next: 'See on both whether the hub is linked: kith hubs',
    }),
  );
}

/** Worth a word, for it may be the one whose node is "not seen". */
function strangers({ knocks, nowMs }: Evidence): readonly Finding[] {
  return knocks
    .filter(({ why, atMs }) => why === 'not-a-member' && nowMs - atMs < DOCTOR.freshMs)
    .map(({ peer, count }) => ({
      code: 'stranger',
      severity: 'notice',
      about: peer.slice(0, 12),
      message: `A device that is no member (${peer.slice(0, 12)}…) tried to link ${count === 1 ? 'once' : `${String(count)} times`}, and was refused.`,
      next: 'If it should be in, invite it: kith invite. If not, nothing has to be done.',
    }));
}

function alone({ state, joining, links, failures, lans }: Evidence): readonly Finding[] {
  if (links.length > 0 || failures.length > 0 || lans?.length === 0) return [];
  if (state === 'empty') {
    if (joining) return [];
    const message = 'This node belongs to no network yet.';
    const next = 'Found one with kith init, or join one with kith join.';
    return [{ code: 'no-network', severity: 'notice', about: 'this node', message, next }];
  }
  const message = 'No other node was found so far.';
  const next =
    'Nodes on this local network find each other by themselves; one that is elsewhere: kith peers add ADDRESS';
  return [{ code: 'alone', severity: 'notice', about: 'this node', message, next }];
}

function isThroughHub({ address }: DialFailure): boolean {
  return address.includes('/p2p-circuit');
}

function isNear({ lans = [] }: Evidence, { address }: DialFailure): boolean {
  return lans.some((lan) => lan.contains(hostIn(address)));
}

/** The IP address in a multiaddr or in host:port; something else where there is none. */
function hostIn(address: string): string {
  const inMultiaddr = /^\/ip[46]\/([^/]+)/.exec(address)?.[1];
  return inMultiaddr ?? /^\[?([\da-f.:]+?)\]?(?::\d+)?$/i.exec(address.trim())?.[1] ?? '';
}

function inWords(offsetMs: number): string {
  const minutes = Math.round(Math.abs(offsetMs) / 60_000);
  const [amount, unit] =
    minutes < 120
      ? [minutes, 'minute']
      : minutes < 48 * 60
        ? [Math.round(minutes / 60), 'hour']
        : [Math.round(minutes / (24 * 60)), 'day'];
  return `${String(amount)} ${unit}${amount === 1 ? '' : 's'} ${offsetMs > 0 ? 'ahead of' : 'behind'}`;
}
