/** Long work as a stream of how far it is, and what came of it at the end. */
import { KithError } from '../../base/errors.ts';
import type { Progress, Work } from '../facade.ts';

export type Report = (progress: Progress) => void;

/** Starts the work when somebody listens. Reports that nobody took yet are replaced by the newest. */
export async function* withProgress<Result>(
  signal: AbortSignal,
  run: (report: Report) => Promise<Result>,
): Work<Result> {
  let latest: Progress | undefined;
  let wake = (): void => undefined;
  const state = { settled: false };
  const work = run((progress) => {
    if (signal.aborted)
      throw new KithError('interrupted', 'This was broken off.', { next: 'Run the same command again.' });
    latest = progress;
    wake();
  }).finally(() => {
    state.settled = true;
    wake();
  });
  // Awaited below; this keeps a failure before that from counting as nobody's.
  work.catch(() => undefined);
  while (!state.settled) {
    await new Promise<void>((resolve) => {
      wake = resolve;
      if (state.settled || latest !== undefined) resolve();
    });
    if (latest !== undefined) {
      const progress = latest;
      latest = undefined;
      yield progress;
    }
  }
  yield { step: 'done', ...(await work) };
}
