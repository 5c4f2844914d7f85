/** A real browser, where this machine has one. */
import { existsSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { chromium, type Browser } from 'playwright-core';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const PATH = process.env['KITH_BROWSER'] ?? PLACES.find((place) => existsSync(place));

/** False where there is a browser, else why not: a test's `skip`. */
export const NO_BROWSER = PATH === undefined ? 'no Chromium is installed' : false;

const QUIET = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export async function openBrowser(t: TestContext): Promise<Browser> {
  const browser = await chromium.launch({ executablePath: PATH ?? '', args: QUIET });
  t.after(() => browser.close());
  return browser;
}
