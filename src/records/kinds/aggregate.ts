/** Counts over many households, without those cells that would tell of one. */

/** Cells that count fewer people or households than this are not given out. */
export const SMALLEST_CELL = 5;

export interface Cell {
  readonly key: readonly string[];
  readonly count: number;
}

export interface ShownCell {
  readonly key: readonly string[];
  /** Null: too few to say. */
  readonly count: number | null;
}

/**
 * Cells of one table whose total is known to readers as well: where one alone would be left out, the next smallest goes
 * with it, or the total less the others would tell it. Zero tells of nobody and stays.
 */
export function suppressSmallCells(cells: readonly Cell[]): readonly ShownCell[] {
  const hidden = new Set(cells.filter(({ count }) => count > 0 && count < SMALLEST_CELL));
  const [only] = hidden;
  if (only !== undefined && hidden.size === 1 && only.count < SMALLEST_CELL) {
    const next = cells
      .filter((cell) => cell.count >= SMALLEST_CELL)
      .sort((a, b) => a.count - b.count || (a.key.join() < b.key.join() ? -1 : 1))[0];
    if (next !== undefined) hidden.add(next);
  }
  return cells.map((cell) => ({ key: cell.key, count: hidden.has(cell) ? null : cell.count }));
}
