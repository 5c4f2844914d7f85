export { MailService, type MailChange } from './service.ts';
export { decodeCopy, decodeReceipt, isLetterFrame, isMailFrame } from './wire.ts';
export { msOfHours, trustedNowMs } from './time.ts';
export type { MailSealer } from './ports.ts';
export type { CopyId, LetterId, Received, SentLetter, SentTo } from './types.ts';
