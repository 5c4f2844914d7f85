/** Rows of CSV files, whole or in pieces, good or broken. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EXCHANGE_LIMITS } from '../limits.ts';
import { CsvRows, type Row } from './rows.ts';

function read(text: string, size = text.length): Row[] {
  const rows = new CsvRows();
  const found: Row[] = [];
  for (let at = 0; at < text.length; at += size) found.push(...rows.push(text.slice(at, at + size)));
  return [...found, ...rows.end()];
}

const cells = (text: string, size?: number): (readonly string[])[] =>
  read(text, size).map((row) => row.cells);

describe('rows', () => {
  const whole = 'a,b\r\n"x, ""y""",2\r\n\n"two\r\nlines",\n,last';
  const expected = [
    ['a', 'b'],
    ['x, "y"', '2'],
    ['two\r\nlines', ''],
    ['', 'last'],
  ];

  it('are read as spreadsheets write them, in pieces of any size, with the line each starts in', () => {
    for (let size = 1; size <= whole.length; size += 1)
      assert.deepEqual(cells(whole, size), expected, `pieces of ${String(size)}`);
    assert.deepEqual(
      read(whole, 1).map((row) => row.line),
      [1, 2, 4, 6],
    );
  });

  it('are the same in pieces once it is known how the file is written', () => {
    const long = `${'h,i\r\n'.repeat(25)}${whole}`;
    const rows = read(long);
    assert.equal(rows.length, 29);
    for (let size = 1; size <= 40; size += 1)
      assert.deepEqual(read(long, size), rows, `pieces of ${String(size)}`);
    assert.deepEqual(
      rows.slice(-4).map((row) => row.line),
      [26, 27, 29, 31],
    );
  });

  it('are told apart by what stands between them most often', () => {
    assert.deepEqual(cells('a;b\n1;"2;3"'), [
      ['a', 'b'],
      ['1', '2;3'],
    ]);
    assert.deepEqual(cells('a\tb'), [['a', 'b']]);
  });

  it('go on after a quote that never ends, at the next line', () => {
    const rows = read('a,b\n"open,1\nc,d\ne,f');
    assert.deepEqual(
      rows.map(({ line, cells: found, fault }) => fault?.code ?? [line, ...found]),
      [[1, 'a', 'b'], 'too-large', [3, 'c', 'd'], [4, 'e', 'f']],
    );
  });

  it('go on after text behind a quoted cell, and after a row without end', () => {
    assert.deepEqual(
      read('"a"b,1\nc,d').map(({ fault, cells: found }) => fault?.code ?? found),
      ['bad-csv', ['c', 'd']],
    );
    const long = 'x'.repeat(EXCHANGE_LIMITS.recordChars + 10);
    assert.deepEqual(
      read(`a,b\n${long}\nc,d`, 5000).map(({ fault, cells: found }) => fault?.code ?? found),
      [['a', 'b'], 'too-large', ['c', 'd']],
    );
  });
});
