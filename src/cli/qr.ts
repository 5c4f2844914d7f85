/** A QR code of half blocks, two rows of it a line. */
import { renderUnicodeCompact } from 'uqr';
import type { Output } from './output.ts';

/** Around the code, in modules; the standard's four (ISO/IEC 18004 §9.1) would not fit small terminals. */
const BORDER = 2;

/**
 * @param colours paint it light on dark, whatever the terminal's own colours are.
 * @returns undefined when it does not fit into that many columns.
 */
export function qrLines(text: string, columns: number, colours: boolean): readonly string[] | undefined {
  const lines = renderUnicodeCompact(text, { ecc: 'L', border: BORDER }).split('\n');
  if (lines.some((line) => line.length > columns)) return undefined;
  return colours ? lines.map((line) => `\u001b[97;40m${line}\u001b[0m`) : lines;
}

/** Shows the code to whoever watches; says so when the terminal is too narrow. */
export function sayQr(out: Output, text: string, always: boolean): void {
  if (!always && (!out.watched || out.json)) return;
  const lines = qrLines(text, out.watched ? out.columns : Number.POSITIVE_INFINITY, out.coloursTalk);
  if (lines === undefined) out.say('(The terminal is too narrow for the QR code.)');
  else out.raw(`${lines.join('\n')}\n`);
}
