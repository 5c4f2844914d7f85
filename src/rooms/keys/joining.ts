/** Coming into a group from outside. */
import type { Bytes } from '../../base/bytes.ts';
import { isKithError } from '../../base/errors.ts';
import type { Committed, Mls } from '../../sealing/mls/index.ts';
import { hasTwice } from './entries.ts';

/** A device that was in already takes its old place with it. */
export async function joinFrom(mls: Mls, info: Bytes): Promise<Committed> {
  try {
    const made = await mls.joinExternally(info);
    if (!hasTwice(made.group)) return made;
  } catch (error) {
    if (!isKithError(error)) throw error;
  }
  return mls.joinExternally(info, { resync: true });
}
