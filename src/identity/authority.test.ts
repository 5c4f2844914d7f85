import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codeOf, fakeId, isIn, linkTo, Story, tell, type Actor } from '../../test/support/acts.ts';
import type { EntryHash, FeedId } from '../base/ids.ts';
import type { Authority } from './authority.ts';
import { LANES, type Lane } from './roles.ts';
import type { Act, EntryLink } from './types.ts';

/** What an author had seen who had seen these acts, and all that their authors had seen. */
function seenOf(authority: Authority, acts: readonly Act[]): ReadonlyMap<FeedId, number> {
  return authority.vectorOf(new Map(), acts.map(linkTo));
}

function feedOf(who: Actor, lane = 'data'): FeedId {
  return fakeId(`${who.name} ${lane}`) as FeedId;
}

function cut(who: Actor, seq: number, lane = 'data'): EntryLink {
  return { feed: feedOf(who, lane), seq, hash: fakeId('an entry') as EntryHash };
}

/** How much stands of a feed whose author had seen these acts. */
function upTo(story: Story, who: Actor, seen: readonly Act[], lane: Lane = 'data'): number | undefined {
  const { authority } = story.fold();
  const writing = { device: who.device, lane, feed: feedOf(who, lane), seen: seenOf(authority, seen) };
  return authority.boundOf(writing).upTo;
}

function camp(): { story: Story; alice: Actor; bo: Actor; di: Actor; ed: Actor; before: readonly Act[] } {
  const story = new Story();
  const alice = story.found('Alice');
  const bo = story.join(alice, 'Bo', 'admin');
  const di = story.join(alice, 'Di', 'member');
  const ed = story.join(alice, 'Ed', 'reader');
  return { story, alice, bo, di, ed, before: [...story.acts] };
}

test('members write every lane, readers none, strangers none', () => {
  const { story, alice, di, ed, before } = camp();
  for (const lane of LANES) {
    assert.equal(upTo(story, alice, before, lane), Infinity);
    assert.equal(upTo(story, di, before, lane), Infinity);
    assert.equal(upTo(story, ed, before, lane), undefined);
    assert.equal(upTo(story, story.newcomer('Mallory'), before, lane), undefined);
  }
});

test('who has not seen its own admission has no right to write yet', () => {
  const { story, di } = camp();
  assert.equal(upTo(story, di, []), undefined);
  assert.equal(upTo(story, di, story.acts.slice(0, 1)), undefined);
});

test('a revocation that the author had not seen ends its feeds where it says, in every lane', () => {
  const { story, alice, di, before } = camp();
  const revoked = alice.revoke(di, [cut(di, 7), cut(di, 2, 'urgent')]);
  assert.equal(upTo(story, di, before), 7);
  assert.equal(upTo(story, di, before, 'urgent'), 2);
  const { authority } = story.fold();
  const elsewhere = fakeId('an incarnation that the remover did not know') as FeedId;
  const writing = {
    device: di.device,
    lane: 'data',
    feed: elsewhere,
    seen: seenOf(authority, before),
  } as const;
  assert.deepEqual(authority.boundOf(writing), { upTo: 0, by: revoked.id });
});

test('who had seen its revocation has no right at all, even before the cut', () => {
  const { story, alice, di } = camp();
  alice.revoke(di, [cut(di, 7)]);
  assert.equal(upTo(story, di, story.acts), undefined);
});

test('whoever builds on what follows a revocation has seen it, whatever it does not name', () => {
  const { story, alice, bo, di } = camp();
  alice.revoke(di, [cut(di, 7)]);
  const later = bo.rename(bo, 'Bob');
  assert.equal(upTo(story, di, [later]), undefined);
});

test('acts that nobody knows say nothing: to claim them is to have seen nothing', () => {
  const { story, alice, di, before } = camp();
  alice.revoke(di, [cut(di, 7)]);
  const { authority } = story.fold();
  const unknown: EntryLink = { feed: alice.feed, seq: 1_000_000, hash: fakeId('future') as EntryHash };
  const base = seenOf(authority, before);
  assert.deepEqual(authority.vectorOf(base, [unknown]), base);
  const seen = authority.vectorOf(new Map(), [unknown]);
  assert.equal(
    authority.boundOf({ device: di.device, lane: 'data', feed: feedOf(di), seen }).upTo,
    undefined,
  );
});

