/** FEBRL's data set 3 (made-up Australian records with mistakes) as persons; the truth is in each record's id. */
import { blockingKeys, MAX_BLOCK, type Person } from '../../src/records/index.ts';

export interface Labelled {
  readonly person: Person;
  /** Records with the same number are of one person. */
  readonly entity: number;
}

export function readFebrl(csv: string): readonly Labelled[] {
  const [heading = '', ...lines] = csv.trim().split('\n');
  const columns = heading.split(',').map((name) => name.trim());
  return lines.map((line) => {
    const cells = line.split(',').map((cell) => cell.trim());
    const cell = (name: string): string => cells[columns.indexOf(name)] ?? '';
    return { person: personOf(cell), entity: Number(cell('rec_id').split('-')[1]) };
  });
}

function personOf(cell: (name: string) => string): Person {
  const name = `${cell('given_name')} ${cell('surname')}`.trim();
  const born = /^(\d{4})(\d{2})(\d{2})$/.exec(cell('date_of_birth'));
  const home = {
    street: `${cell('street_number')} ${cell('address_1')}`.trim(),
    neighborhood: cell('address_2'),
    city: cell('suburb'),
    postalCode: cell('postcode'),
    state: cell('state'),
  };
  return {
    names: name === '' ? [] : [name],
    ...(born === null ? {} : { dateOfBirth: born.slice(1).join('-') }),
    home: Object.fromEntries(Object.entries(home).filter(([, value]) => value !== '')),
    documents: [cell('soc_sec_id')],
  };
}

export interface Pair {
  readonly a: number;
  readonly b: number;
}

/** Every pair of records that share a block, once. */
export function blockedPairs(records: readonly Labelled[]): readonly Pair[] {
  const blocks = new Map<string, number[]>();
  for (const [at, { person }] of records.entries()) {
    for (const key of blockingKeys(person)) {
      const block = blocks.get(key);
      if (block === undefined) blocks.set(key, [at]);
      else block.push(at);
    }
  }
  const pairs = new Map<number, Pair>();
  for (const block of [...blocks.values()].filter(({ length }) => length <= MAX_BLOCK)) {
    for (const [at, a] of block.entries()) {
      for (const b of block.slice(at + 1)) pairs.set(a * records.length + b, { a, b });
    }
  }
  return [...pairs.values()];
}

export function truePairs(records: readonly Labelled[]): number {
  const sizes = new Map<number, number>();
  for (const { entity } of records) sizes.set(entity, (sizes.get(entity) ?? 0) + 1);
  return [...sizes.values()].reduce((sum, size) => sum + (size * (size - 1)) / 2, 0);
}
