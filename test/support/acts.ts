/**
 * Membership acts as a story: who founds, invites, joins and removes, and who has heard of what. Nothing is stored
 * and nothing is a log: what comes out are the acts that a fold takes.
 *
 *     const story = new Story();
 *     const alice = story.found('Alice');
 *     const bo = story.join(alice, 'Bo', 'admin');      // Alice invites, Bo asks, Alice admits
 *     story.apart();                                    // from here on nobody hears of what the others do
 *     alice.revoke(bo);
 *     bo.revoke(alice);
 *     story.fold();
 *
 * Together, everybody has seen everything. Apart, each device has seen what was there when they parted and its own
 * acts; `hear` tells it of others.
 */
import { createHash } from 'node:crypto';
import { toHex, utf8, type Bytes } from '../../src/base/bytes.ts';
import { compareHlc, nextHlc, type Hlc } from '../../src/base/hlc.ts';
import type {
  DeviceKey,
  EntryHash,
  FeedId,
  InviteKey,
  LinkKey,
  MemberId,
  NetworkId,
} from '../../src/base/ids.ts';
import type { ActBody } from '../../src/identity/acts.ts';
import { certify, type Certificate } from '../../src/identity/certificate.ts';
import { foldMembership, RULE_BOOK, type FoldResult } from '../../src/identity/fold.ts';
import { signDeviceConsent, signRequest } from '../../src/identity/request.ts';
import type { Role } from '../../src/identity/roles.ts';
import type { Signer, Verifier } from '../../src/identity/signing.ts';
import type { Act, EntryLink, Member, Profile } from '../../src/identity/types.ts';

export const DAY_MS = 24 * 60 * 60 * 1000;
export const START_MS = Date.UTC(2026, 10, 1);
/** What `context.network` is for acts that nobody decodes. */
export const NO_NETWORK = '0'.repeat(64) as NetworkId;

// ---- signatures: a digest over key, purpose and message; quick, and a changed message no longer verifies

function mark(key: string, purpose: string, message: Bytes): Bytes {
  const half = createHash('sha256').update(`${key}${purpose}\n`).update(message).digest();
  return new Uint8Array(Buffer.concat([half, half]));
}

export function fakeSigner(seed: string): Signer {
  const key = fakeId(`key ${seed}`);
  return { key, sign: (purpose, message) => mark(key, purpose, message) };
}

export const fakeVerifier: Verifier = {
  verify: (key, purpose, message, signature) => Buffer.compare(mark(key, purpose, message), signature) === 0,
};

/** 64 hex digits that depend on the text alone. */
export function fakeId(text: string): string {
  return toHex(createHash('sha256').update(utf8(text)).digest());
}

// ---- keys

export interface Keys {
  readonly device: Signer;
  readonly link: Signer;
  readonly mls: Signer;
  readonly certificate: Certificate;
}

export function keysFor(seed: string): Keys {
  const signers = {
    device: fakeSigner(`${seed} device`),
    link: fakeSigner(`${seed} link`),
    mls: fakeSigner(`${seed} mls`),
  };
  return { ...signers, certificate: certify(signers) };
}

export function profileOf(name: string): Profile {
  return { name, org: '', place: '' };
}

// ---- the story

type Admit = Extract<ActBody, { kind: 'admit' }>;

export interface Invited {
  readonly signer: Signer;
  readonly key: InviteKey;
  readonly act: Act;
}

interface WriteOptions {
  /** Instead of all that the device has heard of. */
  readonly after?: readonly Act[];
  /** Instead of the time at which everybody's clock stands. */
  readonly atMs?: number;
}

export class Story {
  readonly acts: Act[] = [];
  nowMs = START_MS;
  #network: NetworkId | undefined;
  #isApart = false;
  #count = 0;
  readonly #actors: Actor[] = [];

  get network(): NetworkId {
    return this.#network ?? NO_NETWORK;
  }

  get isApart(): boolean {
    return this.#isApart;
  }

  found(name: string): Actor {
    const founder = this.newcomer(name);
    this.#network = this.genesis(founder, founder).id as string as NetworkId;
    return founder;
  }

  /** A genesis that certifies somebody's device, whoever writes it. */
  genesis(by: Actor, founder: Actor): Act {
    const { certificate } = founder.keys;
    const body = {
      kind: 'genesis',
      network: 'Camp North',
      certificate,
      profile: profileOf(founder.name),
    } as const;
    return by.write(body, { after: [] });
  }

