import { KithError, type DoctorStep, type Finding } from '../../api/contract.ts';
import { examples, type AddCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { counted } from '../render.ts';

export const addDoctor: AddCommand = (program, run) => {
  program
    .command('doctor')
    .summary('why other nodes are not seen, and what to do')
    .description(
      'Looks for reasons why nodes do not see each other, and says what to do. With a member or an address it tries to reach that one now. Ends with 1 when something is wrong.',
    )
    .argument('[who]', 'a member, by number or name, or an address')
    .addHelpText(
      'after',
      examples(
        ['kith doctor', 'what is known to be wrong'],
        ['kith doctor 192.168.1.20:5484', 'why this address cannot be reached'],
        ['kith doctor 3', 'why member 3 cannot be reached'],
      ),
    )
    .action(
      run<object, [string | undefined]>(async (context, _, who) => {
        const client = await context.client();
        const { healthy, steps, findings } = await client.call('doctor', who === undefined ? {} : { who });
        context.out.list(findings, () => [
          ...steps.map(stepLine),
          ...findings.flatMap((one) => linesOf(context, one)),
        ]);
        if (healthy && findings.length === 0) context.out.say('All is well.');
        if (!healthy) throw somethingWrong(findings);
      }),
    );
};

function stepLine({ ok, message }: DoctorStep): string {
  return `${ok ? 'ok  ' : 'no  '} ${message}`;
}

function linesOf({ out }: Context, { severity, code, message, next }: Finding): string[] {
  const mark =
    severity === 'wrong'
      ? out.paintData('red', `wrong (${code})`)
      : out.paintData('yellow', `note (${code})`);
  return [`${mark}  ${message}`, `    ${next}`];
}

function somethingWrong(findings: readonly Finding[]): KithError {
  const wrong = findings.filter(({ severity }) => severity === 'wrong').length;
  if (wrong === 0) {
    return new KithError('not-reached', 'It was not reached.', {
      next: 'Ask for a current address: kith status, there.',
    });
  }
  return new KithError(
    'something-wrong',
    `${counted(wrong, 'thing')} ${wrong === 1 ? 'is' : 'are'} wrong; above is what and why.`,
    {
      next: 'Mend it as said above, and run kith doctor again.',
    },
  );
}
