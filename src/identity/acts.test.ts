import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import fc from 'fast-check';
import { fakeId, fakeSigner, fakeVerifier, keysFor, profileOf } from '../../test/support/acts.ts';
import { toHex, type Bytes } from '../base/bytes.ts';
import { decodeCbor, encodeCbor, type CborValue } from '../base/cbor.ts';
import { isKithError } from '../base/errors.ts';
import type { EntryHash, FeedId, InviteKey, MemberId, NetworkId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import {
  ACT_KINDS,
  decodeAct,
  encodeAct,
  isActKind,
  isGrant,
  isLabel,
  type ActBody,
  type ActKind,
} from './acts.ts';
import { signDeviceConsent, signRequest } from './request.ts';
import type { EntryLink } from './types.ts';

const network = fakeId('network') as NetworkId;
const context = { verifier: fakeVerifier, network };
const invitation = fakeSigner('invitation');
const invite = invitation.key as InviteKey;
const fay = keysFor('Fay');
const member = fakeId('member') as MemberId;

function isMalformed(error: unknown): boolean {
  return isKithError(error, 'malformed');
}

function link(seq = 1): EntryLink {
  return { feed: fakeId('feed') as FeedId, seq, hash: fakeId('entry') as EntryHash };
}

function links(count: number): EntryLink[] {
  return Array.from({ length: count }, (_, index) => link(index + 1));
}

const profile = { name: 'Fay မေ', org: 'Red Camp', place: '' };
const request = signRequest(network, { invite: invitation, device: fay.device }, fay.certificate, profile);
const consent = signDeviceConsent(network, member, fay.certificate, fay.device);

const EXAMPLES: Readonly<Record<ActKind, readonly ActBody[]>> = {
  genesis: [{ kind: 'genesis', network: 'Camp North', certificate: fay.certificate, profile }],
  invite: (['link', 'code'] as const).map((form) => ({
    kind: 'invite',
    invite,
    role: 'reader',
    name: '',
    expiresMs: 1,
    uses: LIMITS.membersPerNetwork,
    form,
  })),
  withdraw: [{ kind: 'withdraw', invite }],
  admit: [{ kind: 'admit', ...request, number: 17 }],
  device: [{ kind: 'device', member, certificate: fay.certificate, consent }],
  role: [{ kind: 'role', member, role: 'relay', cuts: links(2) }],
  grant: [true, false].map((given) => ({ kind: 'grant', member, grant: 'medical', given })),
  revoke: [
    { kind: 'revoke', target: { scope: 'member', member }, cuts: links(LIMITS.cutsPerAct) },
    { kind: 'revoke', target: { scope: 'device', device: fay.certificate.device }, cuts: [] },
  ],
  rename: [{ kind: 'rename', member, profile }],
  hub: [true, false].map((listed) => ({ kind: 'hub', address: '/dns4/hub.example.org/tcp/4001', listed })),
  accept: [{ kind: 'accept', upTo: link(7) }],
};

const ALL: readonly ActBody[] = ACT_KINDS.flatMap((kind) => EXAMPLES[kind]);

test('every act is read as it was written', () => {
  for (const body of ALL) assert.deepEqual(decodeAct(body.kind, encodeAct(body), context), body);
});

test('an act of one kind is none of another', () => {
  for (const body of ALL) {
    for (const kind of ACT_KINDS.filter((other) => other !== body.kind)) {
      assert.throws(() => decodeAct(kind, encodeAct(body), context), isMalformed, `${body.kind} as ${kind}`);
    }
  }
});

test('there are eleven kinds', () => {
  assert.equal(ACT_KINDS.length, 11);
  for (const kind of ACT_KINDS) assert.ok(isActKind(kind));
  for (const other of ['', 'Genesis', 'promote', 'constructor', 'toString']) assert.ok(!isActKind(other));
});

test('every act has so many places, no more and no fewer', () => {
  for (const body of ALL) {
    const places = placesOf(body);
    for (const form of [
      places.slice(1),
      places.slice(0, -1),
      [...places, 0],
      [...places, 'admin'],
      [places],
    ]) {
      assert.throws(() => decodeAct(body.kind, encodeCbor(form), context), isMalformed, body.kind);
    }
  }
});

function placesOf(body: ActBody): CborValue[] {
  const value = decodeCbor(encodeAct(body));
  assert.ok(Array.isArray(value));
  return value as CborValue[];
}

// ---- limits: the place of an act, values that fit there and values that do not

const KEY = new Uint8Array(32).fill(7);
const NAMES = {
  good: ['x', 'n'.repeat(LIMITS.nameChars)],
  bad: ['n'.repeat(LIMITS.nameChars + 1), ' x', 'x ', 'a\nb', 7, null, KEY],
};
const IDS = { good: [KEY], bad: [new Uint8Array(31), new Uint8Array(33), 'ab'.repeat(32), 7, null] };
const FLAGS = { good: [true, false], bad: [0, 1, 'true', null] };
const ROLES = { good: ['admin', 'member', 'reader', 'relay'], bad: ['owner', 'Admin', '', 0, null] };
const LINKS = {
  good: [[], [[KEY, 1, KEY]], Array<CborValue>(LIMITS.cutsPerAct).fill([KEY, Number.MAX_SAFE_INTEGER, KEY])],
  bad: [
    null,
    7,
    [7],
    [[KEY, 0, KEY]],
    [[KEY, -1, KEY]],
    [[KEY, 1.5, KEY]],
    [[KEY, 1]],
    [[KEY, 1, KEY, 1]],
    [[KEY, 1, new Uint8Array(31)]],
    Array<CborValue>(LIMITS.cutsPerAct + 1).fill([KEY, 1, KEY]),
  ],
};
const whole = (from: number, to: number): { good: CborValue[]; bad: CborValue[] } => ({
  good: [from, to],
  bad: [from - 1, ...(to < Number.MAX_SAFE_INTEGER ? [to + 1] : []), from + 0.5, String(from), null, true],
});

interface Place {
  readonly kind: ActKind;
  readonly at: number;
  readonly what: string;
  readonly good: readonly CborValue[];
  readonly bad: readonly CborValue[];
}

const PLACES: readonly Place[] = [
  { kind: 'genesis', at: 0, what: 'network', good: NAMES.good, bad: ['', ...NAMES.bad] },
  { kind: 'genesis', at: 2, what: 'name', good: NAMES.good, bad: ['', ...NAMES.bad] },
  { kind: 'genesis', at: 3, what: 'organisation', good: ['', ...NAMES.good], bad: NAMES.bad },
  { kind: 'genesis', at: 4, what: 'place', good: ['', ...NAMES.good], bad: NAMES.bad },
  { kind: 'genesis', at: 1, what: 'certificate', good: [], bad: [null, KEY, new Uint8Array(2049), 'x', []] },
  { kind: 'invite', at: 0, what: 'key', ...IDS },
  { kind: 'invite', at: 1, what: 'role', ...ROLES },
  { kind: 'invite', at: 2, what: 'name', good: ['', ...NAMES.good], bad: NAMES.bad },
  { kind: 'invite', at: 3, what: 'expiry', ...whole(1, Number.MAX_SAFE_INTEGER) },
  { kind: 'invite', at: 4, what: 'uses', ...whole(1, LIMITS.membersPerNetwork) },
  { kind: 'invite', at: 5, what: 'form', good: ['link', 'code'], bad: ['', 'qr', 0, null] },
  { kind: 'withdraw', at: 0, what: 'key', ...IDS },
  { kind: 'admit', at: 0, what: 'key', good: [], bad: [...IDS.bad, KEY] },
  { kind: 'admit', at: 1, what: 'certificate', good: [], bad: [null, KEY, keysFor('Gus').certificate.bytes] },
  { kind: 'admit', at: 2, what: 'name', good: [], bad: ['', ...NAMES.bad, 'Gus'] },
  { kind: 'admit', at: 3, what: 'organisation', good: [], bad: [...NAMES.bad, 'Blue Camp'] },
  { kind: 'admit', at: 4, what: 'place', good: [], bad: [...NAMES.bad, 'Tent 9'] },
  { kind: 'admit', at: 5, what: 'proof', good: [], bad: [null, KEY, new Uint8Array(64), new Uint8Array(65)] },
  {
    kind: 'admit',
    at: 6,
    what: 'consent',
    good: [],
    bad: [null, KEY, new Uint8Array(64), new Uint8Array(65)],
  },
  { kind: 'admit', at: 7, what: 'number', ...whole(1, 1_000_000) },
  { kind: 'device', at: 0, what: 'member', good: [], bad: [...IDS.bad, KEY] },
  {
    kind: 'device',
    at: 1,
    what: 'certificate',
    good: [],
    bad: [null, KEY, keysFor('Gus').certificate.bytes],
  },
  { kind: 'device', at: 2, what: 'consent', good: [], bad: [null, KEY, new Uint8Array(64)] },
  { kind: 'role', at: 0, what: 'member', ...IDS },
  { kind: 'role', at: 1, what: 'role', ...ROLES },
  { kind: 'role', at: 2, what: 'cuts', ...LINKS },
  { kind: 'grant', at: 0, what: 'member', ...IDS },
  {
    kind: 'grant',
    at: 1,
    what: 'grant',
    good: ['a', 'field-medic-2'],
    bad: ['', 'A', '1a', 'a_b', 'a'.repeat(33), 7],
  },
  { kind: 'grant', at: 2, what: 'given', ...FLAGS },
  { kind: 'revoke', at: 0, what: 'scope', good: ['member', 'device'], bad: ['', 'feed', 0, null] },
  { kind: 'revoke', at: 1, what: 'target', ...IDS },
  { kind: 'revoke', at: 2, what: 'cuts', ...LINKS },
  { kind: 'rename', at: 0, what: 'member', ...IDS },
  { kind: 'rename', at: 1, what: 'name', good: NAMES.good, bad: ['', ...NAMES.bad] },
  { kind: 'rename', at: 2, what: 'organisation', good: ['', ...NAMES.good], bad: NAMES.bad },
  { kind: 'rename', at: 3, what: 'place', good: ['', ...NAMES.good], bad: NAMES.bad },
  {
    kind: 'hub',
    at: 0,
    what: 'address',
    good: ['/a', `/${'a'.repeat(255)}`],
    bad: ['', '/', 'a', '/a b', '/ä', `/${'a'.repeat(256)}`, '/a\n', 7, null],
  },
  { kind: 'hub', at: 1, what: 'listed', ...FLAGS },
  { kind: 'accept', at: 0, what: 'link', good: [[KEY, 1, KEY]], bad: [null, [KEY, 0, KEY], [KEY, 1], KEY] },
];

describe('limits', () => {
  for (const { kind, at, what, good, bad } of PLACES) {
    it(`${kind}: ${what}`, () => {
      const [body] = EXAMPLES[kind];
      assert.ok(body !== undefined);
      const places = placesOf(body);
      for (const value of good) {
        const bytes = encodeCbor(places.with(at, value));
        assert.equal(toHex(encodeAct(decodeAct(kind, bytes, context))), toHex(bytes));
      }
      for (const value of bad) {
        const bytes = encodeCbor(places.with(at, value));
        assert.throws(() => decodeAct(kind, bytes, context), isMalformed, JSON.stringify(value));
      }
    });
  }

  it('has one for every place of every kind', () => {
    for (const kind of ACT_KINDS) {
      const [body] = EXAMPLES[kind];
      assert.ok(body !== undefined);
      const tested = new Set(PLACES.filter((place) => place.kind === kind).map(({ at }) => at));
      assert.equal(tested.size, placesOf(body).length, kind);
    }
  });

  it('a revocation of the most cuts fits into one part', () => {
    const cuts = Array.from({ length: LIMITS.cutsPerAct }, () => link(Number.MAX_SAFE_INTEGER));
    const bytes = encodeAct({ kind: 'revoke', target: { scope: 'member', member }, cuts });
    assert.ok(bytes.byteLength <= LIMITS.partBytes, String(bytes.byteLength));
  });
});

// ---- names

/** Written as numbers, because none of these can be seen. */
const UNSEEN: readonly (readonly [from: number, to: number])[] = [
  [0x00, 0x1f],
  [0x7f, 0x9f],
  [0xad, 0xad],
  [0x34f, 0x34f],
  [0x61c, 0x61c],
  [0x115f, 0x1160],
  [0x17b4, 0x17b5],
  [0x180b, 0x180f],
  [0x200b, 0x200f],
  [0x2028, 0x202e],
  [0x2060, 0x206f],
  [0x2800, 0x2800],
  [0x3164, 0x3164],
  [0xd800, 0xdfff],
  [0xfe00, 0xfe0f],
  [0xfeff, 0xfeff],
  [0xffa0, 0xffa0],
  [0xfff9, 0xffff],
  [0x1bca0, 0x1bca3],
  [0x1d173, 0x1d17a],
  [0xe0000, 0xe0fff],
];

test('a name has no character that is not seen, and none that turns the writing around', () => {
  for (const [from, to] of UNSEEN) {
    for (let point = from; point <= to; point += 1) {
      const character = String.fromCodePoint(point);
      assert.ok(!isLabel(`A${character}lice`), point.toString(16));
    }
    for (const outside of [from - 1, to + 1].filter((point) => !isUnseen(point) && point > 0x20)) {
      assert.ok(isLabel(`A${String.fromCodePoint(outside)}lice`), outside.toString(16));
    }
  }
});

/** Joiners are tested below; they are seen in some scripts. */
function isUnseen(point: number): boolean {
  return UNSEEN.some(([from, to]) => point >= from && point <= to);
}

test('names as people write them are names', () => {
  const names = [
    'Zoë Müller-Lüdenscheidt',
    'အောင်ဆန်းစုကြည်',
    'মোহাম্মদ রফিক',
    'র‍্যাব', // Bengali, with a joiner
    'محمد نور‌الله', // Arabic letters, with a non-joiner
    '𐴌𐴟𐴇𐴥𐴝𐴚𐴒𐴙𐴝', // Hanifi Rohingya
    '山田 太郎',
    "O'Brien 3rd",
    '🏥 Camp 4',
    '',
  ];
  for (const name of names) assert.ok(isLabel(name), name);
});

test('a joiner between Latin letters only makes two names look like one', () => {
  for (const joiner of ['\u200c', '\u200d']) {
    for (const name of [
      `Al${joiner}ice`,
      `${joiner}Alice`,
      `Alice${joiner}`,
      `ক${joiner}`,
      `ক${joiner}a`,
      `${joiner}ক`,
    ]) {
      assert.ok(!isLabel(name), JSON.stringify(name));
    }
  }
});

test('a name is trimmed, and counted in UTF-16 units', () => {
  for (const blank of [' ', '\t', '\u00a0', '\u3000', '\ufeff']) {
    assert.ok(!isLabel(`${blank}x`) && !isLabel(`x${blank}`) && !isLabel(blank));
  }
  assert.ok(isLabel('😀'.repeat(LIMITS.nameChars / 2)) && !isLabel(`${'😀'.repeat(LIMITS.nameChars / 2)}x`));
});

test('a grant is a short lower-case word', () => {
  for (const good of ['medical', 'a', 'a-1', 'a'.repeat(32)]) assert.ok(isGrant(good), good);
  for (const bad of ['', '-a', '1', 'Medical', 'a b', 'a'.repeat(33), 'ä', 'a\n'])
    assert.ok(!isGrant(bad), bad);
});

// ---- bytes from anywhere

test('one act has one encoding', () => {
  const [accept] = EXAMPLES.accept;
  const [rename] = EXAMPLES.rename;
  assert.ok(accept !== undefined && rename !== undefined);
  // 7 as the number 7.0.
  const float = toHex(encodeAct(accept)).replace(/07(5820)/, 'f94700$1');
  assert.notEqual(float, toHex(encodeAct(accept)));
  assert.throws(() => decodeAct('accept', new Uint8Array(Buffer.from(float, 'hex')), context), isMalformed);
  // Text that is no UTF-8.
  const text = toHex(encodeAct({ ...rename, kind: 'rename', member, profile: profileOf('?') })).replace(
    '613f',
    '61ff',
  );
  assert.throws(() => decodeAct('rename', new Uint8Array(Buffer.from(text, 'hex')), context), isMalformed);
});

/** Whatever comes in: an act that is written the same way again, or `malformed`, and nothing else. */
function survives(kind: ActKind, bytes: Bytes): void {
  try {
    assert.equal(toHex(encodeAct(decodeAct(kind, bytes, context))), toHex(bytes));
  } catch (error) {
    if (!isMalformed(error)) throw error;
  }
}

const anyKind = fc.constantFrom(...ACT_KINDS);

test('random bytes are refused', () => {
  fc.assert(
    fc.property(anyKind, fc.uint8Array({ maxLength: 300 }), (kind, bytes) => {
      survives(kind, bytes);
    }),
    { seed: 1, numRuns: 5000 },
  );
});

test('random values in the form of an act are refused', () => {
  const value = fc.letrec<{ value: CborValue }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom<CborValue>(
        null,
        true,
        false,
        KEY,
        'admin',
        'member',
        'link',
        0,
        1,
        -1,
        1.5,
        2 ** 53 - 1,
      ),
      fc.string(),
      fc.uint8Array({ minLength: 30, maxLength: 66 }),
      fc.array(tie('value'), { maxLength: 9 }),
    ),
  })).value;
  fc.assert(
    fc.property(anyKind, fc.array(value, { maxLength: 9 }), (kind, places) => {
      survives(kind, encodeCbor(places));
    }),
    { seed: 2, numRuns: 5000 },
  );
});

