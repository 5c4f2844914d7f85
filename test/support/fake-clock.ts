/** Another clock for one program, by Debian's package libfaketime; for tests of what a wrong clock does. */
import { globSync } from 'node:fs';

const [LIBRARY] = globSync('/usr/lib/*/faketime/libfaketime.so.1');

/** False where clocks can be faked, else why not: a test's `skip`. */
export const NO_FAKE_CLOCK = LIBRARY === undefined ? 'libfaketime is not installed' : false;

/** @param ahead as libfaketime writes it: `+30m`, `+1y`. @returns the environment of a program whose clock is so far ahead. */
export function clockAhead(ahead: string): Readonly<Record<string, string>> {
  // The wall clock alone: timers go by the monotonic one.
  return { LD_PRELOAD: LIBRARY ?? '', FAKETIME: ahead, DONT_FAKE_MONOTONIC: '1' };
}
