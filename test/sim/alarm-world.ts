/** Nodes with alarms on a network that delays, breaks off, splits and takes nodes down; one seed, one run. And what must hold. */
import assert from 'node:assert/strict';
import type { Ack, AlertBody, AlertId } from '../../src/alarms/types.ts';
import { alertFromWords, cancelWithWords, updateFromWords } from '../../src/alarms/making.ts';
import { encodeAlarmMessage } from '../../src/alarms/channel-wire.ts';
import { ALERT_KIND, encodeAlert } from '../../src/alarms/wire.ts';
import type { Alarm } from '../../src/alarms/fold.ts';
import type { Role } from '../../src/identity/roles.ts';
import { FAST_SIGNATURES, LogWorld } from '../support/log-world.ts';
import { AlarmNode, type AlarmMutant, type Wire } from './alarm-node.ts';
import { SeededRng } from './rng.ts';
import { SimTimers } from './sim-timers.ts';

const TICK_MS = 1000;
const STORY_MS = 60_000;
const REST_MS = 45_000;
/** A node at rest says no more than its summaries. */
const FRAMES_PER_LINK_AT_REST = 40;

interface SimLink {
  readonly nodes: readonly [AlarmNode, AlarmNode];
  readonly name: string;
  isOpen: boolean;
}

const WORDS = { afterMs: 0, to: [] };

export class AlarmWorld implements Wire {
  readonly timers = new SimTimers();
  readonly rng: SeededRng;
  readonly nodes: AlarmNode[] = [];
  readonly #links = new Map<string, SimLink>();
  /** Pairs that cannot reach each other. */
  readonly #blocked = new Set<string>();
  /** What people did: the truth that no claim may go beyond. */
  readonly raised = new Map<AlertId, AlarmNode>();
  readonly entitledCancels = new Set<AlertId>();
  readonly forbidden: { readonly id: AlertId; readonly alarm: AlertId }[] = [];
  readonly seen = new Set<string>();
  /** `alert device`, once any node was told that this device has it. */
  readonly #said = new Set<string>();
  frames = 0;
  #nextLink = 0;
  #storyIsOver = false;

  constructor(seed: number, mutant: AlarmMutant = {}) {
    this.rng = new SeededRng(seed);
    const world = new LogWorld({ seed, signatures: FAST_SIGNATURES });
    const roles: Role[] = ['admin', 'member', 'member', 'reader'];
    for (let more = this.rng.below(4); more > 0; more -= 1)
      roles.push(this.rng.pick(['member', 'reader']) ?? 'member');
    const people = [world.founder, ...roles.map((role, at) => world.admit(`n${String(at + 1)}`, role))];
    people.forEach((who, at) => {
      this.nodes.push(new AlarmNode(at, who, this.timers, this.rng.fork(), this, mutant));
    });
    // Everybody knows the same roll; alarms are what this world is about.
    for (const node of this.nodes)
      for (const { info } of world.founder.log.feeds())
        node.log.receive(world.founder.runFor(node.who, info.id, 1, 1e6));
    for (const node of this.nodes) {
      this.#ticking(node);
      if (this.rng.chance(20)) node.clock.jump(this.rng.between(-3, 3) * 60_000);
    }
    for (let at = 1; at < this.nodes.length; at += 1) this.#want(this.rng.below(at), at);
  }

  // ---- the network

  deliver(from: AlarmNode, peer: string, frame: Uint8Array): void {
    const link = this.#links.get(peer);
    if (link?.isOpen !== true) return;
    this.frames += 1;
    const to = other(link, from);
    // One delay a link and direction, so that frames keep their order.
    this.timers.after(5 + ((from.index * 7 + to.index * 13) % 40), () => {
      if (!link.isOpen || !to.isUp) return;
      to.desk.driver.frame(peer, frame);
    });
  }

  cut(_: AlarmNode, peer: string): void {
    const link = this.#links.get(peer);
    if (link !== undefined) this.#break(link);
  }

  nodeAt(from: AlarmNode, peer: string): AlarmNode | undefined {
    const link = this.#links.get(peer);
    return link === undefined ? undefined : other(link, from);
  }

  #want(a: number, b: number): void {
    const [one, two] = [this.nodes[a], this.nodes[b]];
    if (one === undefined || two === undefined || one === two) return;
    if (!one.isUp || !two.isUp || this.#blocked.has(pair(one, two))) return;
    if (
      [...this.#links.values()].some(
        (link) => link.isOpen && link.nodes.includes(one) && link.nodes.includes(two),
      )
    )
      return;
    this.#nextLink += 1;
    const link: SimLink = { nodes: [one, two], name: `link ${String(this.#nextLink)}`, isOpen: true };
    this.#links.set(link.name, link);
    for (const node of link.nodes) node.desk.driver.handle({ type: 'opened', peer: link.name });
  }

