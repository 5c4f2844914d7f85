import { KithError } from '../../base/errors.ts';
import type { ExtensionEntry, ExtensionKind, NodeFacade } from '../../node/facade.ts';
import type { entryRoutes } from '../contract/entries.ts';
import type { Handlers } from '../handler.ts';

export function entryHandlers({ entries }: NodeFacade): Handlers<typeof entryRoutes> {
  return {
    async appendEntries({ entries: drafts }) {
      const appended = await entries.append(
        drafts.map(({ kind, audience, payload }) => ({
          kind: extensionKind(kind),
          audience,
          payload: new Uint8Array(Buffer.from(payload, 'base64')),
        })),
      );
      return { entries: appended };
    },
    async entries({ kind, after, limit }) {
      const page = await entries.page({ kind, after, limit });
      return { ...page, entries: page.entries.map(printed) };
    },
    eraseEntries: ({ ids }) => entries.erase(ids),
  };
}

function printed({ payload, ...entry }: ExtensionEntry) {
  return { ...entry, payload: payload === null ? null : Buffer.from(payload).toString('base64') };
}

function extensionKind(kind: string): ExtensionKind {
  if (!kind.startsWith('x-'))
    throw new KithError('bad-kind', 'The kind of an entry from outside starts with x-.');
  return kind as ExtensionKind;
}
