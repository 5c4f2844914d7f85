import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { getCiphersuiteFromName, getCiphersuiteImpl } from 'ts-mls';
import { publicKeyOf } from '../../identity/signing.ts';
import { fromHex } from '../../base/bytes.ts';
import { withNodeCrypto } from './suite.ts';

const SEED = 20261129;
const bytes = fc.uint8Array({ maxLength: 100 });
/** Web Crypto takes no empty key. */
const keys = fc.uint8Array({ minLength: 1, maxLength: 80 });

describe('the suite by node:crypto', async () => {
  const theirs = await getCiphersuiteImpl(
    getCiphersuiteFromName('MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519'),
  );
  const ours = withNodeCrypto(theirs);

  it('gives what the library gives by Web Crypto', async () => {
    await fc.assert(
      fc.asyncProperty(keys, bytes, fc.integer({ min: 1, max: 100 }), async (key, data, sizeBytes) => {
        assert.deepEqual(await ours.hash.digest(data), await theirs.hash.digest(data));
        const mac = await theirs.hash.mac(key, data);
        assert.deepEqual(await ours.hash.mac(key, data), mac);
        assert.ok(await ours.hash.verifyMac(key, mac, data));
        assert.deepEqual(await ours.kdf.extract(mac, key), await theirs.kdf.extract(mac, key));
        assert.deepEqual(
          await ours.kdf.expand(mac, data, sizeBytes),
          await theirs.kdf.expand(mac, data, sizeBytes),
        );
      }),
      { seed: SEED },
    );
  });

  it('signs alike, and believes the other way’s signatures and no others', async () => {
    const seeds = fc.uint8Array({ minLength: 32, maxLength: 32 });
    await fc.assert(
      fc.asyncProperty(seeds, bytes, async (seed, message) => {
        const key = fromHex(publicKeyOf(seed));
        const signature = await ours.signature.sign(seed, message);
        assert.deepEqual(signature, await theirs.signature.sign(seed, message));
        assert.ok(await ours.signature.verify(key, message, signature));
        const other = new Uint8Array([...message, 0]);
        assert.equal(await ours.signature.verify(key, other, signature), false);
      }),
      { seed: SEED, numRuns: 30 },
    );
  });

  it('takes no other authentication code for the right one', async () => {
    const [key, data] = [new Uint8Array([1]), new Uint8Array([2])];
    const mac = await ours.hash.mac(key, data);
    assert.equal(await ours.hash.verifyMac(key, mac.subarray(1), data), false);
    assert.equal(
      await ours.hash.verifyMac(
        key,
        mac.map((byte) => byte ^ 1),
        data,
      ),
      false,
    );
  });
});
