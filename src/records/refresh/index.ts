export { REFRESH_LIMITS, RefreshCore, type Attempt, type RefreshEffect, type Sight } from './core.ts';
