/** A few whole services over the transport's twin in memory: what crosses presence, relay and conduct at once. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { utf8, fromUtf8 } from '../../base/bytes.ts';
import { silentLogger, type Clock } from '../../base/ports.ts';
import type { LinkKey } from '../../base/ids.ts';
import { createSigner, createVerifier } from '../../identity/signing.ts';
import { ManualTimers } from '../../../test/sim/manual-timers.ts';
import { MemoryNetwork, type MemoryTransport } from '../../../test/sim/memory-transport.ts';
import { SeededRng } from '../../../test/sim/rng.ts';
import { MeshService, PRESENCE_CHANNEL } from './service.ts';

interface Node {
  readonly mesh: MeshService;
  readonly transport: MemoryTransport;
  readonly self: LinkKey;
  /** Where others were reached, as it would be kept on disk, and whether as neighbours. */
  readonly remembered: Map<LinkKey, { addresses: readonly string[]; isNeighbour: boolean }>;
}

class Stage {
  readonly timers = new ManualTimers();
  readonly network = new MemoryNetwork({ timers: this.timers });
  readonly clock: Clock = {
    nowMs: () => 1_790_000_000_000 + this.timers.nowMs,
    monotonicMs: () => this.timers.nowMs,
  };
  readonly #verifier = createVerifier();
  readonly #rng = new SeededRng(3);

  /** Its device key is its link key: all that the roll would say. */
  async node(): Promise<Node> {
    const signer = createSigner(this.#rng.bytes(32));
    const self = signer.key as LinkKey;
    const remembered: Node['remembered'] = new Map();
    const made: { mesh?: MeshService } = {};
    const gate = { mayLink: (peer: LinkKey) => made.mesh?.conduct.isCut(peer) !== true };
    const transport = this.network.transport({ self, gate });
    await transport.start();
    const mesh = new MeshService({
      transport,
      clock: this.clock,
      timers: this.timers,
      rng: this.#rng.fork(),
      logger: silentLogger,
      epoch: 1,
      sign: (purpose, message) => signer.sign(purpose, message),
      verify: (node, purpose, message, signature) =>
        this.#verifier.verify(node, purpose, message, signature) ? 'good' : 'bad',
      facts: () => ({ capacity: { min: 4, max: 8 }, addresses: [transport.place], entries: 0, rollHead: '' }),
      mayLink: () => true,
      isArriving: () => false,
      remember: (peer, addresses, isNeighbour) => void remembered.set(peer, { addresses, isNeighbour }),
    });
    made.mesh = mesh;
    return { mesh, transport, self, remembered };
  }

  async pass(forMs: number): Promise<void> {
    for (let passedMs = 0; passedMs < forMs; passedMs += 100) {
      this.timers.advance(100);
      for (let turns = 0; turns < 3; turns += 1) await turn();
    }
  }
}

async function row(): Promise<{ readonly stage: Stage; readonly nodes: readonly [Node, Node, Node] }> {
  const stage = new Stage();
  const nodes = [await stage.node(), await stage.node(), await stage.node()] as const;
  const [a, b, c] = nodes;
  stage.network.cut(a.self, c.self);
  for (const { mesh } of nodes) mesh.start();
  a.mesh.tell({ type: 'given', address: b.transport.place });
  c.mesh.tell({ type: 'given', address: b.transport.place });
  await stage.pass(3000);
  return { stage, nodes };
}

describe('three nodes in a row', () => {
  it('know each other, and the way', async () => {
    const { nodes } = await row();
    const [a, b, c] = nodes;
    assert.deepEqual(a.mesh.pathTo(c.self), [a.self, b.self, c.self]);
    for (const { mesh } of nodes) {
      assert.deepEqual(
        mesh.map().map(({ status }) => status),
        ['here', 'here', 'here'],
      );
    }
  });

  it('remember where all are, those who were dialled and those who only heard of each other', async () => {
    const { nodes } = await row();
    const [a, b, c] = nodes;
    const at = ({ transport: { place } }: Node, isNeighbour: boolean): unknown => ({
      addresses: [place],
      isNeighbour,
    });
    assert.deepEqual(a.remembered.get(b.self), at(b, true));
    assert.deepEqual(b.remembered.get(a.self), at(a, true), 'though it never dialled');
    assert.deepEqual(a.remembered.get(c.self), at(c, false));
  });

  it('pass small messages on for each other, to the right topic, each once', async () => {
    const { stage, nodes } = await row();
    const [a, b, c] = nodes;
    const heard: string[] = [];
    c.mesh.relay.on('vote', (from, body) => heard.push(`${from === a.self ? 'a' : '?'} ${fromUtf8(body)}`));
    assert.equal(a.mesh.relay.send(c.self, 'vote', utf8('yes')), true);
    assert.equal(a.mesh.relay.send(c.self, 'other', utf8('no')), true);
    await stage.pass(500);
    assert.deepEqual(heard, ['a yes']);
    assert.equal(b.mesh.relay.counts.relayed, 2);
    assert.throws(() => a.mesh.relay.send(c.self, 'vote', new Uint8Array(5000)), { code: 'too-large' });
  });

  it('hear who went, and whether it said good-bye', async () => {
    const { stage, nodes } = await row();
    const [a, b, c] = nodes;
    let news = 0;
    a.mesh.watch(() => (news += 1));
    c.mesh.rest();
    await stage.pass(1000);
    assert.equal(a.mesh.statusOf(c.self), 'left');
    assert.ok(news > 0);
    const heardMs = a.mesh.lastHeardMs(c.self);
    assert.ok(heardMs !== undefined && heardMs < stage.clock.nowMs());
    stage.network.crash(b.self);
    await stage.pass(10_000);
    assert.equal(a.mesh.statusOf(b.self), 'dead');
    assert.equal(a.transport.links().length, 0);
  });

  it('cut off a neighbour that sends bytes without sense, and say why', async () => {
    const { stage, nodes } = await row();
    const [, b, c] = nodes;
    for (let tries = 0; tries < 8 && !b.mesh.conduct.isCut(c.self); tries += 1) {
      const link = c.transport.links().find(({ peer }) => peer === b.self);
      const channel = await Promise.race([
        link?.open(PRESENCE_CHANNEL),
        stage.pass(200).then(() => undefined),
      ]);
      channel?.send(utf8('nonsense'));
      await stage.pass(1500);
    }
    const [culprit] = b.mesh.conduct.list();
    assert.equal(culprit?.standing, 'cut');
    assert.match(culprit.reason, /^presence: /);
    await stage.pass(5000);
    assert.ok(
      b.transport.links().every(({ peer }) => peer !== c.self),
      'and it does not come back meanwhile',
    );
  });
});
