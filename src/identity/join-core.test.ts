import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isKithError, KithError } from '../base/errors.ts';
import type { InviteKey, LinkKey, MemberId, NetworkId } from '../base/ids.ts';
import type { Rng } from '../base/ports.ts';
import { certify, type Certificate } from './certificate.ts';
import { Admitter, Newcomer, type AdmitterPorts, type JoinEnds, type Secret } from './join-core.ts';
import { decodeJoin, encodeJoin, type JoinMessage } from './join-wire.ts';
import { createSigner, createVerifier, type Signer } from './signing.ts';

const NETWORK = 'ab'.repeat(32) as NetworkId;
const verifier = createVerifier();

function seeded(name: string): Rng {
  let counter = 0;
  const bytes = (count: number): Uint8Array => {
    const out = new Uint8Array(count);
    for (let at = 0; at < count; at += 32) {
      counter += 1;
      out.set(
        new Uint8Array(
          createHash('sha256')
            .update(`${name} ${String(counter)}`)
            .digest(),
        ).subarray(0, count - at),
        at,
      );
    }
    return out;
  };
  return { bytes, below: (limit) => (bytes(1)[0] ?? 0) % limit };
}

interface Person {
  readonly device: Signer;
  readonly certificate: Certificate;
  readonly link: LinkKey;
}

function person(name: string): Person {
  const rng = seeded(name);
  const [device, link, mls] = [rng.bytes(32), rng.bytes(32), rng.bytes(32)].map(createSigner) as [
    Signer,
    Signer,
    Signer,
  ];
  return { device, certificate: certify({ device, link, mls }), link: link.key as LinkKey };
}

const admin = person('admin');
const bo = person('bo');
const seed = seeded('invitation').bytes(32);
const inviteKey = createSigner(seed).key as InviteKey;
const CODE = { locator: '417', secret: '302998215' };

function admitterPorts(
  change: Partial<AdmitterPorts> = {},
): AdmitterPorts & { readonly admitted: string[]; tries: number } {
  const ports = {
    admitted: [] as string[],
    tries: 0,
    rng: seeded('admitter'),
    verifier,
    network: NETWORK,
    networkName: 'Hope',
    openInvitation: (key: InviteKey) => {
      if (key !== inviteKey) throw new KithError('unknown-invitation', 'unknown');
      return { member: undefined };
    },
    openCode: (locator: string) => (locator === CODE.locator ? { code: CODE, seed } : undefined),
    codeTried: () => {
      ports.tries += 1;
    },
    admit: (request: { profile: { name: string }; certificate: Certificate }) => {
      ports.admitted.push(request.profile.name);
      return request.certificate.device as string as MemberId;
    },
    ...change,
  };
  return ports;
}

const ENDS: JoinEnds = { newcomer: bo.link, admitter: admin.link };

function newcomer(ends = ENDS, who = bo): Newcomer {
  const profile = { name: 'Bo', org: '', place: '' };
  return new Newcomer(
    { rng: seeded('newcomer'), device: who.device, certificate: who.certificate, profile },
    ends,
  );
}

/** Carries messages both ways as bytes until nobody has anything to say. */
function converse(one: Newcomer, other: Admitter, secret: Secret): readonly JoinMessage[] {
  const said: JoinMessage[] = [];
  let queue: JoinMessage[] = [one.start(secret)];
  while (queue.length > 0) {
    said.push(...queue);
    const answers = queue.flatMap((message) => other.receive(decodeJoin(encodeJoin(message))));
    said.push(...answers);
    queue = answers.flatMap((message) => one.receive(decodeJoin(encodeJoin(message))) ?? []);
  }
  return said;
}

const LINK: Secret = { kind: 'link', seed, network: NETWORK };

