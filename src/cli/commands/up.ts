import { InvalidArgumentError, Option } from 'commander';
import { isKithError, type NodeEvent, type Status } from '../../api/contract.ts';
import type { Client } from '../client.ts';
import { examples, type AddCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { firstRun } from '../first-run.ts';
import { alarmSentence } from './alarm/lines.ts';
import { sayQr } from '../qr.ts';
import { called, counted, pairs } from '../render.ts';
import type { Purpose, RunningNode } from '../start-node.ts';

interface UpOptions {
  readonly listen?: readonly string[];
  readonly peer?: readonly string[];
  readonly hub?: boolean;
  readonly mdns: boolean;
  readonly apiPort?: number;
  readonly desk?: string;
  readonly temporary?: Purpose;
}

export const addUp: AddCommand = (program, run) => {
  program
    .command('up')
    .summary('run the node here, in the foreground')
    .description(
      'Runs the node in the foreground, until Ctrl-C. On an empty data folder it asks what to begin with.',
    )
    .option('--listen <address...>', 'listen for other nodes on this address (port 0: any free one)')
    .option('--peer <address...>', 'keep trying to reach a node at this address')
    .option('--hub', 'this node is reachable from outside: introduce nodes to each other and relay')
    .option('--no-mdns', 'do not look for nodes on the local network')
    .option('--api-port <port>', 'port of the API on 127.0.0.1 (0: any free one)', parsePort)
    .option('--desk <address>', 'let phones on the Wi-Fi look for people here with their browser (:8080)')
    .addOption(new Option('--temporary <purpose>').choices(['offline', 'joining']).hideHelp())
    .addHelpText(
      'after',
      examples(
        ['kith up', 'run the node'],
        ['kith up --listen :5484', 'listen on port 5484 of every interface'],
        ['kith up --peer 192.168.1.20:5484', 'and reach a node that cannot be found by itself'],
        ['kith up --desk :8080', 'and let phones on the Wi-Fi look for people'],
      ),
    )
    .action(run<UpOptions>(up));
};

async function up(context: Context, options: UpOptions): Promise<void> {
  const node = await context.deps.up({
    data: context.data,
    listen: options.listen ?? [],
    peers: options.peer ?? [],
    hub: options.hub === true,
    mdns: options.mdns,
    apiPort: options.apiPort,
    desk: options.desk,
    temporary: options.temporary,
  });
  const release = stopWhenAsked(context, node);
  const ended = new AbortController();
  const end = node.ended.finally(() => {
    ended.abort();
  });
  try {
    await Promise.race([attend(context, node, options, ended.signal), end]);
    await end;
    context.out.say('Stopped.');
  } catch (error) {
    node.stop();
    await end;
    // The node stopped while it was being asked something: that is no failure.
    if (!isKithError(error, 'node-gone') && !isKithError(error, 'no-node')) throw error;
  } finally {
    release();
    context.terminal.stdin.pause();
  }
}

/** One Ctrl-C reaches us twice where npm passes it on as well; within this time it counts as one. */
const SAME_PRESS_MS = 1000;

/** Asked once, the node stops in order; asked again, the process ends as it is: what was promised is on disk. */
function stopWhenAsked({ out, terminal }: Context, node: RunningNode): () => void {
  let askedMs: number | undefined;
  return terminal.onEndAsked(() => {
    if (askedMs !== undefined) {
      if (terminal.nowMs() - askedMs > SAME_PRESS_MS) terminal.exitNow(130);
      return;
    }
    askedMs = terminal.nowMs();
    out.say('Stopping … (once more to stop at once)');
    node.stop();
  });
}

async function attend(
  context: Context,
  node: RunningNode,
  options: Pick<UpOptions, 'temporary' | 'hub'>,
  ended: AbortSignal,
): Promise<void> {
  const { temporary } = options;
  const client = await context.client();
  await unlockFromEnvironment(context, client, temporary !== undefined);
  const status = await client.call('status', {});
  context.out.value({
    ...status,
    api: { socket: node.socket ?? null, url: node.url ?? null, tokenFile: node.tokenFile },
    desk: node.deskUrls,
  });
  if (temporary !== undefined) {
    stopWithInput(context, node);
    return;
  }
  describe(context, node, status);
  if (context.prompt.possible) await converse(context, client, node, ended);
  else advise(context, status);
  if (options.hub === true) await adviseHub(context, client);
  if (!context.out.json) await tellEvents(context, client, ended);
}

/** What can be done about a node that is locked or empty, with a person there. */
async function converse(
  context: Context,
  client: Client,
  node: RunningNode,
  ended: AbortSignal,
): Promise<void> {
  try {
    let { state } = await client.call('status', {});
    while (state === 'locked' && !ended.aborted) state = await tryPassphrase(context, client);
    if (state === 'empty') await firstRun(context, client, ended);
  } catch (error) {
    // Ctrl-C at a question means the program, as it does everywhere else.
    if (!isKithError(error, 'cancelled')) throw error;
    node.stop();
  }
}

async function tryPassphrase(context: Context, client: Client): Promise<Status['state']> {
  const passphrase = await context.prompt.passphrase('This node is locked. Passphrase:');
  try {
    const { state } = await client.call('unlock', { passphrase });
    context.out.say('Unlocked.');
    return state;
  } catch (error) {
    if (!isKithError(error, 'wrong-passphrase')) throw error;
    context.out.say(error.message);
    return 'locked';
  }
}

/**
 * @param temporary then the passphrase may be meant for something else, such as the backup that is to be restored.
 * @throws KithError `wrong-passphrase`: whoever gave it that way is not there to try again.
 */
async function unlockFromEnvironment(context: Context, client: Client, temporary: boolean): Promise<void> {
  const passphrase = context.terminal.env['KITH_PASSPHRASE'] ?? '';
  const { state } = await client.call('status', {});
  if (state !== 'locked' || passphrase === '') return;
  try {
    await client.call('unlock', { passphrase });
  } catch (error) {
    if (!temporary || !isKithError(error, 'wrong-passphrase')) throw error;
  }
}

function advise(context: Context, { state }: Status): void {
  if (state === 'locked')
    context.out.say(`It is locked. Give the passphrase with: ${context.command('unlock')}`);
  if (state !== 'empty') return;
  context.out.say('It belongs to no network yet. Found one, or join one that you were invited to:');
  context.out.say(`  ${context.command('init "Our network" --as "Your name"')}`);
  context.out.say(`  ${context.command('join LINK-OR-CODE --as "Your name"')}`);
}

/** Nobody uses a hub that the network does not list, and listing takes an admin. */
async function adviseHub(context: Context, client: Client): Promise<void> {
  const { state, listening } = await client.call('status', {});
  if (state !== 'running') {
    context.out.say('Once this node is in a network, an admin lists it as a hub: kith hubs add ADDRESS');
    return;
  }
  const { hubs } = await client.call('hubs', {});
  if (hubs.some(({ self }) => self)) return;
  context.out.say(
    'It is not listed as a hub yet, so nobody uses it. On an admin’s node, with the address that is',
  );
  context.out.say(`reachable from outside: kith hubs add ${listening[0] ?? 'ADDRESS'}`);
}

function describe({ out }: Context, node: RunningNode, status: Status): void {
  const { network, member, name, role } = status;
  const you =
    member === null || name === null ? '' : ` · you are ${called({ member, name })} (${role ?? ''})`;
  const lines = pairs(
    [
      ['kith', `${status.version} is running; Ctrl-C stops it`],
      ['network', network === null ? '' : network + you],
      ...status.listening.map((address, index) => [index === 0 ? 'listening' : ' ', address] as const),
      ['API', [node.url, node.socket].filter((place) => place !== undefined).join(' and ')],
      ['token', node.url === undefined ? '' : node.tokenFile],
      ['data', status.data],
      ['desk', node.deskUrls.join(' and ')],
    ],
    out.paintTalk,
  );
  for (const line of lines) out.say(line);
  const [desk] = node.deskUrls;
  if (desk === undefined) return;
  out.say('Whoever is on the same Wi-Fi opens the desk with this code; it shows what everybody may know.');
  sayQr(out, desk, false);
}

/** Says what happens while it runs. */
async function tellEvents({ out }: Context, client: Client, ended: AbortSignal): Promise<void> {
  for await (const event of client.events(ended)) {
    const line = event.type === 'alarm' ? alarmSentence(event, out.paintTalk) : sentenceOf(event);
    if (line === undefined) continue;
    // A bell, so that nobody misses it who is not looking.
    if (event.type === 'alarm' && !event.own && out.watched) out.raw('\u0007');
    out.say(line);
  }
}

function sentenceOf(event: NodeEvent): string | undefined {
  switch (event.type) {
    case 'peer':
      return event.change === 'linked' ? `Linked with ${called(event)}.` : `${called(event)} is gone.`;
    case 'member':
      if (event.change === 'joined') return `${called(event)} joined.`;
      return event.change === 'revoked' ? `${called(event)} was removed.` : undefined;
    case 'quarantine':
      return `${counted(event.entries, 'entry', 'entries')} of member ${String(event.member)} set aside: kith members accept`;
    case 'fork':
      return `A device of member ${String(event.member)} wrote two histories; it was stopped there.`;
    default:
      return undefined;
  }
}

/** The process that started a temporary node holds its standard input open, for as long as it lives. */
function stopWithInput({ terminal }: Context, node: RunningNode): void {
  terminal.stdin.on('end', () => {
    node.stop();
  });
  terminal.stdin.resume();
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65_535)
    throw new InvalidArgumentError('A port is a number from 0 to 65535.');
  return port;
}
