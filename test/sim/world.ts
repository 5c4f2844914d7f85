/** Nodes, network, time and checkers of one run; what a scenario or a random workload is played in. */
import { HybridClock } from '../../src/base/hlc.ts';
import type { DeviceKey, InviteKey, MemberId } from '../../src/base/ids.ts';
import { utf8 } from '../../src/base/bytes.ts';
import type { ActBody } from '../../src/identity/acts.ts';
import { signDeviceConsent, signRequest } from '../../src/identity/request.ts';
import type { Role } from '../../src/identity/roles.ts';
import { foundNetwork } from '../../src/log/found.ts';
import type { Draft, Entry } from '../../src/log/types.ts';
import { Checks } from './checkers.ts';
import { SeededRng } from './rng.ts';
import { SimClock } from './sim-clock.ts';
import { simKeys, simSigner } from './sim-crypto.ts';
import { SimNetwork, type Faults } from './sim-network.ts';
import { SimNode, type SimNodeDeps } from './sim-node.ts';
import { SimTimers } from './sim-timers.ts';

export const CALM: Faults = {
  minDelayMs: 1,
  maxDelayMs: 40,
  lossPer10k: 0,
  chaos: false,
  windowBytes: 64 * 1024,
};

/** No small world says more than this, whatever happens to it: some forty times what is usual. */
const MOST_FRAMES = 20_000;

export class World {
  readonly rng: SeededRng;
  readonly timers = new SimTimers();
  readonly network: SimNetwork;
  readonly checks: Checks;
  readonly nodes: SimNode[] = [];
  readonly founder: SimNode;
  readonly #serveBytes: number;
  readonly #projections: SimNodeDeps['projections'];
  events = 0;
  /** A whole inspection of all stores every so many events; 0: at the end only. */
  inspectEvery = 0;

  constructor(
    seed: number,
    faults: Faults = CALM,
    serveBytes = Infinity,
    projections?: SimNodeDeps['projections'],
  ) {
    this.#projections = projections;
    this.rng = new SeededRng(seed);
    this.network = new SimNetwork(this.timers, this.rng.fork(), { ...faults });
    this.checks = new Checks(this.rng.fork());
    this.#serveBytes = serveBytes;
    this.founder = this.#found();
  }

