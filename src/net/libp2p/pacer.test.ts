import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Bytes } from '../../base/bytes.ts';
import { silentLogger } from '../../base/ports.ts';
import type { Channel } from '../ports.ts';
import { Pacer } from './pacer.ts';

const WAITING_BYTES = 64 * 1024;

/** The other side's end of an echo, in hand. */
class Echo implements Channel {
  readonly name = '/kith/1/ping';
  readonly peer = 'peer' as Channel['peer'];
  readonly bufferedBytes = 0;
  readonly probes: Bytes[] = [];
  isAborted = false;
  #frame: ((frame: Bytes) => void) | undefined;
  #close: ((error: Error | undefined) => void) | undefined;

  send(frame: Bytes): boolean {
    this.probes.push(frame);
    return true;
  }

  sendBack(frame = this.probes.shift()): void {
    if (frame !== undefined) this.#frame?.(frame);
  }

  abort(reason: Error): void {
    this.isAborted = true;
    this.#close?.(reason);
  }

  onFrame(handler: (frame: Bytes) => void): void {
    this.#frame = handler;
  }

  onClose(handler: (error: Error | undefined) => void): void {
    this.#close = handler;
  }

  onDrain(): void {
    throw new Error('probes are few');
  }

  pause(): void {
    throw new Error('echoes are always read');
  }

  resume(): void {
    throw new Error('echoes are always read');
  }

  close(): void {
    throw new Error('it ends with its link');
  }
}

/** Hands over all that may go. @returns bytes. */
function fill(pacer: Pacer, goOn: () => void): number {
  let sum = 0;
  for (let bytes = pacer.room(WAITING_BYTES, goOn); bytes > 0; bytes = pacer.room(WAITING_BYTES, goOn)) {
    pacer.handed(bytes);
    sum += bytes;
  }
  return sum;
}

function pacerWith(openEcho: () => Promise<Channel>, clock = { ms: 0 }): Pacer {
  return new Pacer({
    clock: { nowMs: () => clock.ms, monotonicMs: () => clock.ms },
    logger: silentLogger,
    openEcho,
  });
}

void test('bulk waits for the echo of what went before', async () => {
  const echo = new Echo();
  const pacer = pacerWith(() => Promise.resolve(echo));
  let wentOn = 0;
  const goOn = (): void => {
    wentOn += 1;
  };
  const first = fill(pacer, goOn);
  assert.ok(first > 0 && first < WAITING_BYTES, 'a little goes before anything is known');
  await Promise.resolve();
  assert.equal(wentOn, 0);
  // The one that was sent when the channel opened came behind all that.
  echo.sendBack();
  assert.equal(wentOn, 1);
  assert.ok(fill(pacer, goOn) > first, 'and more when that arrived at once');
});

void test('who used up the room waits behind those who had none', async () => {
  const echo = new Echo();
  const pacer = pacerWith(() => Promise.resolve(echo));
  const turns: string[] = [];
  const greedy = (name: string) => {
    const goOn = (): void => {
      turns.push(name);
      fill(pacer, goOn);
    };
    return goOn;
  };
  const [a, b] = [greedy('a'), greedy('b')];
  fill(pacer, a);
  fill(pacer, b);
  await Promise.resolve();
  for (let round = 0; round < 4; round += 1) for (const probe of echo.probes.splice(0)) echo.sendBack(probe);
  assert.ok(turns.length >= 8);
  assert.deepEqual(
    turns,
    turns.map((_, at) => (at % 2 === 0 ? 'a' : 'b')),
  );
});

void test('a channel that is gone is not asked to go on', async () => {
  const echo = new Echo();
  const pacer = pacerWith(() => Promise.resolve(echo));
  const goOn = (): void => assert.fail('it is gone');
  fill(pacer, goOn);
  pacer.left(goOn);
  await Promise.resolve();
  echo.sendBack();
});

void test('a peer that sends no echo gets everything at once, and so does one that stops', async () => {
  const refusing = pacerWith(() => Promise.reject(new Error('not served')));
  const wentOn = Promise.withResolvers<undefined>();
  fill(refusing, () => {
    wentOn.resolve(undefined);
  });
  await wentOn.promise;
  assert.equal(
    refusing.room(WAITING_BYTES, () => undefined),
    WAITING_BYTES,
  );

  const echo = new Echo();
  const stopping = pacerWith(() => Promise.resolve(echo));
  let isTold = false;
  fill(stopping, () => {
    isTold = true;
  });
  await Promise.resolve();
  echo.abort(new Error('gone'));
  assert.ok(isTold);
  assert.equal(
    stopping.room(WAITING_BYTES, () => undefined),
    WAITING_BYTES,
  );
});

void test('one that knew us too late is asked again', async () => {
  const echo = new Echo();
  const clock = { ms: 0 };
  let asked = 0;
  const pacer = pacerWith(() => {
    asked += 1;
    return asked === 1 ? Promise.reject(new Error('not a member')) : Promise.resolve(echo);
  }, clock);
  const wentOn = Promise.withResolvers<undefined>();
  fill(pacer, () => {
    wentOn.resolve(undefined);
  });
  await wentOn.promise;
  const all = (): number => pacer.room(WAITING_BYTES, () => undefined);
  assert.equal(all(), WAITING_BYTES);
  assert.equal(asked, 1, 'not at once');
  clock.ms += 60_000;
  assert.equal(all(), WAITING_BYTES, 'nothing waits for the answer');
  assert.equal(asked, 2);
  await Promise.resolve();
  assert.ok(fill(pacer, () => undefined) < WAITING_BYTES, 'from now on it is paced');
});

void test('an echo of what was not sent ends the echo', async () => {
  const echo = new Echo();
  const pacer = pacerWith(() => Promise.resolve(echo));
  fill(pacer, () => undefined);
  await Promise.resolve();
  echo.sendBack(new Uint8Array(16).fill(7));
  assert.ok(echo.isAborted);
});
