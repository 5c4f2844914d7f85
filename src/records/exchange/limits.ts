/** What a file may hold at most, so that a hostile one costs no more memory than a good one. */
export const EXCHANGE_LIMITS = {
  /** All fields of one record together, in characters. */
  recordChars: 128 * 1024,
  /** One piece of markup, or one text between two, in characters; more of it is never read to its end. */
  tokenChars: 8 * 1024 * 1024,
  notesPerPerson: 10_000,
  /** Elements of a record; more are not PFIF. */
  elementsPerRecord: 200,
  depth: 64,
  /** Beyond it the file is refused. */
  depthOfFile: 1000,
  /** Faults between records, before a file counts as none that can be read. */
  faultsBetween: 1000,
  columns: 1000,
  preambleRows: 50,
} as const;

/** A copy of its own: a piece of a larger text keeps all of that in memory for as long as it is kept itself. */
export function copyOf(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8');
}
