/** Why nodes see each other or do not. */
export { diagnose } from './core.ts';
export { probeTcp } from './probe.ts';
