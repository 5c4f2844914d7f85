/** The public desk in a real browser, as a phone on the Wi-Fi sees it. */
import assert from 'node:assert/strict';
import type { BrowserContext, Page } from 'playwright-core';
import type { NodeProcess } from '../../scripts/nodes/node-process.ts';
import { until } from '../../scripts/nodes/until.ts';
import { NO_BROWSER, openBrowser } from '../support/browser.ts';
import { scene, step, type Stage } from '../support/stage.ts';

const ALONE = ['--no-mdns', '--listen', '127.0.0.1:0'];
const PHONE = { viewport: { width: 360, height: 640 }, hasTouch: true, isMobile: true };
const PORT = 18_080 + (process.pid % 1000);
const DESK = ['--desk', `127.0.0.1:${String(PORT)}`];
const URL = `http://127.0.0.1:${String(PORT)}/`;

async function registry(stage: Stage): Promise<NodeProcess> {
  const node = await stage.founder('Ada', [...ALONE, ...DESK]);
  const people = [
    {
      full_name: 'ဒေါ်မြမြ',
      given_name: 'မြမြ',
      home_state: 'ရန်ကုန်',
      age: '33',
      description: 'scar on the left hand',
    },
    {
      full_name: 'محمد الأحمد',
      sex: 'male',
      home_state: 'Aleppo',
      home_street: 'Secret Street 5',
      age: '41',
    },
    { full_name: 'Karim Rahman', age: '9' },
    { full_name: 'Nasima Begum', opt_out: 'true' },
    { full_name: '<img src=x onerror=alert(1)> Markup', age: '50' },
  ];
  const ids: string[] = [];
  for (const fields of people) {
    const source_date = '2026-11-20T10:00:00Z';
    ids.push((await node.call('addRecord', { kind: 'person', fields: { source_date, ...fields } })).id);
  }
  await node.call('noteRecord', {
    id: ids[1] ?? '',
    fields: {
      author_name: 'Ada',
      text: 'is in tent 4',
      status: 'believed_alive',
      source_date: '2026-11-21T10:00:00Z',
    },
  });
  return node;
}

async function lookFor(page: Page, name: string): Promise<string> {
  await page.fill('#name', name);
  await page.press('#name', 'Enter');
  const say = page.locator('#say');
  await until('an answer is shown', async () => !/Searching|جارٍ|^$/.test(await say.innerText()));
  return `${await say.innerText()}\n${await page.locator('#list').innerText()}`;
}

async function phone(
  context: BrowserContext,
): Promise<{ page: Page; elsewhere: string[]; errors: string[] }> {
  const page = await context.newPage();
  const [elsewhere, errors]: [string[], string[]] = [[], []];
  page.on('request', (request) => {
    if (!request.url().startsWith(URL)) elsewhere.push(request.url());
  });
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('dialog', (dialog) => errors.push(`dialog ${dialog.message()}`));
  await page.goto(URL);
  return { page, elsewhere, errors };
}

scene(
  'a phone on the Wi-Fi looks for people at the public desk',
  async (stage, t) => {
    const node = await registry(stage);
    const browser = await openBrowser(t);
    const context = await browser.newContext({ ...PHONE, locale: 'en-GB' });
    const { page, elsewhere, errors } = await phone(context);

    await step(t, 'finds them by name in any writing, with what everybody may know', async () => {
      const found = await lookFor(page, 'Mya Mya');
      assert.match(found, /ဒေါ်မြမြ/);
      assert.match(found, /30-34/);
      assert.doesNotMatch(found, /scar|33/);
      assert.match(await lookFor(page, 'Mohammed Alahmad'), /محمد الأحمد/);
      assert.match(found, /Found/);
    });

    await step(t, 'reads what was said of one', async () => {
      await lookFor(page, 'محمد');
      await page.locator('#list button').first().tap();
      const note = page.locator('.note').first();
      await until('the note is there', async () => (await note.count()) > 0);
      assert.match(await note.innerText(), /said to be alive/);
      assert.doesNotMatch(await page.locator('body').innerText(), /tent 4|Secret Street|41/);
    });

    await step(t, 'finds no children, nobody who does not want it, and no places', async () => {
      assert.match(await lookFor(page, 'Karim Rahman'), /Nobody of that name/);
      assert.match(await lookFor(page, 'Nasima Begum'), /Nobody of that name/);
      assert.match(await lookFor(page, 'Aleppo'), /Nobody of that name/);
      assert.match(await lookFor(page, '12'), /Type a name/);
    });

    await step(t, 'shows what people wrote as text', async () => {
      assert.match(await lookFor(page, 'Markup'), /<img src=x onerror/);
      assert.deepEqual(errors, []);
    });

    await step(t, 'reads from right to left in Arabic', async () => {
      const arabic = await browser.newContext({ ...PHONE, locale: 'ar' });
      const { page: other } = await phone(arabic);
      assert.equal(await other.evaluate('getComputedStyle(document.body).direction'), 'rtl');
      assert.match(await lookFor(other, 'محمد'), /النتائج/);
      await arabic.close();
    });

    await step(
      t,
      'goes on with what it found when the desk is out of reach, until told to forget',
      async () => {
        await until('the page is kept', async () =>
          page.evaluate('navigator.serviceWorker.ready.then(() => true)'),
        );
        await page.reload();
        await node.stop();
        await page.reload();
        const kept = await lookFor(page, 'محمد');
        assert.match(kept, /cannot be reached/);
        assert.match(kept, /محمد الأحمد/);
        await page.locator('#forget').tap();
        assert.doesNotMatch(await lookFor(page, 'محمد'), /محمد الأحمد/);
        assert.deepEqual(elsewhere, [], 'nothing was taken from elsewhere');
        assert.deepEqual(errors, []);
      },
    );
  },
  { skip: NO_BROWSER },
);
