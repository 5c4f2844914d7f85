import { examples, type AddCommand } from '../command.ts';
import type { Context } from '../context.ts';

export const addLock: AddCommand = (program, run) => {
  program
    .command('lock')
    .summary('forget the keys until the passphrase is given')
    .description(
      'Locks the node: it forgets its keys until the passphrase is given. The first time, it asks for one.',
    )
    .option('--change', 'choose another passphrase')
    .addHelpText(
      'after',
      examples(
        ['kith lock', 'before a journey'],
        ['kith lock --change', 'choose another passphrase (KITH_PASSPHRASE, KITH_NEW_PASSPHRASE)'],
        ['kith unlock', 'afterwards'],
      ),
    )
    .action(run<{ change?: boolean }>((context, { change }) => lock(context, change === true)));
};

export const addUnlock: AddCommand = (program, run) => {
  program
    .command('unlock')
    .summary('give the passphrase')
    .description('Gives the passphrase to a locked node.')
    .addHelpText('after', examples(['kith unlock', 'asks for the passphrase, or takes KITH_PASSPHRASE']))
    .action(
      run(async (context) => {
        const client = await context.client();
        const before = await client.call('status', {});
        if (before.state !== 'locked') {
          context.out.result(before, () => ['It is not locked.']);
          return;
        }
        const passphrase = await context.prompt.passphrase('Passphrase:');
        const status = await client.call('unlock', { passphrase });
        context.out.result(status, () => ['Unlocked.']);
      }),
    );
};

async function lock(context: Context, change: boolean): Promise<void> {
  const { out, prompt } = context;
  const client = await context.client();
  const before = await client.call('status', {});
  if (before.state === 'locked') {
    out.result(before, () => ['It is locked already.']);
    return;
  }
  const isSet = before.passphrase;
  const status = await client.call('lock', {
    ...(isSet && change ? { passphrase: await prompt.passphrase('The passphrase so far:') } : {}),
    ...(await newPassphrase(context, isSet, change)),
  });
  out.result(status, () => ['Locked.']);
  out.say(
    `Until the passphrase is given, this node takes no part in the network: ${context.command('unlock')}`,
  );
}

async function newPassphrase({ prompt, out, terminal }: Context, isSet: boolean, change: boolean) {
  if (isSet && !change) return {};
  const variable = isSet ? 'KITH_NEW_PASSPHRASE' : 'KITH_PASSPHRASE';
  if ((terminal.env[variable] ?? '') === '') {
    out.say(
      'Several words that nobody would guess. If they are forgotten, nobody can open this folder again.',
    );
  }
  return { newPassphrase: await prompt.newPassphrase('The new passphrase:', variable) };
}
