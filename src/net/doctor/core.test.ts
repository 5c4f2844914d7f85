import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LinkKey } from '../../base/ids.ts';
import { diagnose, DOCTOR } from './core.ts';
import { Ledger } from './ledger.ts';
import type { DialFailure, Evidence, LanEvidence, LinkEvidence } from './types.ts';

const key = (letter: string): LinkKey => letter.repeat(64) as LinkKey;
const [BEN, CHO] = [key('b'), key('c')];
const NOW = Date.UTC(2026, 0, 1);
const HOUR = 60 * 60 * 1000;

function link(peer: LinkKey, more: Partial<LinkEvidence> = {}): LinkEvidence {
  return {
    peer,
    address: '/ip4/10.0.0.2/tcp/1',
    relayed: false,
    clock: { offsetMs: 5, uncertainMs: 20 },
    ...more,
  };
}

function failure(more: Partial<DialFailure> = {}): DialFailure {
  return {
    address: '/ip4/10.0.0.9/tcp/1',
    peer: undefined,
    code: 'unreachable',
    osCode: '',
    stage: 'nowhere',
    ownGate: false,
    theirVersion: undefined,
    atMs: NOW - 1000,
    ...more,
  };
}

/** A network 10.0.0.0/24 on which multicast works. */
function lan(more: Partial<LanEvidence> = {}): LanEvidence {
  return {
    name: 'eth0',
    address: '10.0.0.1',
    sent: 10,
    ownHeard: 10,
    heard: [BEN],
    errors: [],
    contains: (address) => address.startsWith('10.0.0.'),
    ...more,
  };
}

function evidence(more: Partial<Evidence> = {}): Evidence {
  return {
    nowMs: NOW,
    state: 'running',
    joining: false,
    links: [link(BEN)],
    failures: [],
    knocks: [],
    lans: [lan()],
    version: 1,
    who: (peer) => (peer === BEN ? 'Ben' : peer === CHO ? 'Cho' : 'somebody'),
    asked: [],
    ...more,
  };
}

const codes = (more: Partial<Evidence>): string[] => diagnose(evidence(more)).map(({ code }) => code);
const one = (more: Partial<Evidence>) => {
  const [first, ...others] = diagnose(evidence(more));
  assert.ok(first !== undefined && others.length === 0, JSON.stringify([first, ...others]));
  return first;
};

