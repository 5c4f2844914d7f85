/** Lengths of time as people write them. */
import { UsageError } from './usage.ts';

const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * `90s`, `30m`, `24h` or `7d`.
 * @returns milliseconds. @throws UsageError `bad-duration`.
 */
export function parseDuration(text: string): number {
  const match = /^(\d{1,9})\s*([smhd])$/.exec(text.trim());
  const unitMs = UNIT_MS[match?.[2] ?? ''];
  const ms = Number(match?.[1]) * (unitMs ?? Number.NaN);
  if (ms > 0) return ms;
  throw new UsageError('bad-duration', `"${text}" is not a length of time.`, {
    next: 'Write a whole number and s, m, h or d: 90s, 30m, 24h, 7d.',
  });
}

/** In words, in the largest unit that fits: `24 hours`, `90 seconds`. */
export function inWords(ms: number): string {
  const units = [
    ['day', 86_400_000],
    ['hour', 3_600_000],
    ['minute', 60_000],
    ['second', 1000],
  ] as const;
  const [name, unitMs] = units.find(([, size]) => ms >= 2 * size) ?? (['second', 1000] as const);
  const count = Math.round(ms / unitMs);
  return `${String(count)} ${name}${count === 1 ? '' : 's'}`;
}

/** `just now`, `5 minutes ago`, `in 24 hours`. */
export function relativeTo(nowMs: number, time: string): string {
  const ms = Date.parse(time) - nowMs;
  if (Math.abs(ms) < 10_000) return 'just now';
  return ms < 0 ? `${inWords(-ms)} ago` : `in ${inWords(ms)}`;
}
