import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fitsWindows, foldKey, foldersOf, namedApart, pathFault, staysInside } from './paths.ts';

test('a path leads into the folder or is refused', () => {
  const refused: Record<string, string> = {
    '': 'empty',
    '/etc/passwd': 'absolute',
    'a//b': 'empty',
    'a/': 'empty',
    '../up': 'leads-out',
    'a/../../b': 'leads-out',
    'a/./b': 'leads-out',
    'nul\0byte': 'not-text',
    'half\ud800': 'not-text',
    'cafe\u0301': 'not-normal',
    '.kith/folder': 'reserved',
    '.KITH': 'reserved',
    ['x'.repeat(256)]: 'too-long',
    [Array.from({ length: 65 }, () => 'd').join('/')]: 'too-deep',
    [Array.from({ length: 9 }, () => 'y'.repeat(120)).join('/')]: 'too-long',
  };
  for (const [path, fault] of Object.entries(refused))
    assert.equal(pathFault(path), fault, JSON.stringify(path));
  for (const path of [
    'a',
    'caf\u00e9/b c.txt',
    'a/.kith',
    '...',
    'မြန်မာ.txt',
    '-rf',
    'a\\b',
    'x'.repeat(255),
  ])
    assert.equal(pathFault(path), undefined, JSON.stringify(path));
});

test('whatever passes resolves to a place inside', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom('.', '..', '', 'a', '/', '\\', '\0', 'é', 'e\u0301'), { maxLength: 8 }),
      (bits) => {
        const path = bits.join('/');
        if (pathFault(path) !== undefined) return;
        assert.ok(
          new URL(encodeURI(path.replaceAll('\\', '%5C')), 'file:///root/').pathname.startsWith('/root/'),
        );
      },
    ),
  );
});

test('names that Windows cannot hold are told', () => {
  for (const bad of ['a:b', 'what?', 'con', 'sub/NUL.txt', 'com1.log', 'dot.', 'blank ', 'tab\t', 'a\\b'])
    assert.equal(fitsWindows(bad), false, bad);
  for (const good of ['console', 'a.b', 'null', 'sub/common.txt', 'é']) assert.ok(fitsWindows(good), good);
});

test('names that differ by case or Unicode form only have one key', () => {
  assert.equal(foldKey('Stra\u00dfe'), foldKey('STRASSE'));
  assert.equal(foldKey('Caf\u00e9'), foldKey('cafe\u0301'));
  assert.notEqual(foldKey('a'), foldKey('b'));
});

test('a link may point to wherever it stays inside', () => {
  for (const target of ['b', '../b', './x/../b', '../../top'])
    assert.ok(staysInside('d/e/link', target), target);
  for (const target of [
    '',
    '/etc',
    '../../../out',
    'x/../../../../out',
    'C:\\x',
    '\\\\host\\x',
    '../../.kith/x',
  ])
    assert.equal(staysInside('d/e/link', target), false, target);
});

test('a copy of a conflict keeps its ending and fits', () => {
  assert.equal(namedApart('d/a.txt', 'conflict, Ann/a, 2026'), 'd/a (conflict, Ann_a, 2026).txt');
  assert.equal(namedApart('.profile', 'x'), '.profile (x)');
  const long = namedApart(`${'é'.repeat(120)}.tar`, 'conflict');
  assert.equal(pathFault(long), undefined);
  assert.ok(long.endsWith(' (conflict).tar'));
  assert.deepEqual(foldersOf('a/b/c'), ['a', 'a/b']);
});
