/** One fetch, as it is remembered over a restart. */
import type { Bytes } from '../../base/bytes.ts';
import { arrayOf, decodeCbor, encodeCbor, malformed, numberOf } from '../../base/cbor.ts';
import { contentValue, readContent } from '../index/wire.ts';
import type { Content } from '../types.ts';
import type { FileTarget } from './sinks.ts';

export interface Fetch {
  /** Names it for whoever started it; a second one of that name is the same. */
  readonly id: string;
  readonly content: Content;
  /** Undefined: into this node's own store. */
  readonly target: FileTarget | undefined;
}

export function encodeFetch({ id, content, target }: Fetch): Bytes {
  const where =
    target === undefined
      ? null
      : [target.path, target.partial, Math.max(0, Math.floor(target.modifiedMs)), target.executable];
  return encodeCbor([id, contentValue(content), where]);
}

/** @throws KithError `malformed` */
export function decodeFetch(bytes: Bytes): Fetch {
  const [id, content, where] = arrayOf(decodeCbor(bytes));
  if (typeof id !== 'string') throw malformed('a fetch');
  if (where === null) return { id, content: readContent(content), target: undefined };
  const [path, partial, modifiedMs, executable] = arrayOf(where);
  if (typeof path !== 'string' || typeof partial !== 'string') throw malformed('a fetch');
  return {
    id,
    content: readContent(content),
    target: { path, partial, modifiedMs: numberOf(modifiedMs), executable: executable === true },
  };
}
