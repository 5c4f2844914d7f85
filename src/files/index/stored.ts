/** A version as it lies in the table of versions, before it is sealed. */
import { fromHex } from '../../base/bytes.ts';
import { arrayOf, bytesOf, decodeCbor, encodeCbor, malformed, numberOf } from '../../base/cbor.ts';
import { idFromBytes, type DeviceKey } from '../../base/ids.ts';
import type { VersionCodec } from '../ports-index.ts';
import { FOLDER_MODES } from '../types.ts';
import { decodeStoredVersions, encodeVersions, versionIdOf } from './wire.ts';

export const versionCodec: VersionCodec = {
  modes: FOLDER_MODES,
  encode: ({ id: _, device, hlc, audiences, ...body }) =>
    encodeCbor([fromHex(device), hlc.ms, hlc.n, [...audiences], encodeVersions(body.folder, [body])]),
  decode(bytes) {
    const [device, ms, n, audiences, said] = arrayOf(decodeCbor(bytes));
    const [body] = decodeStoredVersions(bytesOf(said));
    if (body === undefined) throw malformed('a version in the table');
    return {
      ...body,
      id: versionIdOf(body),
      device: idFromBytes<DeviceKey>(device),
      hlc: { ms: numberOf(ms), n: numberOf(n) },
      audiences: arrayOf(audiences).map(String),
    };
  },
};
