import { examples, type AddCommand } from '../command.ts';
import { parseDuration, relativeTo } from '../duration.ts';
import { sayQr } from '../qr.ts';
import { called, localTime } from '../render.ts';
import { deviceTable } from './members/lines.ts';
import { revokeDevice } from './members/revoke.ts';

export const addDevice: AddCommand = (program, run) => {
  const device = program
    .command('device')
    .summary('your devices: list, link one more, remove one')
    .description('The devices of your member.')
    .addHelpText(
      'after',
      examples(['kith device list', 'your devices'], ['kith device link', 'link one more']),
    );

  device
    .command('list')
    .description('Lists your devices.')
    .addHelpText('after', examples(['kith device list', 'your devices']))
    .action(
      run(async (context) => {
        const { devices } = await (await context.client()).call('devices', {});
        context.out.list(devices, () => deviceTable(context.nowMs, devices, context.out.paintData));
      }),
    );

  const link = device
    .command('link')
    .description('Makes a link with which one more device of yours joins.')
    .option('--expires <time>', 'how long it is good for', parseDuration, parseDuration('1h'))
    .option('--qr', 'show the QR code even when this is no terminal')
    .addHelpText('after', examples(['kith device link', 'then, on the new device: kith join LINK']))
    .action(
      run<{ expires: number; qr?: boolean }>(async (context, { expires: lastsMs, qr }) => {
        const made = await (await context.client()).call('linkDevice', { lastsMs });
        const { out, nowMs } = context;
        out.result(made, () => [made.link]);
        sayQr(out, made.link, qr === true);
        out.say(
          `One more device of ${called(made)}, until ${localTime(made.expires)} (${relativeTo(nowMs, made.expires)}).`,
        );
        out.say('On that device, run: kith join LINK. Whoever has the link becomes you: give it to nobody.');
      }),
    );
  link.options.find(({ long }) => long === '--expires')?.default(parseDuration('1h'), '1h');

  device
    .command('revoke')
    .description('Removes one device, lost or sold. The last one of a member takes the member along.')
    .argument('<device>', 'the device, as the list shows it')
    .option('--yes', 'do not ask')
    .addHelpText('after', examples(['kith device revoke 3f2a91c0', 'remove that device']))
    .action(
      run<{ yes?: boolean }, [string]>((context, { yes }, id) => revokeDevice(context, id, yes === true)),
    );
};
