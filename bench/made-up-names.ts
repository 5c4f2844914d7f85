/** Names that nobody has, in five scripts; words follow Zipf's law, as names do: the commonest is in every twentieth name. */
import { KNOWN_NAMES } from '../test/names/known-names.ts';

const VOCABULARY = 30_000;
export const random = seeded(20_261_128);
const SYLLABLES =
  'အောင် ကျော် မြင့် ဝင်း ထွန်း သန်း ခင် လှ မြ စိုး ဇော် မင်း နိုင် ထက် ဖြိုး သူ ရဲ လင်း ဟိန်း ကို သီ တင် မော် ညွန့် အေး စန်း ရွှေ နွယ် ဖြူ စု မာ ဌေး ဦး ထူး ပြည့် ဆွေ ကြည် ဝေ နီ ပိုင် မိုး ကြိုင် သက် ချို ရီ ညို ဆင့် ဘ ဖေ သောင်း ခိုင် ကျင် လွင် မျိုး ငွေ ပန်း'.split(
    ' ',
  );
const BURMESE_LATIN =
  'Aung Kyaw Myint Win Tun Than Khin Hla Mya Soe Zaw Min Naing Htet Phyo Thu Ye Lin Hein Ko Thi Tin Maw Nyunt Aye San Shwe Nwe Phyu Su Mar Htay Oo Htoo Pyae Swe Kyi Wai Ni Paing Moe Kyaing Thet Cho Yi Nyo Sint Ba Pe Thaung Khaing Kyin Lwin Myo Ngwe Pan'.split(
    ' ',
  );
const ONSETS = 'b d f g h j k l m n r s t z sh kh ch th y'.split(' ');
const ARABIC_ONSETS = 'ب د ف غ ه ج ك ل م ن ر س ت ز ش خ تش ث ي'.split(' ');
const BENGALI_ONSETS = 'ব দ ফ গ হ জ ক ল ম ন র স ত জ শ খ চ থ য়'.split(' ');
const VOWELS = 'a i u e o'.split(' ');
const ARABIC_VOWELS = ['ا', 'ي', 'و', 'ي', 'و'];
const BENGALI_VOWELS = ['া', 'ি', 'ু', 'ে', 'ো'];

interface Made {
  readonly latin: string;
  readonly arabic: string;
  readonly bengali: string;
}

/** The same whole numbers at each run. */
function seeded(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) | 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return ((mixed ^ (mixed >>> 16)) >>> 0) % limit;
  };
}

function madeUp(): Made {
  let [latin, arabic, bengali] = ['', '', ''];
  for (let syllables = 2 + random(2); syllables > 0; syllables -= 1) {
    const [onset, vowel] = [random(ONSETS.length), random(VOWELS.length)];
    latin += `${ONSETS[onset] ?? ''}${VOWELS[vowel] ?? ''}`;
    arabic += `${ARABIC_ONSETS[onset] ?? ''}${random(2) === 0 ? (ARABIC_VOWELS[vowel] ?? '') : ''}`;
    bengali += `${BENGALI_ONSETS[onset] ?? ''}${BENGALI_VOWELS[vowel] ?? ''}`;
  }
  const last = random(ONSETS.length);
  return random(2) === 0
    ? { latin, arabic, bengali }
    : {
        latin: latin + (ONSETS[last] ?? ''),
        arabic: arabic + (ARABIC_ONSETS[last] ?? ''),
        bengali: bengali + (BENGALI_ONSETS[last] ?? ''),
      };
}

const known = KNOWN_NAMES.map(({ latin, arabic, bengali }) => ({ latin: latin[0] ?? '', arabic, bengali }));
const words: readonly Made[] = [...known, ...Array.from({ length: VOCABULARY }, madeUp)];

/** Rank r about as often as 1/r. */
function commonWord(): Made {
  const rank = Math.floor(Math.exp((random(1_000_000) / 1_000_000) * Math.log(words.length))) - 1;
  return words[rank] ?? { latin: 'Ali', arabic: 'علي', bengali: 'আলী' };
}

function burmeseSyllable(list: readonly string[]): string {
  return list[Math.floor((random(1000) / 1000) ** 1.5 * list.length)] ?? '';
}

export type Style = 'latin' | 'arabic' | 'bengali' | 'burmese' | 'burmese-latin';
export const STYLES: readonly Style[] = ['latin', 'latin', 'arabic', 'bengali', 'burmese', 'burmese-latin'];

export function nameIn(style: Style): string {
  const count = 2 + random(2);
  const some = <Item>(make: () => Item): Item[] => Array.from({ length: count }, make);
  switch (style) {
    case 'burmese':
      return some(() => burmeseSyllable(SYLLABLES)).join('');
    case 'burmese-latin':
      return some(() => burmeseSyllable(BURMESE_LATIN)).join(' ');
    default:
      return some(() => commonWord()[style]).join(' ');
  }
}

/** What somebody asks who heard the name, or who knows its beginning, or one word of it. */
export function questionAbout(name: string): { readonly text: string; readonly whole: boolean } {
  const parts = name.split(' ');
  switch (random(5)) {
    case 0:
      return { text: [...parts].reverse().join(' '), whole: true };
    case 1:
      return { text: parts[random(parts.length)] ?? name, whole: parts.length === 1 };
    case 2: {
      const at = 1 + random(Math.max(1, name.length - 2));
      return { text: name.slice(0, at) + name.slice(at + 1), whole: true };
    }
    default:
      return { text: name, whole: true };
  }
}

/** Of a sorted copy. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return Number((sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(1));
}
