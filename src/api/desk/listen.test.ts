import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isKithError } from '../../base/errors.ts';
import { silentLogger } from '../../base/ports.ts';
import { listenDesk, type DeskListener } from './listen.ts';

const nothing = {
  search: async () => [],
  show: () => Promise.reject(new Error('nobody is here')),
  asOf: async () => null,
};

function listen(at: string): Promise<DeskListener> {
  return listenDesk({ at, records: nothing, clock: { monotonicMs: () => 0 }, logger: silentLogger });
}

async function refusal(at: string): Promise<{ readonly code: string; readonly said: string }> {
  try {
    await (await listen(at)).close();
    return { code: 'it listens', said: '' };
  } catch (error) {
    assert.ok(isKithError(error));
    return { code: error.code, said: `${error.message} ${error.next ?? ''}` };
  }
}

test('the desk says where it is, and answers there', async () => {
  const desk = await listen('127.0.0.1:0');
  const [url = ''] = desk.urls;
  assert.match(url, /^http:\/\/127\.0\.0\.1:\d+\/$/);
  const page = await fetch(url);
  assert.equal(page.status, 200);
  assert.match(await page.text(), /<form id="form"/);
  await desk.close();
  await assert.rejects(fetch(url), 'it is closed');
});

test('a port that is taken is refused in words, with another way', async () => {
  const desk = await listen('127.0.0.1:0');
  const { port } = new URL(desk.urls[0] ?? '');
  const { code, said } = await refusal(`127.0.0.1:${port}`);
  assert.equal(code, 'port-in-use');
  assert.match(said, new RegExp(`cannot listen on 127\\.0\\.0\\.1:${port}.*--desk :8080`));
  await desk.close();
});

test('an address that this machine does not have is refused', async () => {
  const { code, said } = await refusal('192.0.2.1:0');
  assert.equal(code, 'bad-address');
  assert.match(said, /cannot listen on 192\.0\.2\.1:0 \(E[A-Z]+\)/);
});

test('what is no address is refused before anything is opened', async () => {
  for (const at of ['', '8080', ':', ':70000', 'a:b:1', 'host:port', '[::1', ':123456']) {
    const { code, said } = await refusal(at);
    assert.equal(code, 'bad-address', at);
    assert.match(said, /--desk :8080/);
  }
});