describe('the doctor', () => {
  it('finds nothing where nothing is wrong', () => {
    assert.deepEqual(diagnose(evidence()), []);
  });

  const TABLE: readonly (readonly [what: string, more: Partial<Evidence>, ...codes: string[]])[] = [
    ['the port is closed', { failures: [failure({ osCode: 'ECONNREFUSED' })] }, 'port-closed'],
    ['no way to that network', { failures: [failure({ osCode: 'ENETUNREACH' })] }, 'no-route'],
    [
      'the router knows no way',
      { failures: [failure({ address: '192.0.2.1:1', osCode: 'EHOSTUNREACH' })] },
      'no-route',
    ],
    ['a neighbour does not answer', { failures: [failure({ osCode: 'EHOSTUNREACH' })] }, 'neighbour-silent'],
    ['a neighbour swallows it', { failures: [failure()] }, 'neighbour-silent'],
    ['a firewall swallows it', { failures: [failure({ address: '/ip4/192.0.2.1/tcp/1' })] }, 'no-answer'],
    [
      'a misspelt name',
      { failures: [failure({ address: '/dns/camp/tcp/1', osCode: 'ENOTFOUND' })] },
      'name-unknown',
    ],
    [
      'no name server',
      { failures: [failure({ address: '/dns/camp/tcp/1', osCode: 'EAI_AGAIN' })] },
      'name-unknown',
    ],
    ['another device', { failures: [failure({ code: 'wrong-peer', stage: 'handshake' })] }, 'wrong-device'],
    ['a web server', { failures: [failure({ code: 'link-refused', stage: 'connected' })] }, 'not-kith'],
    [
      'it does not know us',
      { failures: [failure({ code: 'link-refused', stage: 'handshake' })] },
      'not-a-member',
    ],
    [
      'we do not know it',
      { failures: [failure({ code: 'link-refused', stage: 'connected', ownGate: true })] },
      'not-a-member',
    ],
    [
      'before joining nobody is a member',
      { state: 'empty', failures: [failure({ code: 'link-refused', ownGate: true })] },
    ],
    [
      'it is older',
      { failures: [failure({ code: 'version-mismatch', theirVersion: 0 })] },
      'version-mismatch',
    ],
    [
      'it came and is older',
      { knocks: [{ peer: CHO, why: 'version-mismatch', theirVersion: 0, count: 1, atMs: NOW }] },
      'version-mismatch',
    ],
    [
      'a stranger',
      { knocks: [{ peer: CHO, why: 'not-a-member', theirVersion: undefined, count: 2, atMs: NOW }] },
      'stranger',
    ],
    [
      'a hub is closed',
      { failures: [failure({ address: '/ip4/192.0.2.1/tcp/1/p2p/x/p2p-circuit/p2p/y' })] },
      'hub-closed',
    ],
    ['the clock', { links: [link(BEN, { clock: { offsetMs: HOUR, uncertainMs: 10 } })] }, 'clock-off'],
    ['a clock that may be right', { links: [link(BEN, { clock: { offsetMs: HOUR, uncertainMs: HOUR } })] }],
    ['a clock that is not told', { links: [link(BEN, { clock: undefined })] }],
    ['the machine has no network', { lans: [] }, 'no-network-interface'],
    ['multicast cannot be sent', { lans: [lan({ errors: ['EPERM'] })] }, 'multicast-blocked'],
    ['own multicast does not come back', { lans: [lan({ ownHeard: 0 })] }, 'multicast-blocked'],
    ['too early to tell', { lans: [lan({ ownHeard: 0, sent: DOCTOR.packets - 1 })] }],
    ['the neighbour is linked and not heard', { lans: [lan({ heard: [] })] }, 'multicast-blocked'],
    ['one of several is not heard', { links: [link(BEN), link(CHO)] }],
    [
      'who is elsewhere need not be heard',
      { links: [link(BEN, { address: '/ip4/192.0.2.1/tcp/1' })], lans: [lan({ heard: [] })] },
    ],
    [
      'who is behind a hub need not be heard',
      { links: [link(BEN, { relayed: true })], lans: [lan({ heard: [] })] },
    ],
    ['discovery is off', { lans: undefined }],
    ['nobody is there', { links: [] }, 'alone'],
    ['no network yet', { links: [], state: 'empty' }, 'no-network'],
    ['on its way in', { links: [], state: 'empty', joining: true }],
    ['long ago', { failures: [failure({ osCode: 'ECONNREFUSED', atMs: NOW - DOCTOR.freshMs })] }],
    ['linked in another way', { failures: [failure({ osCode: 'ECONNREFUSED', peer: BEN })] }],
  ];
  for (const [what, more, ...expected] of TABLE) {
    it(`${what}: ${expected.join(', ') || 'nothing'}`, () => {
      assert.deepEqual(codes(more), expected);
      for (const { message, next } of diagnose(evidence(more))) {
        assert.match(message, /^[A-Z].*\.$/);
        assert.match(next, /^[A-Z].{8,}/);
      }
    });
  }

  it('takes a failure more seriously when nobody is linked, or when a person asked', () => {
    const failures = [failure({ osCode: 'ECONNREFUSED' })];
    assert.equal(one({ failures }).severity, 'notice');
    assert.equal(one({ failures, links: [] }).severity, 'wrong');
    assert.equal(one({ failures, asked: ['/ip4/10.0.0.9/tcp/1'] }).severity, 'wrong');
  });

  it('says which of two is too old, and whom to update', () => {
    const told = (theirVersion: number) =>
      one({ failures: [failure({ code: 'version-mismatch', theirVersion })] });
    assert.match(told(0).message, /The kith at .* is too old/);
    assert.match(told(0).next, /other/);
    assert.match(told(2).message, /This kith is too old/);
    assert.match(told(2).next, /this one/);
  });

  it('says by how much a clock is off, in which direction, and whose it probably is', () => {
    const at = (offsetMs: number) => link(BEN, { clock: { offsetMs, uncertainMs: 0 } });
    assert.match(one({ links: [at(3 * HOUR)] }).message, /Ben is 3 hours ahead of this one's\./);
    assert.match(one({ links: [at(-5 * 60_000)] }).message, /5 minutes behind/);
    assert.match(one({ links: [at(400 * 24 * HOUR)] }).message, /400 days ahead/);
    const all = diagnose(evidence({ links: [at(HOUR), { ...at(HOUR), peer: CHO }] }));
    assert.ok(all.every(({ message }) => message.includes('this one is probably wrong')));
  });

  it('puts what is wrong before what is worth knowing', () => {
    const severities = diagnose(
      evidence({
        knocks: [{ peer: CHO, why: 'not-a-member', theirVersion: undefined, count: 1, atMs: NOW }],
        lans: [lan({ errors: ['EPERM'] })],
        failures: [failure({ osCode: 'ECONNREFUSED' })],
      }),
    ).map(({ severity }) => severity);
    assert.deepEqual(severities, ['wrong', 'notice', 'notice']);
  });
});

describe('the ledger', () => {
  it('keeps the newest failure of an address, and none to whom a link stands', () => {
    const ledger = new Ledger();
    ledger.failed(failure({ osCode: 'ETIMEDOUT' }));
    ledger.failed(failure({ osCode: 'ECONNREFUSED' }));
    ledger.failed(failure({ address: 'b', peer: BEN }));
    assert.deepEqual(
      ledger.failures.map(({ osCode }) => osCode),
      ['ECONNREFUSED', ''],
    );
    ledger.linked('/ip4/10.0.0.9/tcp/1', BEN);
    assert.deepEqual(ledger.failures, []);
  });

  it('counts who knocks, and forgets the oldest when many come', () => {
    const ledger = new Ledger();
    for (let n = 0; n < 1000; n += 1) {
      ledger.failed(failure({ address: String(n) }));
      const peer = String(n % 100).padStart(64, '0') as LinkKey;
      ledger.knocked({ peer, why: 'not-a-member', theirVersion: undefined, atMs: n });
    }
    assert.equal(ledger.failures.length, 64);
    assert.equal(ledger.failures.at(-1)?.address, '999');
    assert.equal(ledger.knocks.length, 32);
    ledger.knocked({ peer: BEN, why: 'not-a-member', theirVersion: undefined, atMs: 1 });
    ledger.knocked({ peer: BEN, why: 'not-a-member', theirVersion: undefined, atMs: 2 });
    assert.equal(ledger.knocks.at(-1)?.count, 2);
  });
});
