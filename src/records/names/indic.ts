/** Bengali, and Hanifi, in which Rohingya is written: both spell nearly every sound, so a sign is a unit. */
import { CONSONANT_COST, unitTable, VOWEL_COST } from './spellings.ts';
import type { Unit } from './types.ts';

const BENGALI: Readonly<Record<string, string>> = {
  ক: 'k c:14 q:8 kk:30',
  খ: 'kh k:14 h:28',
  গ: 'g gh:25',
  ঘ: 'gh g:10',
  ঙ: 'ng n:20',
  চ: 'ch c:18 s:20 sh:35',
  ছ: 's:4 ch:6 chh:8 c:25 sh:25',
  জ: 'j z:8 g:30 zh:30',
  ঝ: 'jh j:10 z:25',
  ঞ: 'n:4 ny:14 -:30',
  ট: 't tt:25',
  ঠ: 'th:4 t:8',
  ড: 'd',
  ঢ: 'dh:4 d:8',
  ণ: 'n',
  ত: 't th:25 tt:25',
  থ: 'th:2 t:14',
  দ: 'd th:35',
  ধ: 'dh:2 d:10',
  ন: 'n nn:25',
  প: 'p',
  ফ: 'f:2 ph:6 p:35',
  ব: 'b w:32 v:28 bb:25',
  ভ: 'bh:6 v:6 b:12',
  ম: 'm mm:12',
  য: 'j:4 z:6 y:16',
  '\u09df': 'y:4 -:8 i:14 e:14 w:30 ie:25',
  র: 'r rr:25',
  ল: 'l ll:20',
  শ: 'sh s:10 ch:30',
  ষ: 'sh s:10',
  স: 's sh:16 c:30 ss:25 ch:40',
  হ: 'h -:22 kh:35',
  '\u09dc': 'r:2 d:18 rh:18',
  '\u09dd': 'r:4 rh:8',
  ৎ: 't',
  'ং': 'ng:2 n:12 m:18',
  'ঃ': '-:0 h:12',
  'ঁ': '-:0 n:14',
  অ: 'o:6 a:6 u:25',
  আ: 'a aa:14 e:35',
  ই: 'i:0 e:16 ee:22 y:14',
  ঈ: 'i:0 ee:10 e:18',
  উ: 'u:0 o:10 oo:20 ou:16 w:28',
  ঊ: 'u:0 oo:12 o:14',
  ঋ: 'ri:0 r:20',
  এ: 'e:2 a:16 ay:25 i:22',
  ঐ: 'oi:4 ai:8 oy:20',
  ও: 'o:2 u:14 w:10 wa:20 ou:20',
  ঔ: 'ou:4 au:8 ow:20',
  'া': 'a:0 aa:14 ah:25 e:30 o:35',
  'ি': 'i:0 e:14 ee:20 y:14 ie:30',
  'ী': 'i:0 ee:8 y:10 e:20 ie:25',
  'ু': 'u:0 o:8 oo:18 ou:16',
  'ূ': 'u:0 oo:8 o:12 ou:18',
  'ৃ': 'ri:0 r:25 ru:30',
  'ে': 'e:0 a:20 i:20 ay:25 ae:25 ey:28',
  'ৈ': 'oi:4 ai:8 oy:20 ay:22 ei:25',
  'ো': 'o:0 u:10 ou:18 a:32 oo:25',
  'ৌ': 'ou:2 au:6 ow:20 o:20 aw:25',
  '্য': '-:8 y:8 a:20 ya:20',
  '্ব': '-:6 w:8 b:15 v:20',
  /** The vowel that a consonant has where none is written. */
  '°': 'a:3 o:3 -:10 u:25 e:30',
  '°$': '-:0 a:22 o:18',
};

const HANIFI: Readonly<Record<string, string>> = {
  '𐴀': 'a:4 -:4',
  '𐴁': 'b bh:30',
  '𐴂': 'p f:20 ph:30',
  '𐴃': 't th:30',
  '𐴄': 't:2 th:30',
  '𐴅': 'j z:20 g:30',
  '𐴆': 's:6 ch:8 c:8',
  '𐴇': 'h -:24 kh:30',
  '𐴈': 'kh:3 k:10 h:25',
  '𐴉': 'f:2 p:20 ph:12',
  '𐴊': 'd dh:24 z:35',
  '𐴋': 'd:2 dh:25',
  '𐴌': 'r rr:25',
  '𐴍': 'r:3 rr:20',
  '𐴎': 'z j:16 dh:25 s:28',
  '𐴏': 's c:30 ss:25 th:30 sh:28',
  '𐴐': 'sh:2 s:18 c:28 ch:30',
  '𐴑': 'k q:8 c:14 kh:25',
  '𐴒': 'g gh:14',
  '𐴓': 'l ll:20',
  '𐴔': 'm mm:14',
  '𐴕': 'n nn:25',
  '𐴖': 'w:3 v:14 u:14 o:25',
  '𐴗': 'u:4 w:10 o:12',
  '𐴘': 'y:3 i:14 j:25',
  '𐴙': 'i:4 y:8 e:18',
  '𐴚': 'ng:3 n:20',
  '𐴛': 'ny:3 n:14',
  '𐴜': 'v:3 w:10 b:25',
  '𐴝': 'a aa:12 ah:25 e:28 o:30',
  '𐴞': 'i e:15 ee:12 y:14',
  '𐴟': 'u o:10 oo:10 ou:14',
  '𐴠': 'e a:20 i:18 ay:22',
  '𐴡': 'o u:12 ou:16 a:28',
  '𐴣': 'n:10 ng:12 -:10',
};

const BENGALI_VOWELS = /^(?:[\u0985-\u0994]|[\u09be-\u09cc]|\u0981|\u0983|°|\u09cd[\u09af\u09ac])/u;
const HANIFI_VOWELS = /^[\u{10d00}\u{10d1d}-\u{10d23}]/u;
const BENGALI_UNITS = unitTable(BENGALI, (sign) => (BENGALI_VOWELS.test(sign) ? VOWEL_COST : CONSONANT_COST));
const HANIFI_UNITS = unitTable(HANIFI, (sign) => (HANIFI_VOWELS.test(sign) ? VOWEL_COST : CONSONANT_COST));

/** Composed letters, since Unicode's own forms take those with a dot apart. */
export function normaliseBengali(text: string): string {
  return text
    .replaceAll('\u09af\u09bc', '\u09df')
    .replaceAll('\u09a1\u09bc', '\u09dc')
    .replaceAll('\u09a2\u09bc', '\u09dd')
    .replace(/[\u09bc\u200c\u200d]/gu, '');
}

const BENGALI_SIGN = /্[যব]|./gu;

export function bengaliUnits(text: string): readonly Unit[] {
  const signs = text.match(BENGALI_SIGN) ?? [];
  return signs.flatMap((sign, index) => {
    const unit = BENGALI_UNITS.get(sign);
    if (unit === undefined) return [];
    const bare = /[ক-হ\u09dc-\u09df]/u.test(sign) && !/^[া-ৌ্]/u.test(signs[index + 1] ?? '');
    const inherent =
      bare && sign.length === 1 ? BENGALI_UNITS.get(index === signs.length - 1 ? '°$' : '°') : undefined;
    return inherent === undefined ? [unit] : [unit, inherent];
  });
}

export function hanifiUnits(text: string): readonly Unit[] {
  return Array.from(text).flatMap((sign) => HANIFI_UNITS.get(sign) ?? []);
}
