/** Hashtags of HXL 1.1: a tag, and attributes of it. */
const TAG = /^#[a-z][a-z0-9_]*(?:\s*\+\s*[a-z][a-z0-9_]*)*$/i;

/** Whether this is the row that says of an HXL file what its columns are: tags and empty cells, and at least one tag. */
export function isTagRow(cells: readonly string[]): boolean {
  const said = cells.map((cell) => cell.trim()).filter((cell) => cell !== '');
  return said.length > 0 && said.every((cell) => TAG.test(cell));
}
