/** As src/main.ts, over a node made of nothing: for tests that need real processes. */
import { mkdir } from 'node:fs/promises';
import { KithError } from '../../src/base/errors.ts';
import { silentLogger } from '../../src/base/ports.ts';
import { listenApi } from '../../src/api/listen.ts';
import { realTimers } from '../contract/real-timers.ts';
import { fakeNode } from './fake-facade.ts';
import { runCli } from '../../src/cli/program.ts';
import type { StartNode } from '../../src/cli/start-node.ts';

const up: StartNode = async ({ data, temporary }) => {
  if (process.env['FAKE_FAILURE'] === 'expected') {
    throw new KithError('data-folder-busy', 'Another program has the data folder open.', { next: 'Wait.' });
  }
  if (process.env['FAKE_FAILURE'] === 'crash') process.exit(7);
  await mkdir(data, { recursive: true });
  const node = fakeNode({}, 'empty');
  const listener = await listenApi({
    node,
    logger: silentLogger,
    timers: realTimers,
    rng: { bytes: (count) => new Uint8Array(count).fill(5), below: () => 0 },
    version: '0.1.0',
    dataFolder: data,
    apiPort: temporary === undefined ? 0 : 'none',
    platform: process.platform,
    env: process.env,
  });
  const { promise: ended, resolve, reject } = Promise.withResolvers<undefined>();
  let stopping = false;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    listener.close().then(() => {
      resolve(undefined);
    }, reject);
  };
  node.onStop = stop;
  return { ...listener, deskUrls: [], ended, stop };
};

process.exitCode = await runCli(process.argv, { up, version: '0.1.0' });
