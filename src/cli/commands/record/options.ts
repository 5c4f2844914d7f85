import { Option } from 'commander';
import { UsageError } from '../../usage.ts';

/** An option that takes one of a few words, in whatever case they are typed. */
export function oneOf(flags: string, about: string, values: readonly string[]): Option {
  return new Option(flags, `${about}: ${values.join(', ')}`).argParser((typed: string) => {
    const value = values.find((known) => known === typed.toLowerCase().replaceAll('-', '_'));
    if (value !== undefined) return value;
    throw new UsageError('usage', `“${typed}” is none of ${values.join(', ')}.`, {
      next: `Use one of them: ${flags}`,
    });
  });
}
