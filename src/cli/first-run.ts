/** What `kith up` asks on an empty data folder, in plain words. */
import { isKithError, type Joined } from '../api/contract.ts';
import type { Client } from './client.ts';
import type { Context } from './context.ts';
import { joinNetwork, joinedLine } from './joining.ts';

export async function firstRun(context: Context, client: Client, ended: AbortSignal): Promise<void> {
  const { out, prompt } = context;
  out.say('');
  out.say('This node belongs to no network yet. What would you like to do?');
  out.say('  1  found a new network');
  out.say('  2  join one, with a link or a code that somebody gave you');
  out.say('  3  just wait');
  for (;;) {
    const choice = await prompt.ask('1, 2 or 3?', { signal: ended });
    if (choice === '3') {
      out.say(
        `Waiting. Later, in another terminal: ${context.command('init')} or ${context.command('join')}`,
      );
      return;
    }
    if (choice !== '1' && choice !== '2') continue;
    const joined = await tried(context, () => (choice === '1' ? found : join)(context, client, ended));
    if (joined === undefined) continue;
    out.say(joinedLine(joined));
    if (joined.role === 'admin') out.say(`Invite others, in another terminal: ${context.command('invite')}`);
    return;
  }
}

async function found({ prompt }: Context, client: Client, signal: AbortSignal): Promise<Joined> {
  const network = await prompt.mustAsk('What is the network called?', { signal });
  return client.call('found', { network, ...(await profile(prompt, signal)) });
}

async function join(context: Context, client: Client, signal: AbortSignal): Promise<Joined> {
  const invitation = await context.prompt.mustAsk('Paste the link, or type the twelve digits:', { signal });
  return joinNetwork(context, client, { invitation, ...(await profile(context.prompt, signal)) }, signal);
}

async function profile(prompt: Context['prompt'], signal: AbortSignal) {
  const name = await prompt.mustAsk('What is your name?', { signal });
  const org = await prompt.ask('Your organisation? (Enter for none)', { signal });
  const place = await prompt.ask('Where is this node? (Enter for none)', { signal });
  return { name, org, place };
}

/** A refusal is said and asked about again; Ctrl-C and broken nodes are not. */
async function tried<Result>({ out }: Context, work: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!isKithError(error) || error.code === 'cancelled' || error.code === 'node-gone') throw error;
    out.say(error.message);
    if (error.next !== undefined) out.say(error.next);
    return undefined;
  }
}