  /** That network, whose genesis this is, is what is folded. */
  nameNetwork(genesis: Act): void {
    this.#network = genesis.id as string as NetworkId;
  }

  /** Somebody with keys whom nobody has let in. */
  newcomer(name: string, keys = keysFor(name)): Actor {
    const actor = new Actor(this, name, keys);
    this.#actors.push(actor);
    return actor;
  }

  /** Invited and admitted by one admin, in two acts. */
  join(admin: Actor, name: string, role: Role = 'member'): Actor {
    const newcomer = this.newcomer(name);
    admin.admit(admin.invite(role), newcomer);
    return newcomer;
  }

  /** A further device of a member, linked by this one. */
  link(by: Actor, name: string): Actor {
    const device = this.newcomer(name);
    device.member = by.member;
    by.linkDevice(device);
    return device;
  }

  /** From now on each device hears of nothing but its own acts. Who joins later knows what who let it in knows. */
  apart(): void {
    if (!this.#isApart) for (const actor of this.#actors) actor.hear(...this.acts);
    this.#isApart = true;
  }

  /** Everybody hears of everything. */
  together(): void {
    this.#isApart = false;
  }

  later(ms: number): void {
    this.nowMs += ms;
  }

  record(act: Act): void {
    this.acts.push(act);
  }

  unique(): number {
    this.#count += 1;
    return this.#count;
  }

  fold(acts: readonly Act[] = this.acts, book = RULE_BOOK): FoldResult {
    return foldMembership(this.network, acts, book);
  }
}

export class Actor {
  readonly name: string;
  readonly keys: Keys;
  member: MemberId;
  readonly #story: Story;
  readonly #heard = new Map<EntryHash, Act>();
  #feed: FeedId;
  #last: Act | undefined;
  #clock: Hlc = { ms: 0, n: 0 };

  constructor(story: Story, name: string, keys: Keys) {
    this.#story = story;
    this.name = name;
    this.keys = keys;
    this.member = keys.device.key as MemberId;
    this.#feed = fakeId(`feed ${keys.device.key} 1`) as FeedId;
  }

  get device(): DeviceKey {
    return this.keys.device.key as DeviceKey;
  }

  get link(): LinkKey {
    return this.keys.link.key as LinkKey;
  }

  get feed(): FeedId {
    return this.#feed;
  }

  hear(...acts: readonly Act[]): void {
    for (const act of acts) this.#heard.set(act.id, act);
  }

  /** All that this device has heard of now. */
  heard(): readonly Act[] {
    return this.#story.isApart ? [...this.#heard.values()] : this.#story.acts;
  }

  /** Goes on in a new feed, as after a restored backup. */
  startIncarnation(name: string): void {
    this.#feed = fakeId(`feed ${this.device} ${name}`) as FeedId;
    this.#last = undefined;
  }

  /** Goes on from an earlier place, in what is a second history from there on. */
  goBackTo(act: Act | undefined): void {
    this.#last = act;
  }