test('an old device that goes on in a new feed and has heard of nothing is cut there too', () => {
  const { story, alice, di, before } = camp();
  alice.revokeDevice(di, [cut(di, 7)]);
  assert.equal(upTo(story, di, before, 'urgent'), 0);
});

test('the revocation of one device leaves the member’s others alone', () => {
  const { story, alice, di } = camp();
  const phone = story.link(di, 'phone');
  const before = [...story.acts];
  alice.revokeDevice(phone, [cut(phone, 3)]);
  assert.equal(upTo(story, phone, before), 3);
  assert.equal(upTo(story, di, before), Infinity);
  assert.equal(upTo(story, di, story.acts), Infinity);
});

test('the revocation of a member cuts all its devices', () => {
  const { story, alice, di } = camp();
  const phone = story.link(di, 'phone');
  const before = [...story.acts];
  alice.revoke(di, [cut(phone, 3)]);
  assert.equal(upTo(story, phone, before), 3);
  assert.equal(upTo(story, di, before), 0);
});

test('a change of role cuts what the new role may not write, and nothing else', () => {
  const { story, alice, bo, di, before } = camp();
  alice.setRole(bo, 'member', [cut(bo, 5)]);
  alice.setRole(di, 'reader', [cut(di, 5)]);
  assert.equal(upTo(story, bo, before), Infinity);
  assert.equal(upTo(story, di, before), 5);
  assert.equal(upTo(story, di, story.acts), undefined);
  const back = alice.setRole(di, 'member');
  assert.equal(upTo(story, di, story.acts), Infinity);
  // What it wrote in between, not knowing that it was a reader, stays aside.
  assert.equal(upTo(story, di, before), 5);
  assert.equal(codeOf(story.fold(), back), undefined);
});

test('of two cuts the narrower holds', () => {
  const { story, alice, bo, di, before } = camp();
  story.apart();
  alice.revoke(di, [cut(di, 9)]);
  const narrower = bo.revoke(di, [cut(di, 4)]);
  const { authority } = story.fold();
  const writing = {
    device: di.device,
    lane: 'data',
    feed: feedOf(di),
    seen: seenOf(authority, before),
  } as const;
  assert.deepEqual(authority.boundOf(writing), { upTo: 4, by: narrower.id });
});

test('a revocation that does not count cuts nothing', () => {
  const { story, alice, di, ed, before } = camp();
  ed.revoke(di);
  di.revoke(alice);
  assert.equal(upTo(story, di, before), Infinity);
  assert.equal(upTo(story, alice, before), Infinity);
});

test('what an admin accepts stands again, in that feed and no further', () => {
  const { story, alice, di, before } = camp();
  alice.revoke(di, [cut(di, 7), cut(di, 2, 'urgent')]);
  alice.accept(cut(di, 12));
  assert.equal(upTo(story, di, before), 12);
  assert.equal(upTo(story, di, before, 'urgent'), 2);
  alice.accept(cut(di, 9));
  assert.equal(upTo(story, di, before), 12);
  assert.equal(upTo(story, di, story.acts), undefined);
});

test('who accepts speaks of the cut that it knows, not of one that comes later or elsewhere', () => {
  const { story, alice, bo, di, before } = camp();
  alice.setRole(di, 'reader', [cut(di, 7)]);
  alice.accept(cut(di, 12));
  alice.setRole(di, 'member');
  const again = [...story.acts];
  story.apart();
  const elsewhere = bo.setRole(di, 'relay', [cut(di, 3)]);
  alice.revoke(di, [cut(di, 10)]);
  alice.hear(elsewhere);
  assert.equal(upTo(story, di, again), 3);
  alice.accept(cut(di, 11));
  assert.equal(upTo(story, di, again), 11);
  assert.equal(upTo(story, di, before), 11);
});

test('an acceptance by who may not accept changes nothing', () => {
  const { story, alice, bo, di, before } = camp();
  alice.revoke(di, [cut(di, 7)]);
  story.apart();
  alice.setRole(bo, 'member');
  const refused = bo.accept(cut(di, 12));
  assert.equal(codeOf(story.fold(), refused), 'author-removed');
  assert.equal(upTo(story, di, before), 7);
});

