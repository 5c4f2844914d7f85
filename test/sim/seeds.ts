/** Seeds that once failed, and what they found. They are played first, every time. */
export const SEEDS: readonly (readonly [seed: number, found: string])[] = [
  [1, 'a role was raised and nobody asked for the parts that had been withheld'],
  [20, 'a run pushed before its author was known was refused and never asked for again'],
  [26, 'an erasure that no longer stood left a hole that nobody filled'],
  [59, 'a device that writes against the rules and does not keep what it wrote'],
  [66, 'parts that nobody holds any more are asked for ever more rarely'],
];
