/**
 * Zawgyi is a font's own order and use of the Burmese code points; much of what was typed before 2019 is in it.
 * `myanmar-tools` tells it from Unicode by the statistics of longer texts. A name has few letters, so first come signs
 * that only one of the two can have.
 */
import myanmarTools from 'myanmar-tools';

/** Its statistics take a while to unpack, and a node starts more often than it meets a name that could be either. */
let made: InstanceType<typeof myanmarTools.ZawgyiDetector> | undefined;
const converter = new myanmarTools.ZawgyiConverter();

function zawgyiProbability(text: string): number {
  made ??= new myanmarTools.ZawgyiDetector();
  return made.getZawgyiProbability(text);
}

const BURMESE = /[\u1000-\u109f]/u;
/**
 * Only Zawgyi: a word that begins with the sign e or with a medial, a stacking sign with nothing under it, two vowels e,
 * stacked letters as code points of their own.
 */
const ZAWGYI_ONLY =
  /(?:^|[^\u1000-\u109f])[\u1031\u103b\u107e-\u1084]|\u1039(?![\u1000-\u1021])|\u1031[\u1031\u103b\u107e-\u1084]|[\u1033\u1034\u1060-\u1063]|[\u1065-\u106d]|[\u1070-\u107d]|\u1085|\u108a|[\u108f-\u1097]|(?:\u102d|\u102e|\u1032|\u1036)\u102d|[\u1000-\u1021]\u1039[\u1000-\u1021]\u1039/u;
/** Only Unicode: kinzi, a killed consonant before a tone, a consonant or an end, the medial h. */
const UNICODE_ONLY =
  /\u1004\u103a\u1039|[\u1000-\u1021]\u1037?\u103a(?:[\u1037\u1038]|$|\s|[\u1000-\u1021](?!\u1039))|\u103e/u;
/** Between these the detector does not know either. */
const SURELY_UNICODE = 0.02;
const SURELY_ZAWGYI = 0.98;

export type BurmeseEncoding = 'zawgyi' | 'unicode';

/** @returns `undefined` if the text could be either */
export function burmeseEncoding(text: string): BurmeseEncoding | undefined {
  const [zawgyi, unicode] = [ZAWGYI_ONLY.test(text), UNICODE_ONLY.test(text)];
  if (zawgyi !== unicode) return zawgyi ? 'zawgyi' : 'unicode';
  const probability = zawgyiProbability(text);
  if (probability > SURELY_ZAWGYI) return 'zawgyi';
  return probability < SURELY_UNICODE ? 'unicode' : undefined;
}

/**
 * The text in Unicode; both ways of reading it, the likelier first, where it could be either.
 * @param believed what is known about the list that the text is from: a list is seldom half in Zawgyi
 */
export function unicodeReadings(text: string, believed?: BurmeseEncoding): readonly string[] {
  if (!BURMESE.test(text)) return [text];
  const encoding = believed ?? burmeseEncoding(text);
  if (encoding === 'unicode') return [text];
  const converted = converter.zawgyiToUnicode(text);
  if (encoding === 'zawgyi' || converted === text) return [converted];
  const zawgyiFirst = zawgyiProbability(text) > 0.5;
  return zawgyiFirst ? [converted, text] : [text, converted];
}
