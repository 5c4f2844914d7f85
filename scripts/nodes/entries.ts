/** Extension entries of a node, as a program that builds on kith reads and writes them. */
import type { ExtensionEntry } from '../../src/api/contract.ts';
import type { NodeProcess } from './node-process.ts';

const BATCH = 1000;

/** Appends one entry a text; resolves when the node has acknowledged all. @returns their ids. */
export async function write(
  node: NodeProcess,
  texts: readonly string[],
  options: { readonly kind?: string; readonly audience?: string } = {},
): Promise<string[]> {
  const { kind = 'x-demo', audience = 'members' } = options;
  const ids: string[] = [];
  for (let at = 0; at < texts.length; at += BATCH) {
    const entries = texts
      .slice(at, at + BATCH)
      .map((text) => ({ kind, audience, payload: Buffer.from(text).toString('base64') }));
    const { entries: written } = await node.call('appendEntries', { entries });
    ids.push(...written.map(({ id }) => id));
  }
  return ids;
}

/** Everything of that kind that this node has, in its order. */
export async function read(node: NodeProcess, kind = 'x-demo'): Promise<ExtensionEntry[]> {
  return (await readAfter(node, undefined, kind)).entries;
}

/** What came after that cursor of this node's, and a cursor for the next time. */
export async function readAfter(
  node: NodeProcess,
  after: string | undefined,
  kind = 'x-demo',
): Promise<{ readonly entries: ExtensionEntry[]; readonly next: string | undefined }> {
  const entries: ExtensionEntry[] = [];
  for (let next = after; ;) {
    const page = await node.call('entries', {
      kind,
      limit: 1000,
      ...(next === undefined ? {} : { after: next }),
    });
    entries.push(...page.entries);
    next = page.next ?? next;
    if (!page.more) return { entries, next };
  }
}

/** Their texts; null where this node does not hold one. */
export async function texts(node: NodeProcess, kind = 'x-demo'): Promise<(string | null)[]> {
  return (await read(node, kind)).map(textOf);
}

export function textOf({ payload }: ExtensionEntry): string | null {
  return payload === null ? null : Buffer.from(payload, 'base64').toString();
}

export async function count(node: NodeProcess, kind = 'x-demo'): Promise<number> {
  return (await read(node, kind)).length;
}
