export { createSealer, type Sealer } from './at-rest.ts';
export {
  changePassphrase,
  needsPassphrase,
  newRootKey,
  subkey,
  unwrapRootKey,
  wrapRootKey,
} from './root-key.ts';
export { openStream, sealStream } from './sealed-file.ts';
export * from './letters/index.ts';
