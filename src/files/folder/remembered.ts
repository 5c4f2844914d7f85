/** What a device remembers of a path, as it lies in its store before it is sealed. */
import { fromHex, toHex } from '../../base/bytes.ts';
import { arrayOf, bytesOf, decodeCbor, encodeCbor, malformed, type CborValue } from '../../base/cbor.ts';
import { contentValue, readContent } from '../index/wire.ts';
import type { VersionId } from '../types.ts';
import { foldersOf, foldKey, parentOf } from './paths.ts';
import type { KnownCodec, KnownDisk } from './ports.ts';

export const knownCodec: KnownCodec = {
  encode: ({ path, spelled, base, disk }) =>
    encodeCbor([path, spelled ?? null, base.map(fromHex), diskValue(disk)]),
  decode(bytes) {
    const [path, spelled, base, disk] = arrayOf(decodeCbor(bytes));
    if (typeof path !== 'string') throw malformed('a path that was remembered');
    return {
      path,
      spelled: typeof spelled === 'string' ? spelled : undefined,
      base: arrayOf(base).map((id) => toHex(bytesOf(id)) as VersionId),
      disk: readDisk(disk),
    };
  },
  parentOf,
  foldKey,
  foldersOf,
};

function diskValue(disk: KnownDisk): CborValue {
  switch (disk.type) {
    case 'file':
      return [0, disk.identity, disk.stamp, contentValue(disk.content), disk.executable];
    case 'folder':
      return [1, disk.identity, disk.isMount];
    case 'link':
      return [2, disk.target];
  }
}

function readDisk(value: CborValue | undefined): KnownDisk {
  const [type, text, stamp, content, executable] = arrayOf(value);
  if (typeof text !== 'string') throw malformed('what was remembered of a disk');
  if (type === 1) return { type: 'folder', identity: text, isMount: stamp === true };
  if (type === 2) return { type: 'link', target: text };
  if (typeof stamp !== 'string') throw malformed('what was remembered of a file');
  return {
    type: 'file',
    identity: text,
    stamp,
    content: readContent(content),
    executable: executable === true,
  };
}
