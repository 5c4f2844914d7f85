/** Seeds that once failed, or fail with one repair undone, and what they are about. They are played first, every time. */
export const SEEDS: readonly (readonly [seed: number, found: string])[] = [
  [3, 'a neighbour that has not heard of a raise withholds what became ours'],
  [12, 'two histories of one feed part before the place where we ask'],
  [37, 'a role is raised, and nobody asked for the parts that had been withheld'],
  [271, 'a fork is known before the entries that both histories share are here'],
  [277, 'the disk is full when something is pushed, and it was never asked for again'],
  [376, 'a fork takes away the admission of a device that others hold acts of'],
  [2683, 'what an entry builds on lies in the part of a feed that a fork left behind'],
  [
    2725,
    'what was refused when it was pushed, because its author was not known yet, was never asked for again',
  ],
  [8486, 'newcomers whose admission was lost with their admitter’s disk meet each other'],
  [10830, 'a claim of the same height with another digest is asked after for ever'],
];
