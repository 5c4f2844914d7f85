export { CannotOpen, type CannotOpenReason } from './failures.ts';
export type { KeyPublisher, KeysPlace, LetterDirectory, LetterKeyStore, LetterRoll } from './ports.ts';
export { openLetters } from './service.ts';
export type { LetterSealer, OpenedLetter, SealedLetter, SealResult } from './types.ts';
export { KEYS_KIND, readKeys } from './wire.ts';
