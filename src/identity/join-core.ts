/**
 * Joining, both sides, as machines that take a message and give the answer. The invitation's secret proves itself by
 * signing a fresh nonce and never crosses; a code is turned into that secret by CPace (`cpace.ts`) first.
 *
 *   newcomer                       admitter
 *   hello(invite, nonce)    →
 *                           ←      challenge(nonce, network)
 *   request(answer, …)      →
 *                           ←      welcome(member) | refused(code)
 *
 *   with a code, before `challenge`:
 *   code(locator, share)    →
 *                           ←      reply(share, tag)
 *   confirm(tag)            →
 *                           ←      secret(sealed seed), challenge(…)
 */
import { createCipheriv, createDecipheriv } from 'node:crypto';
import { concatBytes, type Bytes } from '../base/bytes.ts';
import { encodeCbor } from '../base/cbor.ts';
import { isKithError, KithError } from '../base/errors.ts';
import { idToBytes, type InviteKey, type LinkKey, type MemberId, type NetworkId } from '../base/ids.ts';
import type { Rng } from '../base/ports.ts';
import { readCertificate, type Certificate } from './certificate.ts';
import { respond, startInitiator, type CpaceInitiator, type CpaceResponder } from './cpace.ts';
import { codeChannel, codePassword, type JoinCode } from './join-code.ts';
import { NONCE_BYTES, type JoinMessage } from './join-wire.ts';
import { requestHolds, signDeviceConsent, signRequest, deviceConsents, type JoinRequest } from './request.ts';
import { createSigner, type Signer, type Verifier } from './signing.ts';
import type { Profile } from './types.ts';

const ANSWER = 'join challenge';

/** Who stands at the two ends of the link, as the link itself proved. */
export interface JoinEnds {
  readonly newcomer: LinkKey;
  readonly admitter: LinkKey;
}

function challengeStatement(network: NetworkId, ends: JoinEnds, nonces: readonly [Bytes, Bytes]): Bytes {
  return encodeCbor([idToBytes(network), idToBytes(ends.newcomer), idToBytes(ends.admitter), ...nonces]);
}

// ---- admitter

export interface OpenInvitation {
  /** Set when it is for another device of this member. */
  readonly member: MemberId | undefined;
}

export interface AdmitterPorts {
  readonly rng: Rng;
  readonly verifier: Verifier;
  readonly network: NetworkId;
  readonly networkName: string;
  /** @throws KithError with the code to refuse with: unknown, used up, expired, withdrawn, or nobody here may admit. */
  openInvitation(key: InviteKey): OpenInvitation;
  /** Undefined when no open code starts with these digits. */
  openCode(locator: string): { readonly code: JoinCode; readonly seed: Bytes } | undefined;
  /** Somebody tries this code, rightly or not. */
  codeTried(locator: string): void;
  /** Writes the admission into the log. @throws KithError */
  admit(request: JoinRequest, invitation: OpenInvitation): MemberId;
}

type AdmitterState =
  | { readonly at: 'start' }
  | {
      readonly at: 'confirm';
      readonly locator: string;
      readonly nonce: Bytes;
      readonly cpace: CpaceResponder;
    }
  | { readonly at: 'request'; readonly invite: InviteKey; readonly nonces: readonly [Bytes, Bytes] }
  | { readonly at: 'done' };

export class Admitter {
  readonly #ports: AdmitterPorts;
  readonly #ends: JoinEnds;
  #state: AdmitterState = { at: 'start' };

  constructor(ports: AdmitterPorts, ends: JoinEnds) {
    this.#ports = ports;
    this.#ends = ends;
  }

  get isDone(): boolean {
    return this.#state.at === 'done';
  }

  /** What to send. After `welcome` or `refused` nothing follows. */
  receive(message: JoinMessage): readonly JoinMessage[] {
    try {
      return this.#answer(message);
    } catch (error) {
      if (!isKithError(error)) throw error;
      this.#state = { at: 'done' };
      return [{ type: 'refused', code: error.code }];
    }
  }