  #found(): SimNode {
    const keys = simKeys(this.rng);
    const incarnation = '00'.repeat(16);
    const clock = new HybridClock(new SimClock(() => 0));
    const founding = foundNetwork({ clock, rng: this.rng, signer: keys.device }, incarnation, {
      network: 'sim',
      certificate: keys.certificate,
      profile: { name: 'n0', org: '', place: '' },
    });
    const node = this.#add({ name: 'n0', keys, incarnation, networkId: founding.network });
    node.log.receive(founding.run);
    return node;
  }

  #add(deps: Pick<SimNode['deps'], 'name' | 'keys' | 'networkId'> & { incarnation?: string }): SimNode {
    const { network, checks, rng } = this;
    const node = new SimNode({
      ...deps,
      network,
      watcher: checks,
      rng: rng.fork(),
      serveBytes: this.#serveBytes,
      ...(this.#projections === undefined ? {} : { projections: this.#projections }),
    });
    this.nodes.push(node);
    return node;
  }

  // ---- members

  /** An admin's node invites and admits a new node. Undefined when it may not. */
  admit(admin: SimNode, role: Role): SimNode | undefined {
    const keys = simKeys(this.rng);
    const invite = simSigner(this.rng);
    const name = `n${String(this.nodes.length)}`;
    const { network } = admin.log;
    const invitation = {
      kind: 'invite',
      invite: invite.key as InviteKey,
      role,
      name,
      uses: 1,
      form: 'link',
    } as const;
    const request = signRequest(network, { invite, device: keys.device }, keys.certificate, {
      name,
      org: '',
      place: '',
    });
    const number = Math.max(0, ...[...admin.log.membership.members.values()].map((m) => m.number)) + 1;
    const expiresMs = Math.floor(admin.clock.nowMs()) + 500_000_000_000;
    if (!this.act(admin, { ...invitation, expiresMs })) return undefined;
    if (!this.act(admin, { kind: 'admit', ...request, number })) return undefined;
    const node = this.#add({ name, keys, networkId: network });
    this.network.want(admin.index, node.index);
    return node;
  }

  /** A node links a further device of its member. */
  link(node: SimNode): SimNode | undefined {
    const keys = simKeys(this.rng);
    const { network } = node.log;
    const member = node.memberId;
    const consent = signDeviceConsent(network, member, keys.certificate, keys.device);
    if (!this.act(node, { kind: 'device', member, certificate: keys.certificate, consent })) return undefined;
    const linked = this.#add({ name: `${node.name}+${String(this.nodes.length)}`, keys, networkId: network });
    this.network.want(node.index, linked.index);
    return linked;
  }

  revoke(by: SimNode, member: MemberId): boolean {
    const devices = by.log.membership.members.get(member)?.devices ?? [];
    return this.act(by, {
      kind: 'revoke',
      target: { scope: 'member', member },
      cuts: by.log.cutsOf(devices),
    });
  }

  revokeDevice(by: SimNode, device: DeviceKey): boolean {
    return this.act(by, {
      kind: 'revoke',
      target: { scope: 'device', device },
      cuts: by.log.cutsOf([device]),
    });
  }

  setRole(by: SimNode, member: MemberId, role: Role): boolean {
    const devices = by.log.membership.members.get(member)?.devices ?? [];
    const cuts = role === 'admin' || role === 'member' ? [] : by.log.cutsOf(devices);
    return this.act(by, { kind: 'role', member, role, cuts });
  }

  // ---- writing

  act(node: SimNode, body: ActBody): boolean {
    return node.tryTo(() => {
      const { feed, seq } = node.log.act(body);
      const entry = node.log.entryAt(feed, seq);
      if (entry !== undefined) node.acknowledge([entry]);
    });
  }

  write(node: SimNode, drafts: readonly Draft[]): readonly Entry[] {
    let entries: readonly Entry[] = [];
    node.tryTo(() => {
      entries = node.log.append(drafts);
      node.acknowledge(entries);
    });
    return entries;
  }

  note(node: SimNode, text: string, audience = 'members'): Entry | undefined {
    return this.write(node, [{ kind: 'note', lane: 'data', parts: [{ audience, payload: utf8(text) }] }])[0];
  }

  // ---- time

  /** @throws Violation at the first event that breaks a rule. */
  runFor(ms: number): void {
    const endMs = this.timers.nowMs + ms;
    while (this.timers.step(endMs)) {
      this.events += 1;
      if (this.network.frames > MOST_FRAMES) this.checks.fail('no storm', `${String(MOST_FRAMES)} frames`);
      this.settle();
      if (this.inspectEvery > 0 && this.events % this.inspectEvery === 0) this.inspectAll();
    }
  }

  settle(): void {
    this.checks.afterEvent();
    this.throwIfViolated();
  }

  throwIfViolated(): void {
    if (this.checks.violation !== undefined) throw this.checks.violation;
  }

  inspectAll(): void {
    for (const node of this.nodes) this.checks.inspect(node);
    this.throwIfViolated();
  }

  wantAll(nodes: readonly SimNode[] = this.nodes): void {
    for (const a of nodes) for (const b of nodes) if (a.index < b.index) this.network.want(a.index, b.index);
  }

  /** Who can reach each other, the largest group first. */
  groups(nodes: readonly SimNode[] = this.nodes): SimNode[][] {
    const open = this.network.open();
    const left = new Set(nodes);
    const groups: SimNode[][] = [];
    for (const start of nodes) {
      if (!left.delete(start)) continue;
      const group = [start];
      for (const node of group) {
        for (const [a, b] of open) {
          const other = a === node.index ? b : b === node.index ? a : undefined;
          const next = nodes.find(({ index }) => index === other);
          if (next !== undefined && left.delete(next)) group.push(next);
        }
      }
      groups.push(group);
    }
    return groups.sort((a, b) => b.length - a.length);
  }

  /** Everything must have come to rest and to agreement by now. */
  mustBeAtRest(nodes: readonly SimNode[] = this.nodes): void {
    const { frames } = this.network;
    this.runFor(30_000);
    // Parts that nobody can give are asked for again ever more rarely.
    if (this.network.frames - frames > 20 * nodes.length) {
      this.checks.fail(
        'who is in step is silent',
        `${String(this.network.frames - frames)} frames in half a minute at rest`,
      );
    }
    this.network.giveUpOnWhoRefuses();
    this.runFor(10_000);
    this.inspectAll();
    const groups = this.groups(nodes);
    for (const group of groups) this.checks.converged(group);
    this.checks.leavesNobodyOut(groups);
    this.throwIfViolated();
  }

  byName(name: string): SimNode | undefined {
    return this.nodes.find((node) => node.name === name);
  }
}
