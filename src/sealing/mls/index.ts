export { createMls } from './adapter.ts';
export type { GroupAuthority, GroupChange, Mls, MlsGroup } from './types.ts';
