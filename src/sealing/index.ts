export { createSealer, SEAL_BYTES, type SealContext, type Sealer } from './at-rest.ts';
export {
  changePassphrase,
  needsPassphrase,
  newRootKey,
  PASSPHRASE_COST,
  subkey,
  unwrapRootKey,
  wrapRootKey,
  type PassphraseCost,
} from './root-key.ts';
export { openStream, sealStream } from './sealed-file.ts';