  #break(link: SimLink): void {
    if (!link.isOpen) return;
    link.isOpen = false;
    this.#links.delete(link.name);
    for (const node of link.nodes)
      if (node.isUp) node.desk.driver.handle({ type: 'closed', peer: link.name });
  }

  #ticking(node: AlarmNode): void {
    this.timers.after(TICK_MS, () => {
      if (node.isUp) node.desk.tick(this.timers.nowMs);
      this.#ticking(node);
    });
  }

  // ---- the story

  /** @throws AssertionError with the seed's story where something does not hold. */
  play(): void {
    for (let atMs = 0; atMs < STORY_MS; atMs += 400)
      this.timers.after(atMs, () => {
        this.#happens();
      });
    this.#run(STORY_MS);
    this.#heal();
    this.#run(REST_MS);
    this.#storyIsOver = true;
    this.frames = 0;
    this.#run(20_000);
    const links = [...this.#links.values()].filter(({ isOpen }) => isOpen).length;
    assert.ok(
      this.frames <= FRAMES_PER_LINK_AT_REST * links,
      `it comes to rest: ${String(this.frames)} frames`,
    );
    this.mustAgree();
  }

  #run(forMs: number): void {
    const untilMs = this.timers.nowMs + forMs;
    while (this.timers.step(untilMs)) if (this.frames > 200_000) assert.fail('frames without end');
  }

  #happens(): void {
    const node = this.rng.pick(this.nodes);
    if (node === undefined || this.#storyIsOver) return;
    const dice = this.rng.below(100);
    if (dice < 12) this.#raise(node);
    else if (dice < 24) this.#change(node);
    else if (dice < 30) this.#changeUnasked(node);
    else if (dice < 50) this.#see(node);
    else if (dice < 55) this.#forge(node);
    else if (dice < 75) this.#want(this.rng.below(this.nodes.length), node.index);
    else if (dice < 85) this.#breakOne();
    else if (dice < 90) this.#split();
    else if (node.isUp) this.#crash(node);
  }

  #raise(node: AlarmNode): void {
    if (!node.isUp || !mayWrite(node)) return;
    const restricted = this.rng.chance(25);
    const said = alertFromWords(
      { text: `alarm ${String(this.raised.size)}` },
      node.who.name,
      this.rng.chance(20),
      restricted,
      WORDS,
    );
    const alarm = node.desk.raise(said, restricted ? 'members' : 'public');
    this.raised.set(alarm.id, node);
  }

  #known(node: AlarmNode): Alarm | undefined {
    return node.isUp
      ? this.rng.pick(node.desk.alarms(100).filter(({ cancelled }) => cancelled === undefined))
      : undefined;
  }

  #change(node: AlarmNode): void {
    const alarm = this.#known(node);
    if (alarm === undefined || !mayWrite(node) || !isEntitled(node, alarm)) return;
    if (this.rng.chance(70))
      node.desk.change(alarm, 'Update', updateFromWords(alarm, { text: 'newer' }, node.who.name));
    else {
      node.desk.change(alarm, 'Cancel', cancelWithWords(alarm, 'over'));
      this.entitledCancels.add(alarm.id);
    }
  }

  /** Somebody writes with a kith of his own what his kith would have refused. */
  #changeUnasked(node: AlarmNode): void {
    const alarm = this.#known(node);
    if (alarm === undefined || !mayWrite(node) || isEntitled(node, alarm)) return;
    const said = cancelWithWords(alarm, 'all is well');
    const body: AlertBody = { ...said, msgType: 'Cancel', alarm: alarm.id, follows: alarm.current.id };
    const parts = [{ audience: alarm.root.audience, payload: encodeAlert(body) }];
    const [entry] = node.log.append([{ kind: ALERT_KIND, lane: 'urgent', parts }]);
    if (entry !== undefined) this.forbidden.push({ id: entry.hash, alarm: alarm.id });
  }

  #see(node: AlarmNode): void {
    const alarm = this.#known(node);
    if (alarm === undefined) return;
    this.seen.add(`${alarm.current.id} ${node.who.device}`);
    node.desk.see(alarm);
  }

  /** Claims in another device's name. */
  #forge(node: AlarmNode): void {
    const alarm = this.#known(node);
    const victim = this.rng.pick(this.nodes);
    const link = [...this.#links.values()].find(({ isOpen, nodes }) => isOpen && nodes.includes(node));
    if (alarm === undefined || victim === undefined || victim === node || link === undefined) return;
    const ack: Ack = {
      alert: alarm.current.id,
      device: victim.who.device,
      state: 'seen',
      atMs: 1,
      signature: this.rng.bytes(64),
    };
    this.deliver(node, link.name, encodeAlarmMessage({ type: 'acks', acks: [ack] }));
  }

  #breakOne(): void {
    const link = this.rng.pick([...this.#links.values()]);
    if (link !== undefined) this.#break(link);
  }

  #split(): void {
    const away = new Set(this.rng.shuffled(this.nodes).slice(0, this.rng.between(1, this.nodes.length - 1)));
    for (const one of this.nodes)
      for (const two of this.nodes) if (away.has(one) !== away.has(two)) this.#blocked.add(pair(one, two));
    for (const link of [...this.#links.values()])
      if (this.#blocked.has(pair(...link.nodes))) this.#break(link);
    this.timers.after(this.rng.between(2000, 15_000), () => {
      this.#blocked.clear();
    });
  }

  #crash(node: AlarmNode): void {
    node.crash();
    for (const said of this.#said) {
      const [alert = '', device = ''] = said.split(' ');
      if (device === node.who.device)
        assert.ok(node.alerts.has(alert as AlertId), 'what a node said to have outlasts a power cut');
    }
    for (const link of [...this.#links.values()]) if (link.nodes.includes(node)) this.#break(link);
    this.timers.after(this.rng.between(500, 10_000), () => {
      if (!node.isUp) node.restart();
    });
  }

  /** Everybody is back, in a chain: no two that have no neighbour between them hear each other. */
  #heal(): void {
    this.#storyIsOver = true;
    this.#blocked.clear();
    for (const node of this.nodes) if (!node.isUp) node.restart();
    for (const link of [...this.#links.values()]) this.#break(link);
    const order = this.rng.shuffled(
      this.nodes.map(({ index }) => index).filter((index) => this.#isTierOne(index)),
    );
    const readers = this.nodes.map(({ index }) => index).filter((index) => !this.#isTierOne(index));
    order.forEach((index, at) => {
      this.#want(order[at - 1] ?? index, index);
    });
    // A reader holds no parts for members, so between two members it would stand in their way.
    for (const reader of readers) this.#want(this.rng.pick(order) ?? 0, reader);
  }

  #isTierOne(index: number): boolean {
    const node = this.nodes[index];
    return node !== undefined && mayWrite(node);
  }

  // ---- what must hold

  /** At every moment: nobody is said to have or to have seen what it has not. */
  kept({ alert, device, state }: Ack): void {
    const claimed = this.nodes.find(({ who }) => who.device === device);
    assert.ok(claimed !== undefined, 'an acknowledgement is of a device that is in');
    assert.ok(claimed.alerts.has(alert), `${claimed.who.name} is said to have ${alert}`);
    this.#said.add(`${alert} ${device}`);
    if (state === 'seen')
      assert.ok(this.seen.has(`${alert} ${device}`), `${claimed.who.name} is said to have seen ${alert}`);
  }

  /** At rest: all hold the same, and it is what people did. */
  mustAgree(): void {
    for (const node of this.nodes) {
      const held = new Map(node.desk.alarms(1000).map((alarm) => [alarm.id, alarm]));
      for (const [id, raiser] of this.raised) {
        const truth = raiser.desk.alarm(id);
        assert.ok(truth !== undefined, 'whoever raised it has it');
        if (truth.root.audience === 'members' && !mayWrite(node)) {
          assert.ok(!held.has(id), 'a reader holds nothing for members');
          continue;
        }
        const alarm = held.get(id);
        assert.ok(alarm !== undefined, `${node.who.name} has ${id}`);
        assert.equal(alarm.current.id, truth.current.id, 'all are told the same');
        assert.equal(
          alarm.cancelled !== undefined,
          this.entitledCancels.has(id),
          'an entitled cancel, and no other one',
        );
        const refused = alarm.refused.map(({ message }) => message.id).sort();
        assert.deepEqual(
          refused,
          this.forbidden
            .filter(({ alarm: of }) => of === id)
            .map((one) => one.id)
            .sort(),
        );
        for (const message of [alarm.current, ...(alarm.cancelled === undefined ? [] : [alarm.cancelled])])
          assert.deepEqual(
            namesOf(node.acks.of(message.id)),
            namesOf(raiser.acks.of(message.id)),
            'acks converge',
          );
        const { told } = node.desk.state(alarm);
        assert.ok(
          told.every(({ receivedMs }) => receivedMs !== undefined),
          'nobody is missing',
        );
      }
    }
    for (const seen of this.seen) {
      const [alert = '', device = ''] = seen.split(' ');
      const own = this.nodes.find(({ who }) => who.device === device);
      const acks = own?.acks.of(alert as AlertId) ?? [];
      assert.ok(
        acks.some((ack) => ack.device === device && ack.state === 'seen'),
        'what somebody has seen stays seen',
      );
    }
  }
}

function namesOf(acks: readonly Ack[]): string[] {
  return acks.map(({ device, state }) => `${device} ${state}`).sort();
}

function other({ nodes }: SimLink, node: AlarmNode): AlarmNode {
  return nodes[0] === node ? nodes[1] : nodes[0];
}

function pair(a: AlarmNode, b: AlarmNode): string {
  return a.index < b.index
    ? `${String(a.index)} ${String(b.index)}`
    : `${String(b.index)} ${String(a.index)}`;
}

function mayWrite(node: AlarmNode): boolean {
  const role = node.standingOf(node)?.role;
  return role === 'admin' || role === 'member';
}

function isEntitled(node: AlarmNode, alarm: Alarm): boolean {
  return node.standingOf(node)?.role === 'admin' || alarm.root.author.member === node.who.member;
}