test('an author is who it was as far as it had seen', () => {
  const { story, alice, di } = camp();
  const before = [...story.acts];
  alice.setRole(di, 'admin');
  const { authority } = story.fold();
  assert.deepEqual(authority.authorAt(di.device, seenOf(authority, before)), {
    member: di.member,
    role: 'member',
  });
  assert.deepEqual(authority.authorAt(di.device, seenOf(authority, story.acts)), {
    member: di.member,
    role: 'admin',
  });
  assert.equal(authority.authorAt(story.newcomer('Mallory').device, seenOf(authority, before)), undefined);
});

test('a device’s fingerprint changes when its entries may be worth something else, and only then', () => {
  const { story, alice, bo, di } = camp();
  const phone = story.link(di, 'phone');
  const of = (who: Actor): string => story.fold().authority.fingerprint(who.device);
  const first = of(phone);
  bo.rename(di, 'Dee');
  alice.grant(di, 'medical');
  alice.setRole(bo, 'member');
  assert.equal(of(phone), first);
  const seen = new Set([first]);
  for (const change of [
    () => alice.setRole(di, 'reader'),
    () => alice.revokeDevice(phone),
    () => alice.accept(cut(phone, 3)),
    () => alice.revoke(di),
  ]) {
    change();
    seen.add(of(phone));
  }
  assert.equal(seen.size, 5);
  assert.equal(of(story.newcomer('Mallory')), '');
});

// ---- grounds

test('an author’s grounds are how it came in and what it is; a target’s likewise', () => {
  const { story, alice, bo, di } = camp();
  const phone = story.link(di, 'phone');
  const raised = alice.setRole(di, 'admin');
  const invited = alice.invite('member');
  const { authority } = story.fold();
  const admissionOf = (who: Actor): string | undefined =>
    story.acts.find(({ body }) => body.kind === 'admit' && body.certificate.device === who.device)?.id;
  const linked = story.acts.find(({ body }) => body.kind === 'device')?.id;
  const hashes = (links: readonly EntryLink[]): unknown[] => links.map(({ hash }) => hash).sort();
  assert.deepEqual(hashes(authority.groundsOf(bo.device)), [admissionOf(bo)]);
  assert.deepEqual(hashes(authority.groundsOf(phone.device)), [admissionOf(di), linked, raised.id].sort());
  const removing = { kind: 'revoke', target: { scope: 'device', device: phone.device }, cuts: [] } as const;
  assert.deepEqual(
    hashes(authority.groundsOf(bo.device, removing)),
    [admissionOf(bo), admissionOf(di), linked, raised.id].sort(),
  );
  const admission = bo.admission(invited, story.newcomer('Fay'));
  assert.deepEqual(
    hashes(authority.groundsOf(bo.device, admission)),
    [admissionOf(bo), invited.act.id].sort(),
  );
  assert.deepEqual(authority.groundsOf(story.newcomer('Mallory').device), []);
});

test('who writes its feed twice takes down nothing that was built on it with its grounds', () => {
  const { story, alice, bo, di } = camp();
  const raised = alice.setRole(di, 'admin');
  story.apart();
  const last = bo.rename(bo, 'Bob'); // the one head: it has seen everything
  di.startIncarnation('2');
  di.hear(last);
  const { authority, membership } = story.fold();
  assert.deepEqual(membership.heads, [linkTo(last)]);
  const removing = { kind: 'revoke', target: { scope: 'member', member: bo.member }, cuts: [] } as const;
  const byHash = new Map(story.acts.map((act) => [act.id, act]));
  const actsOf = (links: readonly EntryLink[]): Act[] => links.flatMap(({ hash }) => byHash.get(hash) ?? []);
  const removal = di.write(removing, {
    after: actsOf([...membership.heads, ...authority.groundsOf(di.device, removing)]),
  });
  assert.equal(codeOf(story.fold(), raised), undefined);
  assert.equal(isIn(story.fold(), bo), false);
  // Bo, who is being removed, writes another history from before the head.
  bo.goBackTo(undefined);
  bo.rename(bo, 'Bobby');
  const after = story.fold();
  assert.equal(codeOf(after, removal), undefined);
  assert.equal(isIn(after, bo), false);
  // With the head alone, the removal would have gone with it.
  const bare = story.acts.map((act) => (act === removal ? { ...act, after: [linkTo(last)] } : act));
  assert.equal(codeOf(story.fold(bare), removal), 'not-founded');
  assert.deepEqual(tell(story.fold(bare)).length, tell(after).length);
});
