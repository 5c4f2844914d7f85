/** Real nodes in one room: how they get there, and what must hold of what they show, whatever happens to them. */
import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import type { NodeProcess } from '../../scripts/nodes/node-process.ts';
import { until } from '../../scripts/nodes/until.ts';
import { isKithError, type RoomMessage, type RoomStatus } from '../../src/api/contract.ts';

export const ROOM = 'Doctors';
export const ALONE = ['--no-mdns', '--listen', '127.0.0.1:0'];
const PAGE = 200;
const BETWEEN_WRITES_MS = 100;
/** Every fourth one is told only when a majority has it, or has not by then. */
const AWAITED_MS = 2000;

export async function said(node: NodeProcess): Promise<RoomMessage[]> {
  return (await node.call('readRoom', { room: ROOM, limit: PAGE })).messages;
}

export async function statusOf(node: NodeProcess): Promise<RoomStatus> {
  return node.call('room', { room: ROOM });
}

export async function addressOf(node: NodeProcess): Promise<string> {
  return (await node.call('status', {})).listening[0] ?? '';
}

export async function linkAll(nodes: readonly NodeProcess[]): Promise<void> {
  for (const [at, from] of nodes.entries()) for (const to of nodes.slice(at + 1)) await link(from, to);
}

async function link(from: NodeProcess, to: NodeProcess): Promise<void> {
  const number = (await to.call('status', {})).member;
  const { peers } = await from.call('peers', {});
  if (peers.some(({ member }) => member === number)) return;
  try {
    await from.call('addPeer', { address: await addressOf(to) });
  } catch (error) {
    // They found each other at the same moment, and one of the two links went.
    if (!isKithError(error, 'link-refused')) throw error;
  }
}

/** A room of nodes that are members of one network, all of whom count. @param patienceMs for each step. */
export async function assemble(nodes: readonly NodeProcess[], patienceMs?: number): Promise<void> {
  const [founder, ...others] = nodes;
  assert.ok(founder !== undefined);
  const made = await founder.json<RoomStatus>(['room', 'create', ROOM, ...others.map(({ name }) => name)]);
  assert.equal(made.name, ROOM);
  assert.deepEqual([made.quorum, made.voters, made.host], [1, 1, 1], 'whoever founds it counts at once');
  for (const node of others) {
    const isInvited = async (): Promise<boolean> =>
      (await node.call('rooms', {})).rooms.some(({ state }) => state === 'invited');
    await until(`${node.name} is invited`, isInvited, patienceMs);
    await node.call('acceptRoom', { room: ROOM });
  }
  for (const node of nodes)
    await until(
      `${node.name} counts`,
      async () => {
        const { state, voters, host } = await statusOf(node);
        return state === 'active' && voters === nodes.length && host !== null;
      },
      patienceMs,
    );
}

interface Written {
  readonly id: string;
  readonly text: string;
}

/** Remembers what nodes were told and showed: what contradicts it was lost, made up or changed. */
export class RoomRecord {
  readonly #shown = new Map<number, string>();
  readonly #texts = new Map<string, string>();
  #open: Written[] = [];
  #count = 0;
  #confirmed = 0;

  get acknowledged(): number {
    return this.#count;
  }

  /** How many of them were told at once to be confirmed. */
  get confirmed(): number {
    return this.#confirmed;
  }

  /** One after the other, until it is over; a node that is gone meanwhile has promised nothing. */
  async write(node: NodeProcess, what: string, isOver: () => boolean): Promise<void> {
    for (let turn = 0; !isOver(); turn += 1) {
      const text = `${node.name} ${what}.${String(turn)}`;
      const waitMs = turn % 4 === 0 ? AWAITED_MS : 0;
      try {
        const { id, state } = await node.call('postToRoom', { room: ROOM, text, waitMs });
        this.#open.push({ id, text });
        this.#count += 1;
        this.#confirmed += Number(state === 'confirmed');
      } catch (error) {
        if (node.isUp) throw error;
        return;
      }
      await pause(BETWEEN_WRITES_MS);
    }
  }

  /** One message of a node that runs. */
  async say(node: NodeProcess, what: string): Promise<void> {
    const text = `${what}, says ${node.name}`;
    const { id } = await node.call('postToRoom', { room: ROOM, text });
    this.#open.push({ id, text });
    this.#count += 1;
  }

  /** What a screen shows agrees with all that any screen ever showed. @returns the ids of what is confirmed there. */
  async look(node: NodeProcess, atLeast = 0): Promise<ReadonlySet<string>> {
    const confirmed = new Set<string>();
    const waiting = new Set<string>();
    let before: number | null | undefined;
    do {
      const input = { room: ROOM, limit: PAGE, ...(typeof before === 'number' ? { before } : {}) };
      const page = await node.call('readRoom', input);
      for (const message of page.messages) {
        const { id } = message;
        // Between two pages it may have been confirmed.
        assert.ok(!confirmed.has(id), `${node.name} shows ${id} twice`);
        (message.state === 'confirmed' ? confirmed : waiting).add(id);
        this.#agrees(node, message);
      }
      before = page.before;
    } while (before !== null && confirmed.size < atLeast);
    return confirmed;
  }

  #agrees(node: NodeProcess, { index, id, text, state }: RoomMessage): void {
    if (!text.startsWith('(sealed')) {
      assert.equal(this.#texts.get(text) ?? id, id, `${node.name} shows “${text}” as another message`);
      this.#texts.set(text, id);
    }
    if (state !== 'confirmed' || index === null) return;
    assert.equal(this.#shown.get(index) ?? id, id, `${node.name} shows another message at ${String(index)}`);
    this.#shown.set(index, id);
  }

  /** All that was acknowledged since this was asked last is confirmed and readable everywhere, in one order. */
  async settle(nodes: readonly NodeProcess[], patienceMs?: number): Promise<void> {
    const open = this.#open.splice(0);
    for (const node of nodes)
      await until(
        `${node.name} has all of ${String(open.length)}`,
        async () => {
          const confirmed = await this.look(node, 2 * open.length);
          const missing = open.find(({ id }) => !confirmed.has(id));
          if (missing !== undefined) throw new Error(`not yet: ${missing.text}`);
          return true;
        },
        patienceMs,
      );
    for (const { id, text } of open) assert.equal(this.#texts.get(text), id, `“${text}” can be read`);
  }
}