  #answer(message: JoinMessage): readonly JoinMessage[] {
    const state = this.#state;
    if (state.at === 'start' && message.type === 'hello')
      return [this.#challenge(message.invite, message.nonce)];
    if (state.at === 'start' && message.type === 'code') return [this.#startCode(message)];
    if (state.at === 'confirm' && message.type === 'confirm') return this.#confirm(state, message.tag);
    if (state.at === 'request' && message.type === 'request') return [this.#decide(state, message)];
    throw new KithError('out-of-turn', 'The other side did not follow the order of joining.');
  }

  #challenge(invite: InviteKey, nonce: Bytes): JoinMessage {
    const { rng, network, networkName } = this.#ports;
    const { member } = this.#ports.openInvitation(invite);
    const own = rng.bytes(NONCE_BYTES);
    this.#state = { at: 'request', invite, nonces: [nonce, own] };
    return { type: 'challenge', nonce: own, network, networkName, member };
  }

  #startCode(message: Extract<JoinMessage, { type: 'code' }>): JoinMessage {
    const open = this.#ports.openCode(message.locator);
    if (open === undefined)
      throw new KithError('unknown-code', 'No open invitation starts with these digits.');
    const cpace = respond(
      {
        password: codePassword(open.code),
        channel: codeChannel(message.locator, this.#ends.newcomer, this.#ends.admitter),
        session: message.nonce,
        data: new Uint8Array(0),
      },
      { share: message.share, data: new Uint8Array(0) },
      this.#ports.rng,
    );
    // Counted before the answer goes out: whoever hangs up after learning that a guess was wrong has used one.
    this.#ports.codeTried(message.locator);
    this.#state = { at: 'confirm', locator: message.locator, nonce: message.nonce, cpace };
    return { type: 'reply', share: cpace.message.share, tag: cpace.message.tag };
  }

  #confirm(state: Extract<AdmitterState, { at: 'confirm' }>, tag: Bytes): readonly JoinMessage[] {
    const key = state.cpace.finish(tag);
    const open = this.#ports.openCode(state.locator);
    if (open === undefined) throw new KithError('unknown-code', 'This invitation was closed meanwhile.');
    const invite = createSigner(open.seed).key as InviteKey;
    return [{ type: 'secret', sealed: sealSeed(key, open.seed) }, this.#challenge(invite, state.nonce)];
  }

  #decide(
    state: Extract<AdmitterState, { at: 'request' }>,
    message: Extract<JoinMessage, { type: 'request' }>,
  ): JoinMessage {
    const { verifier, network } = this.#ports;
    const invitation = this.#ports.openInvitation(state.invite);
    const statement = challengeStatement(network, this.#ends, state.nonces);
    if (!verifier.verify(state.invite, ANSWER, statement, message.answer)) throw notProven();
    const certificate = readCertificate(message.certificate, verifier);
    if (certificate.link !== this.#ends.newcomer) throw notProven();
    const { profile, proof, consent } = message;
    const request: JoinRequest = { invite: state.invite, certificate, profile, proof, consent };
    const holds =
      invitation.member === undefined
        ? requestHolds(network, request, verifier)
        : deviceConsents(network, invitation.member, certificate, consent, verifier);
    if (!holds) throw notProven();
    const member = this.#ports.admit(request, invitation);
    this.#state = { at: 'done' };
    return { type: 'welcome', member };
  }
}

function notProven(): KithError {
  return new KithError('not-proven', 'The other side could not prove that it holds the invitation.');
}

// ---- newcomer

export interface NewcomerPorts {
  readonly rng: Rng;
  readonly device: Signer;
  readonly certificate: Certificate;
  readonly profile: Profile;
}

export type Secret =
  | { readonly kind: 'link'; readonly seed: Bytes; readonly network: NetworkId }
  | { readonly kind: 'code'; readonly code: JoinCode };

export interface Joined {
  readonly network: NetworkId;
  readonly networkName: string;
  readonly member: MemberId;
}

type NewcomerState =
  | { readonly at: 'start' }
  | { readonly at: 'reply'; readonly nonce: Bytes; readonly cpace: CpaceInitiator }
  | { readonly at: 'secret'; readonly nonce: Bytes; readonly key: Bytes }
  | {
      readonly at: 'challenge';
      readonly nonce: Bytes;
      readonly invite: Signer;
      readonly network: NetworkId | undefined;
    }
  | { readonly at: 'welcome'; readonly network: NetworkId; readonly networkName: string };

export class Newcomer {
  readonly #ports: NewcomerPorts;
  readonly #ends: JoinEnds;
  #state: NewcomerState = { at: 'start' };
  #joined: Joined | undefined;

  constructor(ports: NewcomerPorts, ends: JoinEnds) {
    this.#ports = ports;
    this.#ends = ends;
  }

  get joined(): Joined | undefined {
    return this.#joined;
  }

  start(secret: Secret): JoinMessage {
    const nonce = this.#ports.rng.bytes(NONCE_BYTES);
    if (secret.kind === 'link') {
      const invite = createSigner(secret.seed);
      this.#state = { at: 'challenge', nonce, invite, network: secret.network };
      return { type: 'hello', invite: invite.key as InviteKey, nonce };
    }
    const cpace = startInitiator(
      {
        password: codePassword(secret.code),
        channel: codeChannel(secret.code.locator, this.#ends.newcomer, this.#ends.admitter),
        session: nonce,
        data: new Uint8Array(0),
      },
      this.#ports.rng,
    );
    this.#state = { at: 'reply', nonce, cpace };
    return { type: 'code', locator: secret.code.locator, nonce, share: cpace.message.share };
  }

  /** @throws KithError with the other side's refusal, or when it is not who it must be. */
  receive(message: JoinMessage): JoinMessage | undefined {
    const state = this.#state;
    if (message.type === 'refused') throw joinRefused(message.code);
    if (state.at === 'reply' && message.type === 'reply') {
      const { key, tag } = state.cpace.finish({
        share: message.share,
        tag: message.tag,
        data: new Uint8Array(0),
      });
      this.#state = { at: 'secret', nonce: state.nonce, key };
      return { type: 'confirm', tag };
    }
    if (state.at === 'secret' && message.type === 'secret') {
      const invite = createSigner(openSeed(state.key, message.sealed));
      this.#state = { at: 'challenge', nonce: state.nonce, invite, network: undefined };
      return undefined;
    }
    if (state.at === 'challenge' && message.type === 'challenge') return this.#request(state, message);
    if (state.at === 'welcome' && message.type === 'welcome') {
      this.#joined = { network: state.network, networkName: state.networkName, member: message.member };
      return undefined;
    }
    throw new KithError('out-of-turn', 'The other side did not follow the order of joining.', {
      next: 'Ask for a new invitation and try again.',
    });
  }

  #request(
    state: Extract<NewcomerState, { at: 'challenge' }>,
    message: Extract<JoinMessage, { type: 'challenge' }>,
  ): JoinMessage {
    const { network, networkName, member } = message;
    // A link names its network: nobody at the other end can talk us into another one.
    if (state.network !== undefined && state.network !== network) throw joinRefused('wrong-network');
    const { device, certificate, profile } = this.#ports;
    const request = signRequest(network, { invite: state.invite, device }, certificate, profile);
    const statement = challengeStatement(network, this.#ends, [state.nonce, message.nonce]);
    this.#state = { at: 'welcome', network, networkName };
    return {
      type: 'request',
      answer: state.invite.sign(ANSWER, statement),
      certificate: certificate.bytes,
      profile,
      proof: request.proof,
      consent:
        member === undefined ? request.consent : signDeviceConsent(network, member, certificate, device),
    };
  }
}

const REFUSALS: Readonly<Record<string, readonly [message: string, next: string]>> = {
  'invitation-used-up': ['This invitation has been used already.', 'Ask for a new one.'],
  'invitation-expired': ['This invitation has expired.', 'Ask for a new one.'],
  'invitation-withdrawn': ['This invitation was withdrawn.', 'Ask who invited you.'],
  'unknown-invitation': ['This invitation is not known there.', 'Ask for a new one.'],
  'unknown-code': [
    'No open invitation has this code.',
    'Read the twelve digits again, or ask for a new code.',
  ],
  'wrong-code': [
    'The code is not right.',
    'Read the twelve digits again; after five wrong tries a code is closed.',
  ],
  'not-an-admin': [
    'The node that answered cannot admit anybody.',
    'Make sure that an admin’s node is running.',
  ],
  'keys-in-use': ['This device is in that network already.', 'Start it with: kith up'],
  'wrong-network': ['The node that answered belongs to another network.', 'Ask for a new invitation.'],
};

/** What a refusal means, for the person who tried to join. */
export function joinRefused(code: string): KithError {
  const [message, next] = REFUSALS[code] ?? [
    'The network refused to let this device in.',
    'Ask who invited you.',
  ];
  return new KithError(code, message, { next });
}

// ---- the seed under CPace's key; the key is used once, so the nonce may be fixed

const SEED_NONCE = new Uint8Array(12);
const TAG_BYTES = 16;

function sealSeed(key: Bytes, seed: Bytes): Bytes {
  const cipher = createCipheriv('chacha20-poly1305', key, SEED_NONCE, { authTagLength: TAG_BYTES });
  return concatBytes(cipher.update(seed), cipher.final(), cipher.getAuthTag());
}

function openSeed(key: Bytes, sealed: Bytes): Bytes {
  const body = sealed.subarray(0, -TAG_BYTES);
  const decipher = createDecipheriv('chacha20-poly1305', key, SEED_NONCE, { authTagLength: TAG_BYTES });
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
  try {
    return concatBytes(decipher.update(body), decipher.final());
  } catch (cause) {
    throw new KithError('wrong-code', 'The code is not right.', { cause });
  }
}
