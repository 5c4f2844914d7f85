/**
 * Counts as HXL 1.1: households of camps by block, or persons by state and status. A count below five is not given, nor
 * one that could be told from those that are; nobody is counted who is withheld from readers.
 */
import { suppressSmallCells, SMALLEST_CELL } from '../../kinds/index.ts';
import type { ExportRecord } from '../types.ts';
import { csvRow } from '../csv/write.ts';

/** Rows that one file may have: a count by place needs no more, and a file that does is one of single people. */
const MOST_ROWS = 50_000;

interface Table {
  readonly headings: readonly string[];
  readonly tags: readonly string[];
  /** How many of the columns say what is counted. */
  readonly keys: number;
}

const CENSUS: Table = {
  headings: [
    'Region',
    'Camp',
    'Block',
    'Households',
    'People',
    'Women',
    'Men',
    'Girls',
    'Boys',
    'Under 5',
    'Over 60',
  ],
  tags: [
    '#adm1+name',
    '#loc+camp+name',
    '#loc+block+name',
    '#affected+hh',
    '#affected+ind',
    '#affected+adults+f',
    '#affected+adults+m',
    '#affected+children+f',
    '#affected+children+m',
    '#affected+age0_4',
    '#affected+age60_plus',
  ],
  keys: 3,
};
const COUNTED = ['persons', 'women', 'men', 'girls', 'boys', 'under_5', 'over_60'] as const;

const PERSONS: Table = {
  headings: ['Country', 'State', 'Status', 'Female', 'Male', 'Other or unknown'],
  tags: ['#country+code', '#adm1+name', '#status', '#affected+f', '#affected+m', '#affected+other'],
  keys: 3,
};

class Counts {
  readonly #rows = new Map<string, number[]>();
  readonly #width: number;

  constructor(width: number) {
    this.#width = width;
  }

  add(key: readonly string[], counts: readonly number[]): void {
    const name = JSON.stringify(key);
    const row = this.#rows.get(name);
    if (row === undefined) {
      if (this.#rows.size < MOST_ROWS) this.#rows.set(name, [...counts]);
    } else
      for (let column = 0; column < this.#width; column += 1)
        row[column] = (row[column] ?? 0) + (counts[column] ?? 0);
  }

  /** In the order of their keys. */
  rows(): (readonly [key: readonly string[], counts: readonly number[]])[] {
    return [...this.#rows]
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([key, counts]) => [JSON.parse(key) as string[], counts]);
  }
}

export function* hxlCensus(records: Iterable<ExportRecord>): Generator<string> {
  const counts = new Counts(COUNTED.length + 1);
  for (const { kind, fields } of records) {
    if (kind !== 'census') continue;
    const key = ['region', 'camp', 'block'].map((name) => fields[name] ?? '');
    counts.add(key, [1, ...COUNTED.map((name) => Number(fields[name] ?? 0))]);
  }
  yield* written(CENSUS, counts, ([households = 0, people = 0, ...groups]) => {
    // A handful of households tell of each of them, however many people live there.
    if (households < SMALLEST_CELL || people < SMALLEST_CELL) return null;
    const [women = 0, men = 0, girls = 0, boys = 0, under5 = 0, over60 = 0] = groups;
    return [
      households,
      people,
      ...shown([women, men, girls, boys], people),
      ...[under5, over60].flatMap((count) => shown([count], people)),
    ];
  });
}

/** @param records persons, with `status` as of their newest note among the fields. */
export function* hxlPersons(records: Iterable<ExportRecord>): Generator<string> {
  const counts = new Counts(3);
  for (const { kind, fields } of records) {
    if (kind !== 'person') continue;
    const key = ['home_country', 'home_state', 'status'].map((name) => fields[name] ?? '');
    const sex = fields['sex'] ?? '';
    counts.add(key, [
      Number(sex === 'female'),
      Number(sex === 'male'),
      Number(sex !== 'female' && sex !== 'male'),
    ]);
  }
  yield* written(PERSONS, counts, (groups) => {
    const cells = shown(groups);
    return cells.every((cell) => cell === null || cell === 0) ? null : cells;
  });
}

function* written(
  table: Table,
  counts: Counts,
  shownOf: (counts: readonly number[]) => readonly (number | null)[] | null,
): Generator<string> {
  yield csvRow(table.headings);
  yield csvRow(table.tags);
  for (const [key, found] of counts.rows()) {
    const cells = shownOf(found);
    // A row of nothing but small counts would say that there is somebody.
    if (cells !== null) yield csvRow([...key, ...cells.map((cell) => (cell === null ? '' : String(cell)))]);
  }
}

/** @param total what the groups are parts of, where it is given: what is left of it must not be small either. */
function shown(groups: readonly number[], total?: number): (number | null)[] {
  const left = total === undefined ? 0 : Math.max(0, total - groups.reduce((sum, count) => sum + count, 0));
  const cells = [...groups, left].map((count, index) => ({ key: [String(index)], count }));
  return suppressSmallCells(cells)
    .slice(0, groups.length)
    .map(({ count }) => count);
}
