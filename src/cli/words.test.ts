import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isKithError } from '../api/contract.ts';
import { dataFolder, dataOption } from './data-folder.ts';
import { inWords, parseDuration, relativeTo } from './duration.ts';
import { progressText } from './progress.ts';
import { clean, pairs, sizeInWords, spacedCode, spacedDigits, table, widthOf } from './render.ts';
import { UsageError } from './usage.ts';

const plain = (_: string, text: string): string => text;

describe('lengths of time', () => {
  it('are a whole number and a unit', () => {
    assert.equal(parseDuration('90s'), 90_000);
    assert.equal(parseDuration('30m'), 1_800_000);
    assert.equal(parseDuration(' 24 h '), 86_400_000);
    assert.equal(parseDuration('7d'), 604_800_000);
    for (const text of ['', '24', 'h', '1.5h', '-1h', '0h', '1w', '24h!', '1h30m']) {
      assert.throws(
        () => parseDuration(text),
        (error) => error instanceof UsageError && isKithError(error, 'bad-duration'),
        text,
      );
    }
  });

  it('are said in words', () => {
    assert.equal(inWords(86_400_000), '24 hours');
    assert.equal(inWords(3 * 86_400_000), '3 days');
    assert.equal(inWords(60_000), '60 seconds');
    assert.equal(inWords(1000), '1 second');
    const now = Date.parse('2026-11-21T10:00:00Z');
    assert.equal(relativeTo(now, '2026-11-21T10:00:05Z'), 'just now');
    assert.equal(relativeTo(now, '2026-11-21T09:55:00Z'), '5 minutes ago');
    assert.equal(relativeTo(now, '2026-11-22T10:00:00Z'), 'in 24 hours');
  });
});

describe('tables', () => {
  it('stand in columns, in every script, without empty ones', () => {
    const lines = table(
      ['#', 'NAME', 'ORG', 'PLACE'],
      [
        ['1', 'ဒေါ်မြ', '', 'Sittwe'],
        ['12', '東京', '', 'x'],
      ],
      plain,
    );
    assert.equal(
      lines[0],
      '#   NAME   PLACE'
        .replace('NAME ', `NAME${' '.repeat(Math.max(widthOf('ဒေါ်မြ'), 4) - 4)} `)
        .replace('   PLACE', '  PLACE'),
    );
    const starts = lines.map((line) =>
      widthOf(line.slice(0, Math.max(line.indexOf('PLACE'), line.indexOf('Sittwe'), line.lastIndexOf('x')))),
    );
    assert.equal(new Set(starts).size, 1);
  });

  it('are nothing without rows', () => {
    assert.deepEqual(table(['#'], [], plain), []);
    assert.deepEqual(
      pairs(
        [
          ['a', ''],
          ['b', 'x'],
        ],
        plain,
      ),
      ['b  x'],
    );
  });

  it('let no control character through', () => {
    assert.equal(clean('a\u001b[2Jb\u202ec\n'), 'a [2Jb c ');
  });

  it('group digits: codes by three, voice checks by four', () => {
    assert.equal(spacedCode('417302998215'), '417 302 998 215');
    assert.equal(spacedDigits('417302998215'), '4173 0299 8215');
  });
});

describe('progress', () => {
  it('says amount, rate and time left, as far as they are known', () => {
    assert.equal(progressText({ unit: 'entries', done: 0, total: 10 }, 0), '0 of 10 entries');
    assert.equal(
      progressText({ unit: 'entries', done: 2500, total: 10_000 }, 1000),
      '2,500 of 10,000 entries · 2,500/s · about 3 seconds left',
    );
    assert.equal(progressText({ unit: 'bytes', done: 5_000_000, total: null }, 2000), '5.0 MB · 2.5 MB/s');
  });

  it('says sizes as disks do', () => {
    assert.equal(sizeInWords(0), '0 bytes');
    assert.equal(sizeInWords(999), '999 bytes');
    assert.equal(sizeInWords(1_500_000), '1.5 MB');
  });
});

describe('the data folder', () => {
  it('is the one that is named, else the environment’s, else the platform’s', () => {
    assert.equal(dataFolder('x', { KITH_DATA: '/env' }, '/cwd'), '/cwd/x');
    assert.equal(dataFolder(undefined, { KITH_DATA: 'env' }, '/cwd'), '/cwd/env');
    assert.equal(dataFolder('', { KITH_DATA: '' }, '/cwd'), dataFolder(undefined, {}, '/'));
    assert.match(dataFolder(undefined, {}, '/cwd'), /kith/);
  });

  it('stands in commands only where it must, and can be copied', () => {
    assert.equal(dataOption('/some/where', {}), ' --data /some/where');
    assert.equal(dataOption("/it's here", {}), " --data '/it'\\''s here'");
    assert.equal(dataOption('/env', { KITH_DATA: '/env' }), '');
    assert.equal(dataOption(dataFolder(undefined, {}, '/'), {}), '');
  });
});
