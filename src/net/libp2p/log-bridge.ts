/** libp2p's own logging: silent, but for its errors, which go to our log at the lowest level. Nothing is printed. */
import type { ComponentLogger, Logger as Libp2pLogger } from '@libp2p/interface';
import type { Logger } from '../../base/ports.ts';

export function bridgeLogger(logger: Logger): ComponentLogger {
  return { forComponent: (name) => component(logger, name) };
}

function component(logger: Logger, name: string): Libp2pLogger {
  const ignore = (): void => undefined;
  const error = (format: unknown, ...args: unknown[]): void => {
    if (args.some(isExpected)) return;
    logger.debug({ component: name, detail: args.map(describe) }, String(format));
  };
  return Object.assign(ignore, {
    enabled: false,
    trace: ignore,
    error,
    newScope: (scope: string) => component(logger, `${name}:${scope}`),
  });
}

/** How libp2p's own watch over links hears that a peer lives: it asks for a protocol that nobody serves. */
function isExpected(value: unknown): boolean {
  return value instanceof Error && value.name === 'UnsupportedProtocolError';
}

function describe(value: unknown): string {
  return value instanceof Error ? `${value.name}: ${value.message}` : String(value);
}
