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
  const all: ExtensionEntry[] = [];
  let after: string | undefined;
  for (;;) {
    const cursor = after === undefined ? {} : { after };
    const page = await node.call('entries', { kind, limit: 1000, ...cursor });
    all.push(...page.entries);
    if (!page.more || page.next === null) return all;
    after = page.next;
  }
}

/** Their texts; null where this node does not hold one. */
export async function texts(node: NodeProcess, kind = 'x-demo'): Promise<(string | null)[]> {
  const entries = await read(node, kind);
  return entries.map(({ payload }) => (payload === null ? null : Buffer.from(payload, 'base64').toString()));
}

export async function count(node: NodeProcess, kind = 'x-demo'): Promise<number> {
  return (await read(node, kind)).length;
}
