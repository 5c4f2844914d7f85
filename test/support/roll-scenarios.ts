/**
 * Stories of the roll with their ends: what everybody is in the end, and which acts do not count and why; all others
 * count. `src/identity/fold.test.ts` tells them to the fold, `mutants.test.ts` to folds with a rule missing.
 */
import assert from 'node:assert/strict';
import { foldMembership, type RuleBook } from '../../src/identity/fold.ts';
import { certify } from '../../src/identity/certificate.ts';
import { LIMITS } from '../../src/base/limits.ts';
import type { Act } from '../../src/identity/types.ts';
import { DAY_MS, fakeSigner, keysFor, Story, tell, type Actor } from './acts.ts';

export interface Scenario {
  readonly name: string;
  play(story: Story): End;
}

interface End {
  /** `NAME: NUMBER ROLE`, and `revoked`. */
  readonly roll: readonly string[];
  readonly refused?: readonly (readonly [Act, string])[];
}

/** @throws AssertionError when the story ends otherwise. */
export function checkScenario({ play }: Scenario, book?: RuleBook): void {
  const story = new Story();
  const { roll, refused = [] } = play(story);
  const result = foldMembership(story.network, story.acts, book);
  assert.deepEqual(tell(result), roll);
  const codes = result.membership.refused.map(({ act, code }) => [act, code] as const);
  assert.deepEqual(new Map(codes), new Map(refused.map(([act, code]) => [act.id, code])));
}

/** Alice founds; Bo and Cy are admins, in this order; Di is a member, Ed reads, and a relay stands by. */
function camp(story: Story): Record<'alice' | 'bo' | 'cy' | 'di' | 'ed' | 'relay', Actor> {
  const alice = story.found('Alice');
  const numbered = (name: string, role: Parameters<Story['join']>[2], number: number): Actor => {
    const actor = story.newcomer(name);
    alice.admit(alice.invite(role), actor, { number });
    return actor;
  };
  return {
    alice,
    bo: numbered('Bo', 'admin', 2),
    cy: numbered('Cy', 'admin', 3),
    di: numbered('Di', 'member', 4),
    ed: numbered('Ed', 'reader', 5),
    relay: numbered('Relay', 'relay', 6),
  };
}

const CAMP = [
  'Alice: 1 admin',
  'Bo: 2 admin',
  'Cy: 3 admin',
  'Di: 4 member',
  'Ed: 5 reader',
  'Relay: 6 relay',
];

/** The camp, with these lines in the place of those with the same numbers, or after them. */
function campBut(...lines: readonly string[]): string[] {
  const byNumber = new Map([...CAMP, ...lines].map((line) => [line.split(' ')[1], line]));
  return [...byNumber.values()];
}

