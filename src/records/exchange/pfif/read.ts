/** PFIF in XML or Atom, of any version, as records of 1.4. */
import type { Reader, ReadItem } from '../types.ts';
import { currentOf, type ReadOptions } from './current.ts';
import { PfifXmlReader } from './xml-read.ts';

export function pfifXmlReader(options: ReadOptions = {}): Reader {
  let items: ReadItem[] = [];
  const reader = new PfifXmlReader({
    record: (raw) => {
      for (const item of currentOf(raw, options)) items.push(item);
    },
    problem: (problem) => {
      items.push(problem);
    },
  });
  const taken = (): readonly ReadItem[] => {
    const given = items;
    items = [];
    return given;
  };
  return {
    push: (text) => {
      reader.push(text);
      return taken();
    },
    end: () => {
      reader.end();
      return taken();
    },
  };
}