describe('joining with a link', () => {
  it('lets the newcomer in under its own name, and the secret never crosses', () => {
    const ports = admitterPorts();
    const joiner = newcomer();
    const said = converse(joiner, new Admitter(ports, ENDS), LINK);
    assert.deepEqual(ports.admitted, ['Bo']);
    assert.deepEqual(joiner.joined, { network: NETWORK, networkName: 'Hope', member: bo.device.key });
    const wire = Buffer.concat(said.map(encodeJoin)).toString('hex');
    assert.ok(!wire.includes(Buffer.from(seed).toString('hex')));
  });

  it('refuses somebody who only knows the invitation’s public key', () => {
    const ports = admitterPorts();
    const admitter = new Admitter(ports, ENDS);
    const thief = newcomer();
    const stolen = createSigner(seeded('thief').bytes(32));
    const challenge = admitter.receive({ type: 'hello', invite: inviteKey, nonce: new Uint8Array(32) })[0];
    thief.start({ kind: 'link', seed: seeded('thief').bytes(32), network: NETWORK });
    assert.ok(challenge !== undefined);
    const request = thief.receive(challenge);
    assert.ok(request !== undefined && stolen.key !== inviteKey);
    assert.deepEqual(admitter.receive(request), [{ type: 'refused', code: 'not-proven' }]);
    assert.deepEqual(ports.admitted, []);
  });

  it('refuses a recorded request: the nonce is another one', () => {
    const first = admitterPorts();
    const said = converse(newcomer(), new Admitter(first, ENDS), LINK);
    const recorded = said.filter(({ type }) => type === 'hello' || type === 'request');
    const second = admitterPorts({ rng: seeded('another run') });
    const admitter = new Admitter(second, ENDS);
    const answers = recorded.flatMap((message) => admitter.receive(message));
    assert.deepEqual(answers.at(-1), { type: 'refused', code: 'not-proven' });
    assert.deepEqual(second.admitted, []);
  });

  it('refuses a request that somebody passes on over a link of his own', () => {
    const mallory = person('mallory');
    const ports = admitterPorts();
    // Bo talks to Mallory, Mallory to the admin: each link has other ends.
    const admitter = new Admitter(ports, { newcomer: mallory.link, admitter: admin.link });
    const joiner = newcomer({ newcomer: bo.link, admitter: mallory.link });
    assert.throws(() => converse(joiner, admitter, LINK), isCode('not-proven'));
    assert.deepEqual(ports.admitted, []);
  });

  it('does not follow a node into another network', () => {
    const ports = admitterPorts({ network: 'cd'.repeat(32) as NetworkId });
    assert.throws(() => converse(newcomer(), new Admitter(ports, ENDS), LINK), isCode('wrong-network'));
    assert.deepEqual(ports.admitted, []);
  });

  it('passes on why it refuses', () => {
    for (const code of ['invitation-expired', 'invitation-used-up', 'invitation-withdrawn', 'not-an-admin']) {
      const ports = admitterPorts({
        openInvitation: () => {
          throw new KithError(code, code);
        },
      });
      assert.throws(() => converse(newcomer(), new Admitter(ports, ENDS), LINK), isCode(code));
    }
  });

  it('takes messages in their order only, and nothing after the end', () => {
    const admitter = new Admitter(admitterPorts(), ENDS);
    assert.deepEqual(admitter.receive({ type: 'confirm', tag: new Uint8Array(64) }), [
      { type: 'refused', code: 'out-of-turn' },
    ]);
    assert.equal(admitter.isDone, true);
    assert.deepEqual(admitter.receive({ type: 'hello', invite: inviteKey, nonce: new Uint8Array(32) }), [
      { type: 'refused', code: 'out-of-turn' },
    ]);
  });
});

describe('joining with a code', () => {
  it('lets the newcomer in, and neither digits nor seed cross in the clear', () => {
    const ports = admitterPorts();
    const joiner = newcomer();
    const said = converse(joiner, new Admitter(ports, ENDS), { kind: 'code', code: CODE });
    assert.equal(joiner.joined?.network, NETWORK);
    assert.equal(ports.tries, 1);
    const wire = Buffer.concat(said.map(encodeJoin));
    assert.ok(!wire.includes(Buffer.from(seed)) && !wire.includes(CODE.secret));
  });

  it('counts a wrong code before it answers', () => {
    const ports = admitterPorts();
    const wrong: Secret = { kind: 'code', code: { ...CODE, secret: '000000000' } };
    assert.throws(() => converse(newcomer(), new Admitter(ports, ENDS), wrong), isCode('wrong-code'));
    assert.equal(ports.tries, 1);
    assert.deepEqual(ports.admitted, []);
  });

  it('knows nothing of a code that starts otherwise, and counts no try for it', () => {
    const ports = admitterPorts();
    const other: Secret = { kind: 'code', code: { ...CODE, locator: '999' } };
    assert.throws(() => converse(newcomer(), new Admitter(ports, ENDS), other), isCode('unknown-code'));
    assert.equal(ports.tries, 0);
  });

  it('fails for whoever sits between the two', () => {
    const mallory = person('mallory');
    const ports = admitterPorts();
    const admitter = new Admitter(ports, { newcomer: mallory.link, admitter: admin.link });
    const joiner = newcomer({ newcomer: bo.link, admitter: mallory.link });
    assert.throws(() => converse(joiner, admitter, { kind: 'code', code: CODE }), isCode('wrong-code'));
    assert.deepEqual(ports.admitted, []);
  });
});

describe('what a stranger can send', () => {
  it('is a message or malformed, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5000 }), (bytes) => {
        onlyMalformed(() => decodeJoin(bytes));
      }),
      { numRuns: 2000 },
    );
  });

  it('is a message or malformed, however a real one was changed', () => {
    const real = converse(newcomer(), new Admitter(admitterPorts(), ENDS), { kind: 'code', code: CODE }).map(
      encodeJoin,
    );
    fc.assert(
      fc.property(fc.constantFrom(...real), fc.nat(), fc.nat(255), fc.nat(400), (frame, at, byte, cut) => {
        const changed = frame.slice(0, Math.max(1, frame.length - (cut % frame.length)));
        changed[at % changed.length] = byte;
        onlyMalformed(() => {
          new Admitter(admitterPorts(), ENDS).receive(decodeJoin(changed));
        });
      }),
      { numRuns: 1000 },
    );
  });
});

function onlyMalformed(run: () => void): void {
  try {
    run();
  } catch (error) {
    assert.ok(isKithError(error, 'malformed'), String(error));
  }
}

function isCode(code: string) {
  return (error: unknown): boolean => isKithError(error, code);
}
