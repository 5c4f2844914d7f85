/** What a neighbour did, in words for an admin who looks at the map. */
const DEEDS: ReadonlyMap<string, string> = new Map([
  ['malformed', 'it sends what cannot be read'],
  ['out-of-turn', 'it speaks before it has said who it is'],
  ['bad-entries', 'it passes on entries that nobody signed so'],
  ['bad-acks', 'it passes on receipts that nobody signed so'],
  ['too-much-comparing', 'it asks for the same again and again'],
  ['bad-piece', 'it gives out false pieces of files'],
  ['not-asked', 'it sends pieces of files that nobody asked for'],
]);

/** @param about what the channel is for. @param code what was wrong with what came. */
export function reasonOf(about: string, code: string): string {
  return `${DEEDS.get(code) ?? 'it does not keep to what was agreed on'} (${about}: ${code})`;
}
