import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isKithError } from '../base/errors.ts';
import type { DeviceKey, MemberId } from '../base/ids.ts';
import { createSigner, createVerifier } from '../identity/signing.ts';
import { encodeCard, readCard } from './card.ts';
import type { ReplicaId } from './consensus/types.ts';
import { INVITE, isGenuine, nextTry, signInvitation } from './invitations.ts';
import type { RoomCard, RoomId, SentInvite } from './types.ts';
import { decodeFrame, encodeFrame, type Addressed, type RoomFrame } from './wire.ts';

const SEED = 20261128;
const ROOM = 'ab'.repeat(32) as RoomId;
const REPLICA = `${'cd'.repeat(32)}/${'ef'.repeat(8)}` as ReplicaId;
const signer = createSigner(new Uint8Array(32).fill(7));
const verifier = createVerifier();
const INVITATION = signInvitation(signer, {
  room: ROOM,
  name: 'Doctors',
  to: '12'.repeat(32) as MemberId,
  expiresMs: 1_800_000_000_000,
  commit: 9,
});
const COMMAND = {
  author: 'cd'.repeat(32),
  incarnation: 'ef'.repeat(8),
  number: 3,
  body: new Uint8Array([1, 2]),
};

const FRAMES: readonly RoomFrame[] = [
  { type: 'core', message: { type: 'stale', term: 4 } },
  { type: 'said', said: [{ command: COMMAND, sentMs: 99 }] },
  { type: 'heights', heights: [[`${COMMAND.author} ${COMMAND.incarnation}`, 7]] },
  { type: 'hello', invitation: INVITATION },
  { type: 'hello', invitation: undefined },
  { type: 'greeting', host: REPLICA, known: [REPLICA] },
  { type: 'probe', id: 5, isAnswer: true },
  { type: 'delays', roster: new Uint8Array(8).fill(3), delays: [[0, 1234, 10]], readable: 42 },
  { type: 'invite', invitation: INVITATION },
  { type: 'answer', accepted: false },
  { type: 'remove', device: '34'.repeat(32) as DeviceKey, since: 17 },
  { type: 'keys-wanted' },
  { type: 'keys', at: 9, epoch: 2, info: new Uint8Array([1, 2, 3]) },
  { type: 'epoch', at: 9, epoch: 2, authenticator: new Uint8Array(32).fill(4) },
  { type: 'texts-wanted', above: 3, upTo: 9 },
  {
    type: 'texts',
    reached: 5,
    upTo: 9,
    epoch: 2,
    boot: new Uint8Array(16).fill(5),
    seq: 1,
    ciphertext: new Uint8Array([6]),
  },
];

describe('frames of rooms', () => {
  it('come back as they were', () => {
    for (const frame of FRAMES) {
      const addressed: Addressed = { room: ROOM, from: REPLICA, to: undefined, frame };
      assert.deepEqual(decodeFrame(encodeFrame(addressed)), addressed);
    }
  });

  it('are malformed or another frame, whatever is changed in them', () => {
    fc.assert(
      fc.property(
        fc.nat(FRAMES.length - 1),
        fc.nat(),
        fc.uint8Array({ maxLength: 6 }),
        (which, place, bytes) => {
          const frame = FRAMES[which] ?? { type: 'answer', accepted: true };
          const good = encodeFrame({ room: ROOM, from: REPLICA, to: REPLICA, frame });
          const at = place % good.byteLength;
          const changed = new Uint8Array([
            ...good.subarray(0, at),
            ...bytes,
            ...good.subarray(at + bytes.byteLength),
          ]);
          try {
            decodeFrame(changed);
          } catch (error) {
            assert.ok(isKithError(error, 'malformed'), String(error));
          }
        },
      ),
      { seed: SEED, numRuns: 20_000 },
    );
  });
});

describe('invitations', () => {
  it('hold for what they were signed for, and for nothing else', () => {
    assert.ok(isGenuine(verifier, INVITATION));
    assert.ok(!isGenuine(verifier, { ...INVITATION, to: '13'.repeat(32) as MemberId }));
    assert.ok(!isGenuine(verifier, { ...INVITATION, expiresMs: INVITATION.expiresMs + 1 }));
    assert.ok(!isGenuine(verifier, { ...INVITATION, room: 'ac'.repeat(32) as RoomId }));
  });

  it('are sent again ever more rarely, up to once an hour', () => {
    let invite: SentInvite = { invitation: INVITATION, state: 'waiting', tries: 0, nextMs: 0 };
    const pauses = Array.from({ length: 14 }, () => {
      invite = nextTry(invite, 0);
      return invite.nextMs;
    });
    assert.deepEqual(pauses.slice(0, 3), [
      INVITE.firstAgainMs,
      2 * INVITE.firstAgainMs,
      4 * INVITE.firstAgainMs,
    ]);
    assert.equal(pauses.at(-1), INVITE.mostAgainMs);
  });
});

describe('a card', () => {
  it('comes back as it was', () => {
    const card: RoomCard = {
      id: ROOM,
      name: 'Doctors',
      state: 'joining',
      life: 'ef'.repeat(8),
      store: 'aa',
      invitation: INVITATION,
      acquainted: ['34'.repeat(32) as DeviceKey],
      invites: [{ invitation: INVITATION, state: 'declined', tries: 3, nextMs: 77 }],
      removals: [{ device: '56'.repeat(32) as DeviceKey, since: 12 }],
      continuedAs: 'ab'.repeat(32) as RoomId,
      continues: { room: 'cd'.repeat(32) as RoomId, reached: 7, isDone: true },
    };
    assert.deepEqual(readCard(encodeCard(card)), card);
  });
});
