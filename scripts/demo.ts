/**
 * npm run demo: five nodes on this machine, each a process with a folder of its own, live through what a network lives
 * through. Everything that is told is read from the nodes. With `-- --stay` they stay until Ctrl-C, to be played with.
 */
import { Play, type Chapter } from './demo/play.ts';
import { founding } from './demo/founding.ts';
import { inviting } from './demo/inviting.ts';
import { finding } from './demo/finding.ts';
import { writing } from './demo/writing.ts';
import { powerCut } from './demo/power-cut.ts';
import { letters } from './demo/letters.ts';
import { alarm } from './demo/alarm.ts';
import { registry } from './demo/registry.ts';
import { carrying } from './demo/carrying.ts';
import { revoking } from './demo/revoking.ts';
import { restoring } from './demo/restoring.ts';

/** In the order in which they are played: each goes on from where the one before left the nodes. */
const CHAPTERS: readonly Chapter[] = [
  founding,
  inviting,
  finding,
  writing,
  powerCut,
  letters,
  alarm,
  registry,
  carrying,
  revoking,
  restoring,
];

const play = new Play();
try {
  for (const chapter of CHAPTERS) await play.perform(chapter);
  play.tell('', `That was it, in ${play.passed()}.`);
  if (process.argv.includes('--stay')) await play.stay();
} catch (error) {
  play.tell('', 'The demo broke off. What the nodes said and logged:', play.traces());
  throw error;
} finally {
  await play.end();
}