test('mutated acts are refused, or are other acts', () => {
  const mutation = fc.record({
    body: fc.constantFrom(...ALL.filter((body) => encodeAct(body).byteLength < 5000)),
    edits: fc.array(
      fc.record({
        at: fc.nat(),
        how: fc.constantFrom('set', 'insert', 'remove', 'cut', 'repeat'),
        byte: fc.integer({ min: 0, max: 255 }),
      }),
      { minLength: 1, maxLength: 4 },
    ),
  });
  fc.assert(
    fc.property(mutation, ({ body, edits }) => {
      let bytes = [...encodeAct(body)];
      for (const { at: anywhere, how, byte } of edits) {
        const at = bytes.length === 0 ? 0 : anywhere % bytes.length;
        if (how === 'set') bytes[at] = byte;
        else if (how === 'insert') bytes.splice(at, 0, byte);
        else if (how === 'remove') bytes.splice(at, 1);
        else if (how === 'cut') bytes = bytes.slice(0, at);
        else bytes.splice(at, 0, ...bytes.slice(at, at + 40));
      }
      survives(body.kind, Uint8Array.from(bytes));
    }),
    { seed: 3, numRuns: 10_000 },
  );
});

test('bytes that nest without end are refused, not followed', () => {
  for (const kind of ACT_KINDS) {
    survives(kind, new Uint8Array(LIMITS.partBytes).fill(0x81));
    survives(kind, new Uint8Array([0x9b, 0, 0, 0, 1, 0, 0, 0, 0]));
    survives(kind, new Uint8Array([0x81, 0x5b, 0, 0, 0, 1, 0, 0, 0, 0]));
  }
});
