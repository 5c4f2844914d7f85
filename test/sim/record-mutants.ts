/** Rules of the registry broken on purpose; `from` is where the first seed that catches it was found. */
import type { Mutant } from './mutants.ts';

const FOLD = 'src/records/fold.ts';
const PROJECTION = 'src/records/projection.ts';
const ENDING = 'src/records/ending.ts';
const EDITING = 'src/records/editing.ts';

export const RECORD_MUTANTS: readonly Mutant[] = [
  {
    name: 'the last writer wins, whatever it had seen',
    file: FOLD,
    find: 'const left = past.size === 0 ? front : front.filter((other) => !past.has(other));',
    replace: 'const left = front.filter(() => false);',
    from: 1,
  },
  {
    name: 'edits do not say what they build on',
    file: EDITING,
    find: 'heads: full?.heads ?? [],',
    replace: 'heads: [],',
    from: 1,
  },
  {
    name: 'only direct ancestors count as seen',
    file: FOLD,
    find: 'stack.push(...next.parents);\n    }\n    return found;',
    replace: '}\n    return found;',
    from: 1,
  },
  {
    name: 'concurrent writes are ordered by arrival',
    file: FOLD,
    find: 'before !== undefined && isBefore(placed, before);',
    replace: 'before === placed;',
    from: 1,
  },
  {
    name: 'a record is not folded again when it was changed',
    file: PROJECTION,
    find: '      this.#refold(\n        row,\n        reader.withEntry(row, read, () => records.placesOf(row)),\n      );\n',
    replace: '      reader.withEntry(row, read, () => records.placesOf(row));\n',
    from: 1,
  },
  {
    name: 'an edit by others counts',
    file: 'src/records/reading.ts',
    find: 'if (!hasHome(id)) return true;',
    replace: 'if (id !== undefined) return true;',
    from: 1,
  },
  {
    name: 'the exact values are written for readers',
    file: 'src/records/kinds/reader-view.ts',
    find: "if (spec?.class === 'public' && spec.narrower[value] === undefined && value !== '') shown[name] = value;",
    replace: 'if (spec !== undefined) shown[name] = value;',
    from: 1,
  },
  {
    name: 'what readers had of who opts out stays',
    file: ENDING,
    find: '    context.log.erase(targets);\n  });\n}\n\n// ---- who has done it',
    replace: '  });\n}\n\n// ---- who has done it',
    from: 1,
  },
  {
    name: 'what a colleague wrote of what ended stays',
    file: PROJECTION,
    find: "if (full.end !== undefined) return some((entry) => entry.full?.op !== 'end');",
    replace: 'if (full.end !== undefined) return false;',
    from: 1,
  },
  {
    name: 'notes about who ended stay',
    file: PROJECTION,
    find: 'if (target?.gone === true) return some(() => true);',
    replace: 'if (target?.gone === true) return false;',
    from: 1,
  },
  {
    name: 'a long record is not folded anew when its past comes later',
    file: FOLD,
    find: 'if (this.#awaited.has(entry.hash)) return false;',
    replace: '',
    from: 1,
  },
  {
    name: 'a long record is kept in memory as it was before something of it was erased',
    file: PROJECTION,
    find: '    reader.forget(row);\n    this.#erased.add(row);',
    replace: '    this.#erased.add(row);',
    from: 1,
  },
  {
    name: 'the newest of many notes is not the newest',
    file: PROJECTION,
    find: 'else if (said?.about === id && isNewer(said, known)) this.#keepNewest(id, said);',
    replace: '',
    from: 1,
  },
  {
    name: 'the word of a reader is not heard',
    file: PROJECTION,
    find: 'for (const erasure of word.erasures)',
    replace: 'for (const erasure of word.erasures.slice(1))',
    from: 1,
  },
  {
    name: 'an erasure is not heard of by the tables',
    file: PROJECTION,
    find: 'if (reader.entryAt(place) === undefined) records.removeEntry(place);',
    replace: '',
    from: 1,
  },
];
