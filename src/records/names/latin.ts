/** Latin letters: folding what people write differently without meaning anything by it, and graphemes as units. */
import { CONSONANT_COST, unitTable, VOWEL_COST } from './spellings.ts';
import type { Unit } from './types.ts';

/** Letters that no decomposition takes apart. */
const FOLDED: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  ð: 'd',
  đ: 'd',
  þ: 'th',
  ł: 'l',
  ı: 'i',
  ŋ: 'ng',
  ɓ: 'b',
  ɗ: 'd',
  ə: 'e',
};

/** Letters a to z alone. Rohingya's ç and ñ, and accents of any kind, lose their marks. */
export function foldLatin(text: string): string {
  return text
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[ßæœøðđþłıŋɓɗə]/gu, (letter) => FOLDED[letter] ?? '')
    .replace(/[^a-z]/gu, '');
}

/**
 * What a grapheme of one spelling may be in another spelling of the same name: misspelt, from another country's
 * habits, or of a sound that several letters write.
 */
const GRAPHEMES: Readonly<Record<string, string>> = {
  a: 'a e:22 o:22 u:24 i:38 aa:4 ah:18 ar:28 ai:35',
  aa: 'aa a:4 ar:20 o:30',
  ah: 'ah a:14 ar:25 eh:25 e:30',
  ai: 'ai ay:6 ei:8 ey:12 e:20 i:24 ae:14 aye:20',
  ay: 'ay ai:6 ei:10 ey:10 e:16 ae:16 y:28 aye:8',
  au: 'au aw:6 ou:14 o:20 ao:10',
  aw: 'aw au:6 or:20 o:18 ow:20',
  e: 'e a:22 i:16 ee:18 y:24 ay:18 o:38 ae:18 eh:18 ie:22',
  ee: 'ee i:6 e:14 y:12 ie:12 ii:10',
  ei: 'ei ai:8 ay:10 e:14 i:18 ey:8',
  ey: 'ey ay:10 i:14 y:14 e:14 ei:8 ee:18',
  i: 'i e:16 y:8 ee:6 ie:12 ii:8 a:38 u:38 ea:25',
  ie: 'ie y:8 i:10 ee:12 e:16 ei:12',
  o: 'o u:10 ou:12 oo:14 a:24 oe:12 oh:14 au:22 ow:20 w:35',
  oo: 'oo u:5 ou:8 o:14',
  ou: 'ou u:6 oo:8 o:10 ow:12',
  ow: 'ow ou:12 au:18 o:18 aw:20',
  u: 'u o:9 oo:5 ou:6 a:24 w:28 uu:8 e:36 i:38',
  y: 'y i:8 ie:10 ee:12 j:28 e:22 ey:12',
  b: 'b bb:8 p:38 v:36 bh:12',
  bh: 'bh b:10 v:20 vh:35',
  c: 'c k:8 s:18 ch:28 q:20 cc:10 ck:12 z:40',
  ch: 'ch c:24 sh:22 kh:30 k:30 s:28 tch:10 j:36 chh:8 ck:35 h:40 tsch:30',
  chh: 'chh s:15 ch:8 c:20 sh:20',
  ck: 'ck k:6 c:12 kk:12 q:25',
  d: 'd dd:8 t:38 dh:14',
  dd: 'dd d:8',
  dh: 'dh d:12 z:24 th:20 j:38',
  dj: 'dj j:6 g:22 dz:25',
  f: 'f ff:8 ph:8 v:26 p:32',
  ff: 'ff f:8 ph:15',
  g: 'g gg:8 gh:14 j:24 k:36 q:34 gu:25',
  gh: 'gh g:12 q:36 k:38',
  h: 'h -:22 hh:10 kh:28',
  j: 'j g:24 dj:8 z:18 zh:20 y:30 dz:25 jj:8',
  k: 'k c:8 kk:8 q:8 ck:8 kh:20 g:36 ch:35',
  kh: 'kh k:18 h:22 ch:28 q:34 x:30 q:34',
  l: 'l ll:8',
  ll: 'll l:8',
  m: 'm mm:8 n:48',
  mm: 'mm m:8',
  n: 'n nn:8 m:48 ng:35',
  ng: 'ng n:28 nk:35',
  nn: 'nn n:8',
  p: 'p pp:8 b:38 ph:30',
  ph: 'ph f:8 p:28 v:30',
  q: 'q k:7 c:20 g:32 gh:34 qu:15 kh:34',
  qu: 'qu q:12 k:14 kw:12 c:30 ku:14',
  r: 'r rr:8 rh:18',
  rr: 'rr r:8 lr:25',
  s: 's ss:8 c:18 z:20 sh:24 x:40 sch:35',
  ss: 'ss s:8 c:25 z:25',
  sch: 'sch sh:6 s:28 ch:26 sk:35',
  sh: 'sh ch:22 sch:14 s:22 hs:40',
  t: 't tt:8 th:18 d:38',
  th: 'th t:15 s:26 d:28 z:36 dh:24 ht:30',
  tt: 'tt t:8',
  v: 'v w:14 b:34 f:24 bh:25 u:40',
  w: 'w v:14 u:18 o:30 hw:25 oo:28',
  x: 'x ks:8 z:26 s:30 kh:36 ch:38',
  z: 'z s:20 zz:8 j:18 dh:24 ts:30 th:36 zh:18',
  zh: 'zh j:18 z:16 sh:30',
};

const LONGEST = 3;
/** Latin writers seldom leave a vowel out. */
const WRITTEN_VOWEL_COST = 35;
const UNITS = unitTable(GRAPHEMES, (grapheme) => {
  if (grapheme === 'h') return VOWEL_COST;
  return /^[aeiouy]/.test(grapheme) ? WRITTEN_VOWEL_COST : CONSONANT_COST;
});

/** @param folded letters a to z */
export function latinUnits(folded: string): readonly Unit[] {
  const units: Unit[] = [];
  for (let at = 0; at < folded.length;) {
    const unit = longestAt(folded, at);
    units.push(unit);
    at += unit.symbol.length;
  }
  return units;
}

function longestAt(folded: string, at: number): Unit {
  for (let length = LONGEST; length > 0; length -= 1) {
    const unit = UNITS.get(folded.slice(at, at + length));
    if (unit?.symbol.length === length) return unit;
  }
  throw new Error('bug: a folded letter has no unit');
}
