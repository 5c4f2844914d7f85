import { InvalidArgumentError } from 'commander';
import type { LogLine } from '../../api/contract.ts';
import { examples, type AddCommand } from '../command.ts';
import type { Context } from '../context.ts';
import type { Style } from '../output.ts';
import { clean } from '../render.ts';

interface LogOptions {
  readonly net?: boolean;
  readonly follow?: boolean;
  readonly lines: number;
}

export const addLog: AddCommand = (program, run) => {
  program
    .command('log')
    .summary('what the node did')
    .description("Shows the node's own log.")
    .option('--net', 'every network frame as well')
    .option('-f, --follow', 'go on with new lines, until Ctrl-C')
    .option('-n, --lines <count>', 'how many old lines at most', parseCount, 100)
    .addHelpText(
      'after',
      examples(['kith log', 'the last lines'], ['kith log --net -f', 'watch the network at work']),
    )
    .action(
      run<LogOptions>(async (context, { net = false, follow = false, lines }) => {
        const { out } = context;
        const client = await context.client();
        for await (const line of client.lines('log', { net, follow, lines }, out.readerGone)) {
          out.result(line, () => [textOf(context, line)]);
        }
      }),
    );
};

const STYLES: Record<LogLine['level'], Style | undefined> = {
  debug: 'dim',
  info: undefined,
  warn: 'yellow',
  error: 'red',
};

function textOf({ out }: Context, { time, level, source, message, fields }: LogLine): string {
  const details = Object.entries(fields).map(([name, value]) => `${name}=${valueText(value)}`);
  const text = clean([time.slice(11, 23), source.padEnd(8), message, ...details].join(' '));
  const style = STYLES[level];
  return style === undefined ? text : out.paintData(style, text);
}

function valueText(value: unknown): string {
  return typeof value === 'string' && /^[\w./:@-]+$/.test(value) ? value : JSON.stringify(value);
}

function parseCount(text: string): number {
  const count = Number(text);
  if (/^\d{1,6}$/.test(text) && count <= 100_000) return count;
  throw new InvalidArgumentError('A whole number from 0 to 100000.');
}