export const SCENARIOS: readonly Scenario[] = [
  // ---- what an author can know
  {
    name: 'nothing counts before the network is founded',
    play: (story) => {
      const { di } = camp(story);
      di.startIncarnation('2');
      return { roll: CAMP, refused: [[di.write(hub('/ip4/10.0.0.1'), { after: [] }), 'not-founded']] };
    },
  },
  {
    name: 'a network has one genesis',
    play: (story) => {
      const { di } = camp(story);
      return { roll: CAMP, refused: [[story.genesis(di, di), 'other-network']] };
    },
  },
  {
    name: 'nobody founds a network in the name of another',
    play: (story) => {
      const genesis = story.genesis(story.newcomer('Mallory'), story.newcomer('Alice'));
      story.nameNetwork(genesis);
      return { roll: [], refused: [[genesis, 'not-the-founder']] };
    },
  },
  {
    name: 'who is not in the roll writes nothing',
    play: (story) => {
      camp(story);
      const stranger = story.newcomer('Mallory');
      return { roll: CAMP, refused: [[stranger.write(hub('/ip4/10.0.0.1')), 'not-a-member']] };
    },
  },
  {
    name: 'a revoked member writes nothing, nor does a revoked device',
    play: (story) => {
      const { alice, di } = camp(story);
      const phone = story.link(di, 'phone');
      alice.revokeDevice(phone);
      const late = phone.rename(di, 'Dee');
      alice.revoke(di);
      return {
        roll: campBut('Di: 4 member revoked'),
        refused: [
          [late, 'not-a-member'],
          [di.rename(di, 'Dee'), 'not-a-member'],
        ],
      };
    },
  },
  {
    name: 'readers and relays write nothing, not even about themselves',
    play: (story) => {
      const { ed, relay } = camp(story);
      return {
        roll: CAMP,
        refused: [
          [ed.rename(ed, 'Edward'), 'role-writes-nothing'],
          [relay.setRole(relay, 'admin'), 'role-writes-nothing'],
          [relay.hub('/ip4/10.0.0.1'), 'role-writes-nothing'],
        ],
      };
    },
  },
  {
    name: 'a member changes its own name and nothing of others',
    play: (story) => {
      const { alice, di, ed } = camp(story);
      const invited = alice.invite();
      di.rename(di, 'Dee');
      return {
        roll: campBut('Dee: 4 member'),
        refused: [
          [di.invite().act, 'not-an-admin'],
          [di.withdraw(invited), 'not-an-admin'],
          [di.admit(invited, story.newcomer('Fay')), 'not-an-admin'],
          [di.setRole(di, 'admin'), 'not-an-admin'],
          [di.setRole(ed, 'relay'), 'not-an-admin'],
          [di.grant(di, 'medical'), 'not-an-admin'],
          [di.revoke(ed), 'not-an-admin'],
          [di.rename(ed, 'Eddie'), 'not-an-admin'],
          [di.hub('/ip4/10.0.0.1'), 'not-an-admin'],
          [di.accept({ feed: di.feed, seq: 1, hash: story.acts[0]?.id ?? invited.act.id }), 'not-an-admin'],
        ],
      };
    },
  },
  {
    name: 'a member revokes its own devices, an admin those of others',
    play: (story) => {
      const { alice, bo, di } = camp(story);
      const phone = story.link(di, 'phone');
      const tablet = story.link(di, 'tablet');
      di.revokeDevice(phone);
      alice.revokeDevice(tablet);
      return { roll: CAMP, refused: [[di.revokeDevice(bo), 'not-an-admin']] };
    },
  },
  {
    name: 'an act names whom its author knows to be in',
    play: (story) => {
      const { alice, di } = camp(story);
      const stranger = story.newcomer('Nobody');
      alice.revoke(di);
      return {
        roll: campBut('Di: 4 member revoked'),
        refused: [
          [alice.setRole(stranger, 'admin'), 'unknown-member'],
          [alice.grant(stranger, 'medical'), 'unknown-member'],
          [alice.revoke(stranger), 'unknown-member'],
          [alice.revokeDevice(stranger), 'unknown-device'],
          [alice.setRole(di, 'admin'), 'unknown-member'],
          [alice.rename(di, 'Dee'), 'unknown-member'],
          [alice.revoke(di), 'unknown-member'],
        ],
      };
    },
  },
  {
    name: 'a device is linked by its own member',
    play: (story) => {
      const { alice, di } = camp(story);
      const phone = story.newcomer('phone');
      return { roll: CAMP, refused: [[alice.linkDevice(phone, di.member), 'not-your-member']] };
    },
  },
  {
    name: 'who is admitted was invited, in time, and the invitation stood',
    play: (story) => {
      const { alice } = camp(story);
      const short = alice.invite('admin', { expiresMs: story.nowMs + DAY_MS });
      const withdrawn = alice.invite('admin');
      alice.withdraw(withdrawn);
      const madeUp = { ...withdrawn, signer: fakeSigner('none') };
      alice.admit(short, story.newcomer('In time'), { number: 7, atMs: story.nowMs + DAY_MS });
      story.later(DAY_MS + 1);
      return {
        roll: campBut('In time: 7 admin'),
        refused: [
          [alice.admit(short, story.newcomer('Late')), 'invitation-expired'],
          [alice.admit(withdrawn, story.newcomer('Unwanted')), 'invitation-withdrawn'],
          [alice.admit(madeUp, story.newcomer('Gus')), 'unknown-invitation'],
        ],
      };
    },
  },
  {
    name: 'an invitation expires also where nothing else has happened for long',
    play: (story) => {
      const { alice } = camp(story);
      const invited = alice.invite('member', { expiresMs: story.nowMs + 7 * DAY_MS });
      story.later(60 * DAY_MS);
      return { roll: CAMP, refused: [[alice.admit(invited, story.newcomer('Late')), 'invitation-expired']] };
    },
  },
  {
    name: 'nobody else’s clock ends an invitation',
    play: (story) => {
      const { alice, di, relay } = camp(story);
      const refused = relay.write(hub('/ip4/10.0.0.1'), { after: [], atMs: story.nowMs + 10_000 * DAY_MS });
      di.rename(di, 'Dee', { atMs: story.nowMs + 10_000 * DAY_MS });
      alice.admit(alice.invite(), story.newcomer('Fay'), { number: 7 });
      return { roll: campBut('Dee: 4 member', 'Fay: 7 member'), refused: [[refused, 'not-founded']] };
    },
  },
  {
    name: 'a request that let somebody in lets nobody in again',
    play: (story) => {
      const { alice, bo } = camp(story);
      const invited = alice.invite('member', { uses: 5 });
      const fay = story.newcomer('Fay');
      const request = alice.admission(invited, fay, 7);
      alice.write(request);
      const replayed = bo.write(request);
      alice.revoke(fay);
      return {
        roll: campBut('Fay: 7 member revoked'),
        refused: [
          [replayed, 'keys-in-use'],
          [bo.write(request), 'keys-in-use'],
        ],
      };
    },
  },
  {
    name: 'a key serves one device, whatever it is for there',
    play: (story) => {
      const { alice, di } = camp(story);
      const borrowed = (name: string, part: 'link' | 'mls'): Actor => {
        const own = keysFor(name);
        const signers = { ...own, [part]: di.keys[part] };
        return story.newcomer(name, { ...signers, certificate: certify(signers) });
      };
      return {
        roll: CAMP,
        refused: [
          [alice.admit(alice.invite(), borrowed('Gus', 'link')), 'keys-in-use'],
          [alice.admit(alice.invite(), borrowed('Hal', 'mls')), 'keys-in-use'],
        ],
      };
    },
  },
  {
    name: 'an invitation is withdrawn that there is',
    play: (story) => {
      const { alice } = camp(story);
      const invite = fakeSigner('none').key as never;
      return { roll: CAMP, refused: [[alice.write({ kind: 'withdraw', invite }), 'unknown-invitation']] };
    },
  },
  {
    name: 'an invitation is not widened by a second one',
    play: (story) => {
      const { alice, bo } = camp(story);
      const { signer } = alice.invite('reader');
      return { roll: CAMP, refused: [[bo.invite('admin', { signer }).act, 'invitation-exists']] };
    },
  },

  // ---- what only the whole can tell
  {
    name: 'a device that two let in at once belongs to one',
    play: (story) => {
      const { alice, di } = camp(story);
      const phone = story.newcomer('phone');
      story.apart();
      alice.admit(alice.invite(), phone, { number: 7 });
      story.later(1);
      return { roll: campBut('phone: 7 member'), refused: [[di.linkDevice(phone), 'keys-in-use']] };
    },
  },
  {
    name: 'a one-use invitation lets in one, also where two admins use it at once',
    play: (story) => {
      const { alice, bo } = camp(story);
      const invited = alice.invite('admin');
      story.apart();
      const fay = story.newcomer('Fay');
      const gus = story.newcomer('Gus');
      alice.admit(invited, fay, { number: 7 });
      story.later(1);
      const second = bo.admit(invited, gus, { number: 7 });
      return {
        roll: campBut('Fay: 7 admin'),
        refused: [
          [second, 'invitation-used-up'],
          [gus.rename(gus, 'Augustus'), 'not-a-member'],
        ],
      };
    },
  },
  {
    name: 'an invitation for two lets in two, and who knows so admits no third',
    play: (story) => {
      const { alice, bo } = camp(story);
      const invited = alice.invite('member', { uses: 2 });
      alice.admit(invited, story.newcomer('Fay'), { number: 7 });
      bo.admit(invited, story.newcomer('Gus'), { number: 8 });
      return {
        roll: campBut('Fay: 7 member', 'Gus: 8 member'),
        refused: [[alice.admit(invited, story.newcomer('Hal')), 'invitation-used-up']],
      };
    },
  },
  {
    name: 'a device that two admins admit at once is in once, and keeps what it did',
    play: (story) => {
      const { alice, bo } = camp(story);
      const invited = alice.invite('member', { uses: 2 });
      story.apart();
      const fay = story.newcomer('Fay');
      alice.admit(invited, fay, { number: 7 });
      story.later(1);
      // What Fay has seen of it is the admission that turns out to be the second.
      const seen = [...bo.heard(), bo.admit(invited, fay, { number: 7 })];
      fay.rename(fay, 'Faye', { after: seen });
      story.together();
      alice.admit(invited, story.newcomer('Gus'), { number: 8 });
      return { roll: campBut('Faye: 7 member', 'Gus: 8 member') };
    },
  },
  {
    name: 'a member has so many devices and no more, also where they are linked at once',
    play: (story) => {
      const { di } = camp(story);
      for (let count = 3; count < LIMITS.devicesPerMember; count += 1) story.link(di, `device ${count}`);
      const phone = story.link(di, 'phone');
      story.apart();
      phone.linkDevice(story.newcomer('just enough'));
      story.later(1);
      return { roll: CAMP, refused: [[di.linkDevice(story.newcomer('one too many')), 'too-many-devices']] };
    },
  },
  {
    name: 'the last admin neither leaves nor steps down nor loses its last device',
    play: (story) => {
      const alice = story.found('Alice');
      alice.revokeDevice(story.link(alice, 'phone'));
      return {
        roll: ['Alice: 1 admin'],
        refused: [
          [alice.revoke(alice), 'last-admin'],
          [alice.setRole(alice, 'member'), 'last-admin'],
          [alice.revokeDevice(alice), 'last-admin'],
        ],
      };
    },
  },
  {
    name: 'of two admins who leave at once the second stays',
    play: (story) => {
      const alice = story.found('Alice');
      const bo = story.join(alice, 'Bo', 'admin');
      story.apart();
      bo.revoke(bo);
      story.later(1);
      return {
        roll: ['Alice: 1 admin', 'Bo: 2 admin revoked'],
        refused: [[alice.revoke(alice), 'last-admin']],
      };
    },
  },
  {
    name: 'of two admins who step down at once the second stays',
    play: (story) => {
      const alice = story.found('Alice');
      const bo = story.join(alice, 'Bo', 'admin');
      story.apart();
      alice.setRole(alice, 'reader');
      story.later(1);
      return {
        roll: ['Alice: 1 reader', 'Bo: 2 admin'],
        refused: [[bo.setRole(bo, 'member'), 'last-admin']],
      };
    },
  },

  // ---- what others take meanwhile
  {
    name: 'of two admins who remove each other the senior one stays',
    play: (story) => {
      const { alice, bo } = camp(story);
      story.apart();
      const lost = bo.revoke(alice);
      story.later(1);
      alice.revoke(bo);
      return { roll: campBut('Bo: 2 admin revoked'), refused: [[lost, 'outranked']] };
    },
  },
  {
    name: 'of two admins who demote each other the senior one stays, whatever the clocks say',
    play: (story) => {
      const { bo, cy } = camp(story);
      story.apart();
      const lost = cy.setRole(bo, 'member', [], { atMs: story.nowMs - 10 * DAY_MS });
      bo.setRole(cy, 'member');
      return { roll: campBut('Cy: 3 member'), refused: [[lost, 'outranked']] };
    },
  },
  {
    name: 'of three admins who remove each other in a circle, who the most senior removes goes',
    play: (story) => {
      const { alice, bo, cy } = camp(story);
      story.apart();
      alice.revoke(bo);
      const void1 = bo.revoke(cy);
      const void2 = cy.revoke(alice);
      return {
        roll: campBut('Bo: 2 admin revoked'),
        refused: [
          [void1, 'author-removed'],
          [void2, 'outranked'],
        ],
      };
    },
  },
  {
    name: 'of a member’s two devices that revoke each other the elder one stays',
    play: (story) => {
      const { di } = camp(story);
      const phone = story.link(di, 'phone');
      story.apart();
      const lost = phone.revokeDevice(di, [], { atMs: story.nowMs - 10 * DAY_MS });
      di.revokeDevice(phone);
      di.rename(di, 'Dee');
      return { roll: campBut('Dee: 4 member'), refused: [[lost, 'outranked']] };
    },
  },
  {
    name: 'a junior admin removes a senior one who does not remove it',
    play: (story) => {
      const { alice, cy } = camp(story);
      story.apart();
      cy.revoke(alice);
      const late = alice.invite();
      return { roll: campBut('Alice: 1 admin revoked'), refused: [[late.act, 'author-removed']] };
    },
  },
  {
    name: 'what a removed admin did meanwhile falls, and who it let in, and what they did',
    play: (story) => {
      const { alice, bo } = camp(story);
      story.apart();
      alice.revoke(bo);
      const invited = bo.invite('admin');
      const mallory = story.newcomer('Mallory');
      const admitted = bo.admit(invited, mallory);
      return {
        roll: campBut('Bo: 2 admin revoked'),
        refused: [
          [invited.act, 'author-removed'],
          [admitted, 'unknown-invitation'],
          [mallory.revoke(alice), 'outranked'],
          [mallory.invite('admin').act, 'not-a-member'],
        ],
      };
    },
  },
  {
    name: 'what a removed admin did before, as its remover had seen, stands',
    play: (story) => {
      const { alice, bo } = camp(story);
      story.apart();
      const fay = story.newcomer('Fay');
      bo.admit(bo.invite('member'), fay, { number: 7 });
      alice.hear(...bo.heard());
      const late = bo.rename(bo, 'Bob');
      alice.revoke(bo);
      fay.rename(fay, 'Faye');
      return { roll: campBut('Bo: 2 admin revoked', 'Faye: 7 member'), refused: [[late, 'author-removed']] };
    },
  },
  {
    name: 'who is demoted meanwhile keeps what a member may do, and loses what takes an admin',
    play: (story) => {
      const { alice, bo, di } = camp(story);
      const phone = story.link(bo, 'phone');
      story.apart();
      alice.setRole(bo, 'member');
      bo.rename(bo, 'Bob');
      bo.revokeDevice(phone);
      return {
        roll: campBut('Bob: 2 member'),
        refused: [
          [bo.revokeDevice(di), 'author-removed'],
          [bo.hub('/ip4/10.0.0.1'), 'author-removed'],
          [bo.rename(di, 'Dee'), 'author-removed'],
        ],
      };
    },
  },
  {
    name: 'who becomes a reader meanwhile loses what it wrote of itself',
    play: (story) => {
      const { alice, di } = camp(story);
      story.apart();
      alice.setRole(di, 'reader');
      return { roll: campBut('Di: 4 reader'), refused: [[di.rename(di, 'Dee'), 'author-removed']] };
    },
  },
  {
    name: 'who knows of its demotion and goes on all the same is refused',
    play: (story) => {
      const { alice, bo, di } = camp(story);
      alice.setRole(bo, 'member');
      const tried = bo.setRole(di, 'admin');
      alice.setRole(bo, 'admin');
      bo.setRole(di, 'reader');
      return { roll: campBut('Di: 4 reader'), refused: [[tried, 'not-an-admin']] };
    },
  },
  {
    name: 'who claims not to have heard of its removal gains nothing',
    play: (story) => {
      const { alice, bo, di } = camp(story);
      const old = [...story.acts];
      alice.revoke(bo);
      bo.startIncarnation('2');
      return {
        roll: campBut('Bo: 2 admin revoked'),
        refused: [
          [bo.setRole(di, 'admin', [], { after: old, atMs: story.nowMs - 30 * DAY_MS }), 'author-removed'],
          [bo.rename(bo, 'Bob', { after: old }), 'author-removed'],
        ],
      };
    },
  },
  {
    name: 'only the device that is revoked loses what it did meanwhile',
    play: (story) => {
      const { alice, bo, di } = camp(story);
      const phone = story.link(bo, 'phone');
      story.apart();
      alice.revokeDevice(phone);
      bo.setRole(di, 'reader');
      return { roll: campBut('Di: 4 reader'), refused: [[phone.setRole(di, 'admin'), 'author-removed']] };
    },
  },
  {
    name: 'the removed senior one is not saved by a reader who builds on it',
    play: (story) => {
      const { alice, bo, ed } = camp(story);
      story.apart();
      bo.revoke(alice);
      const late = alice.rename(ed, 'Eddie');
      ed.hear(...alice.heard());
      return {
        roll: campBut('Alice: 1 admin revoked'),
        refused: [
          [late, 'author-removed'],
          [ed.revoke(bo), 'role-writes-nothing'],
        ],
      };
    },
  },
  {
    name: 'nor by one who became a member through it meanwhile',
    play: (story) => {
      const { alice, bo, ed } = camp(story);
      story.apart();
      bo.revoke(alice);
      const late = alice.setRole(ed, 'member');
      ed.hear(...alice.heard());
      return {
        roll: campBut('Alice: 1 admin revoked'),
        refused: [
          [late, 'author-removed'],
          [ed.revoke(bo), 'role-writes-nothing'],
        ],
      };
    },
  },
  {
    name: 'the removed senior one is not saved by a quarrel of others',
    play: (story) => {
      const { alice, bo, cy } = camp(story);
      story.apart();
      const late = alice.rename(alice, 'Alicia');
      bo.revoke(alice);
      bo.revoke(cy);
      return {
        roll: campBut('Alice: 1 admin revoked', 'Cy: 3 admin revoked'),
        refused: [
          [late, 'author-removed'],
          [cy.revoke(bo), 'outranked'],
        ],
      };
    },
  },
  {
    name: 'a removal counts though its author had seen what is in dispute between others',
    play: (story) => {
      const { alice, bo, cy } = camp(story);
      story.apart();
      const dropped = alice.revoke(bo);
      bo.rename(bo, 'Bob');
      cy.hear(...bo.heard());
      cy.revoke(alice);
      return {
        roll: campBut('Alice: 1 admin revoked', 'Bob: 2 admin'),
        refused: [[dropped, 'author-removed']],
      };
    },
  },
  {
    name: 'a quarrel in which the senior one’s appointee strikes is the senior one’s',
    play: (story) => {
      const { alice, bo, di } = camp(story);
      story.apart();
      const lost = bo.revoke(alice);
      alice.setRole(di, 'admin');
      di.hear(...alice.heard());
      di.revoke(bo);
      return { roll: campBut('Bo: 2 admin revoked', 'Di: 4 admin'), refused: [[lost, 'outranked']] };
    },
  },

  // ---- invitations with one key
  {
    name: 'a copy of an invitation throws nobody out, and makes nobody more than it was',
    play: (story) => {
      const { alice, bo } = camp(story);
      story.apart();
      const invited = alice.invite('reader');
      alice.admit(invited, story.newcomer('Fay'), { number: 7 });
      bo.invite('admin', { signer: invited.signer }, { atMs: story.nowMs - 30 * DAY_MS });
      story.together();
      return {
        roll: campBut('Fay: 7 reader'),
        refused: [[alice.admit(invited, story.newcomer('Gus')), 'invitation-withdrawn']],
      };
    },
  },

  // ---- numbers
  {
    name: 'where two parts meet again, no number changes that need not',
    play: (story) => {
      const { alice, bo } = camp(story);
      story.apart();
      for (const [number, name] of [
        [7, 'Fay'],
        [8, 'Gus'],
        [9, 'Hal'],
      ] as const) {
        alice.admit(alice.invite(), story.newcomer(name), { number });
        story.later(1);
        bo.admit(bo.invite(), story.newcomer(`${name} too`), { number });
      }
      bo.admit(bo.invite(), story.newcomer('Ida'), { number: 10 });
      return {
        roll: [
          ...CAMP,
          'Fay: 7 member',
          'Gus: 8 member',
          'Hal: 9 member',
          'Ida: 10 member',
          'Fay too: 11 member',
          'Gus too: 12 member',
          'Hal too: 13 member',
        ],
      };
    },
  },
];

function hub(address: string): { kind: 'hub'; address: string; listed: true } {
  return { kind: 'hub', address, listed: true };
}
