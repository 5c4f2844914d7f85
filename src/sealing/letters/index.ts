export type { KeysPlace, LetterDirectory, LetterKeyStore } from './ports.ts';
export { openLetters } from './service.ts';
export type { LetterSealer, OpenedLetter, SealedLetter } from './types.ts';
export { KEYS_KIND, readKeys } from './wire.ts';