  write(body: ActBody, { after = this.heard(), atMs = this.#story.nowMs }: WriteOptions = {}): Act {
    const own = { ms: atMs, n: 0 };
    this.#clock =
      atMs === this.#story.nowMs && compareHlc(own, this.#clock) <= 0 ? nextHlc(this.#clock) : own;
    const others = after.filter((act) => act.feed !== this.#feed);
    const seq = (this.#last?.seq ?? 0) + 1;
    const act: Act = {
      id: fakeId(`act ${this.#feed} ${String(seq)} ${String(this.#story.unique())}`) as EntryHash,
      feed: this.#feed,
      seq,
      device: this.device,
      hlc: this.#clock,
      after: lastOfEachFeed(others),
      body,
    };
    this.#last = act;
    this.#heard.set(act.id, act);
    this.#story.record(act);
    return act;
  }

  // ---- what people do

  invite(
    role: Role = 'member',
    {
      uses = 1,
      expiresMs = this.#story.nowMs + 7 * DAY_MS,
      signer = fakeSigner(`invitation ${String(this.#story.unique())}`),
    } = {},
    options?: WriteOptions,
  ): Invited {
    const key = signer.key as InviteKey;
    const act = this.write(
      { kind: 'invite', invite: key, role, name: '', expiresMs, uses, form: 'link' },
      options,
    );
    return { signer, key, act };
  }

  withdraw(invited: Invited): Act {
    return this.write({ kind: 'withdraw', invite: invited.key });
  }

  admit(
    invited: Invited,
    newcomer: Actor,
    { number = 1, ...options }: WriteOptions & { number?: number } = {},
  ): Act {
    const body = this.admission(invited, newcomer, number);
    const act = this.write(body, options);
    if (this.#story.isApart) newcomer.hear(...this.heard());
    return act;
  }

  admission(invited: Invited, newcomer: Actor, number = 1): Admit {
    const signers = { invite: invited.signer, device: newcomer.keys.device };
    const request = signRequest(
      this.#story.network,
      signers,
      newcomer.keys.certificate,
      profileOf(newcomer.name),
    );
    return { kind: 'admit', ...request, number };
  }

  linkDevice(device: Actor, member = this.member): Act {
    const { certificate } = device.keys;
    const consent = signDeviceConsent(this.#story.network, member, certificate, device.keys.device);
    const act = this.write({ kind: 'device', member, certificate, consent });
    if (this.#story.isApart) device.hear(...this.heard());
    return act;
  }

  /** Revokes a member with all its devices. */
  revoke(target: Actor, cuts: readonly EntryLink[] = [], options?: WriteOptions): Act {
    return this.write({ kind: 'revoke', target: { scope: 'member', member: target.member }, cuts }, options);
  }

  revokeDevice(target: Actor, cuts: readonly EntryLink[] = [], options?: WriteOptions): Act {
    return this.write({ kind: 'revoke', target: { scope: 'device', device: target.device }, cuts }, options);
  }

  setRole(target: Actor, role: Role, cuts: readonly EntryLink[] = [], options?: WriteOptions): Act {
    return this.write({ kind: 'role', member: target.member, role, cuts }, options);
  }

  grant(target: Actor, grant: string, given = true): Act {
    return this.write({ kind: 'grant', member: target.member, grant, given });
  }

  rename(target: Actor, name: string, options?: WriteOptions): Act {
    return this.write({ kind: 'rename', member: target.member, profile: profileOf(name) }, options);
  }

  hub(address: string, listed = true): Act {
    return this.write({ kind: 'hub', address, listed });
  }

  accept(upTo: EntryLink): Act {
    return this.write({ kind: 'accept', upTo });
  }
}

/** A link for each feed, to the last act of it: more than a node would write, and it says the same. */
function lastOfEachFeed(acts: readonly Act[]): EntryLink[] {
  const last = new Map<FeedId, Act>();
  for (const act of acts) {
    const known = last.get(act.feed);
    if (known === undefined || known.seq < act.seq) last.set(act.feed, act);
  }
  return [...last.values()].map(linkTo);
}

export function linkTo(act: Act): EntryLink {
  return { feed: act.feed, seq: act.seq, hash: act.id };
}

// ---- looking at what came out

/** Everybody in a line each: `Alice: 1 admin`, or `Bo: 2 member revoked`. */
export function tell({ membership }: FoldResult): string[] {
  return [...membership.members.values()]
    .sort((a, b) => a.number - b.number)
    .map((member) => [`${member.name}:`, member.number, member.role, ...gone(member)].join(' '));
}

function gone(member: Member): string[] {
  return member.status === 'revoked' ? ['revoked'] : [];
}

/** Why this act does not count; undefined when it does, or is not there. */
export function codeOf({ membership }: FoldResult, act: Act): string | undefined {
  return membership.refused.find((refused) => refused.act === act.id)?.code;
}

export function isIn({ membership }: FoldResult, actor: Actor): boolean {
  return (
    membership.members.get(actor.member)?.status === 'active' &&
    membership.devices.get(actor.device)?.active === true
  );
}

export function roleOf({ membership }: FoldResult, actor: Actor): Role | undefined {
  return membership.members.get(actor.member)?.role;
}

/** All that a fold says, in a form that compares. */
export function everything({ membership }: FoldResult): unknown {
  const { network, name, members, devices, byLink, invites, hubs, order, refused, heads } = membership;
  const maps = [members, devices, byLink, invites].map((map) =>
    [...map.entries()].sort(([a], [b]) => (a < b ? -1 : 1)),
  );
  return { network, name, maps, hubs, order, refused, heads };
}
