import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isKithError } from '../base/errors.ts';
import type { NetworkId } from '../base/ids.ts';
import { formatInviteLink, isInviteLink, parseInviteLink, type InviteLink } from './invite-link.ts';

const LINK: InviteLink = {
  network: 'ab'.repeat(32) as NetworkId,
  seed: new Uint8Array(32).fill(7),
  networkName: 'ကူညီရေး',
  name: 'Bo',
  forDevice: false,
  expiresMs: 1_790_000_000_000,
  addresses: ['/ip4/192.0.2.1/tcp/4001/p2p/12D3KooWALeFhKxmKVQ2jYKMxWcAqaxJtQb9ogESLwM7biCSj5XQ'],
};

describe('an invitation link', () => {
  it('comes back as it was, with blanks around it too', () => {
    assert.deepEqual(parseInviteLink(`  ${formatInviteLink(LINK)}\n`), LINK);
    assert.ok(isInviteLink(formatInviteLink(LINK)));
  });

  it('carries at most twelve addresses', () => {
    const many = {
      ...LINK,
      addresses: Array.from({ length: 30 }, (_, index) => `/ip4/192.0.2.${String(index)}/tcp/1`),
    };
    assert.equal(parseInviteLink(formatInviteLink(many)).addresses.length, 12);
  });

  it('says so when it was cut off or changed, whatever came of it', () => {
    const text = formatInviteLink(LINK);
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.string({ maxLength: 8 }), (at, insert) => {
        const changed = text.slice(0, at) + insert;
        try {
          parseInviteLink(changed);
        } catch (error) {
          assert.ok(isKithError(error, 'bad-link'), String(error));
          return;
        }
        assert.ok(changed.startsWith(text.slice(0, 12)));
      }),
    );
    for (const cut of ['', 'kith://join/', text.slice(0, -1), text.slice(0, 60), 'https://example.org/x']) {
      assert.throws(
        () => parseInviteLink(cut),
        (error: unknown) => isKithError(error, 'bad-link'),
      );
    }
  });
});
