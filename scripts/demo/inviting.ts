import type { Joined } from '../../src/api/contract.ts';
import type { NodeProcess } from '../nodes/node-process.ts';
import type { Chapter, Person, Play } from './play.ts';

/** How long a node looks for others by itself before it is given an address. */
const LOOKING_MS = 10_000;

/** Three are let in by link, one by a code that is read aloud. */
export const inviting: Chapter = {
  title: 'The others are invited: three by a link, one by twelve digits read aloud',
  async perform(play) {
    for (const person of ['Ben', 'Cho', 'Dao'] as const) await byLink(play, person);
    await byCode(play, 'Eli');
    await play.type('Ada', 'members');
  },
};

async function byLink(play: Play, person: Person): Promise<void> {
  const link = await play.type('Ada', 'invite', '--name', person);
  const { took } = await play.measured(() => play.type(person, 'join', link.trim(), '--as', person));
  play.tell(`${person} is in after ${took}. The link is used up; whoever finds it now is refused.`);
}

async function byCode(play: Play, person: Person): Promise<void> {
  const code = (await play.type('Ada', 'invite', '--code')).replace(/\D/g, '');
  const { value, took } = await play.measured(() => join(play, play.node(person), code));
  play.tell(
    `${person} types them in. No address is in a code: the node looked for Ada’s ${value.how}, proved that it knows the digits without sending them, and is member ${String(value.joined.member)} after ${took}.`,
  );
}

async function join(play: Play, node: NodeProcess, code: string): Promise<{ joined: Joined; how: string }> {
  const joined = await ask(node, code, AbortSignal.timeout(LOOKING_MS));
  if (joined !== undefined) return { joined, how: 'on the local network' };
  const [address = ''] = (await play.status('Ada')).listening;
  play.tell(`Multicast does not pass here, so ${node.name} is told Ada’s address as well.`);
  await node.call('addPeer', { address });
  const told = await ask(node, code, new AbortController().signal);
  if (told === undefined) throw new Error(`${node.name} was not let in`);
  return { joined: told, how: 'at that address' };
}

/** @returns undefined when nobody let it in before `signal` aborted. */
async function ask(node: NodeProcess, invitation: string, signal: AbortSignal): Promise<Joined | undefined> {
  for await (const step of node.client.lines('join', { invitation, name: node.name }, signal)) {
    if (step.step === 'joined') return step;
  }
  return undefined;
}
