export { createMls } from './adapter.ts';
export type { Committed, GroupAuthority, GroupChange, Mls, MlsGroup } from './types.ts';
