/** Hubs: being introduced to nodes that no local network leads to, and introducing them. */
export { HubClient, serveHub } from './service.ts';
export type { Relays } from './ports.ts';
