export { createMls } from './adapter.ts';
export type { GroupAuthority, Mls, MlsGroup } from './types.ts';
