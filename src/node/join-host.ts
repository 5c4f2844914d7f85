/** Lets strangers with an invitation in: the only thing that answers somebody who is no member. */
import { decodeCbor, encodeCbor, malformed } from '../base/cbor.ts';
import { fromUtf8, utf8, type Bytes } from '../base/bytes.ts';
import { KithError } from '../base/errors.ts';
import type { InviteKey, LinkKey, MemberId } from '../base/ids.ts';
import type { Clock, Logger, Rng, Timer, Timers } from '../base/ports.ts';
import { CODE_LIMITS, generateJoinCode, type JoinCode } from '../identity/join-code.ts';
import { Admitter, type AdmitterPorts, type OpenInvitation } from '../identity/join-core.ts';
import { decodeJoin, encodeJoin } from '../identity/join-wire.ts';
import type { JoinRequest } from '../identity/request.ts';
import { createSigner, SEED_BYTES, type Verifier } from '../identity/signing.ts';
import type { Invite } from '../identity/types.ts';
import { payloadOf } from '../log/wire.ts';
import type { Log } from '../log/service.ts';
import type { Channel, ChannelName, Transport } from '../net/ports.ts';
import type { Meta } from './keys.ts';

export const JOIN_CHANNEL: ChannelName = '/kith/1/join';
/** A stranger has this long to prove itself; then its link ends. */
const STRANGER_MS = 60_000;
const STRANGERS_AT_ONCE = 8;
/** Who comes too late is told so for this long; afterwards nobody answers. */
const TOO_LATE_MS = 60 * 60 * 1000;

export interface JoinHostDeps {
  readonly transport: Transport;
  readonly log: Log;
  readonly meta: Meta;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly rng: Rng;
  readonly verifier: Verifier;
  readonly logger: Logger;
  readonly own: MemberId;
  /** Newcomers may come to be passed on to an admin. */
  readonly passesOn: boolean;
}

interface DeviceInvite {
  readonly member: MemberId;
  readonly expiresMs: number;
  used: boolean;
}

export class JoinHost {
  readonly #deps: JoinHostDeps;
  readonly #deviceInvites = new Map<InviteKey, DeviceInvite>();
  /** Those who are linked and not let in yet, each with when its time is up. */
  readonly #strangers = new Map<LinkKey, Timer>();

  constructor(deps: JoinHostDeps) {
    this.#deps = deps;
    deps.transport.handle(JOIN_CHANNEL, (channel) => {
      this.#serve(channel);
    });
    deps.transport.on({
      link: (link) => {
        this.#watch(link.peer);
      },
      unlink: ({ peer }) => {
        if (deps.transport.links().every((link) => link.peer !== peer)) this.#makeRoom(peer);
      },
    });
  }

  /** May somebody who is no member have a link for a while? Only when there is something to join by. */
  mayKnock(peer: LinkKey): boolean {
    if (this.#strangers.has(peer)) return true;
    return this.#strangers.size < STRANGERS_AT_ONCE && this.#expectsSomebody();
  }

  /** Writes an invitation by code: its digits and seed travel in a part that admins alone hold. */
  openCode(
    role: Invite['role'],
    name: string,
    expiresMs: number,
    uses: number,
  ): { code: JoinCode; invite: InviteKey } {
    const { log, rng } = this.#deps;
    const taken = new Set(this.#openCodes().map(({ code }) => code.locator));
    const code = generateJoinCode(rng, taken);
    const seed = rng.bytes(SEED_BYTES);
    const invite = createSigner(seed).key as InviteKey;
    log.act({ kind: 'invite', invite, role, name, expiresMs, uses, form: 'code' }, [
      { audience: 'admins', payload: encodeCbor([code.locator, code.secret, seed]) },
    ]);
    return { code, invite };
  }

  openLink(
    role: Invite['role'],
    name: string,
    expiresMs: number,
    uses: number,
  ): { seed: Bytes; invite: InviteKey } {
    const seed = this.#deps.rng.bytes(SEED_BYTES);
    const invite = createSigner(seed).key as InviteKey;
    this.#deps.log.act({ kind: 'invite', invite, role, name, expiresMs, uses, form: 'link' });
    return { seed, invite };
  }

  /** For one more device of one's own member; lives in this process only, and is good once. */
  openForDevice(member: MemberId, expiresMs: number): Bytes {
    const seed = this.#deps.rng.bytes(SEED_BYTES);
    this.#deviceInvites.set(createSigner(seed).key as InviteKey, { member, expiresMs, used: false });
    return seed;
  }

  isOpen(invite: Invite): boolean {
    return !invite.withdrawn && invite.used < invite.uses && invite.expiresMs > this.#deps.clock.nowMs();
  }

  /** Whoever holds an invitation that was used up or withdrawn gets a clear answer as well, within its term. */
  #expectsSomebody(): boolean {
    const sinceMs = this.#deps.clock.nowMs() - TOO_LATE_MS;
    const forMembers =
      this.#mayAdmit() || this.#deps.passesOn ? [...this.#deps.log.membership.invites.values()] : [];
    return [...this.#deviceInvites.values(), ...forMembers].some(({ expiresMs }) => expiresMs > sinceMs);
  }

  #mayAdmit(): boolean {
    const own = this.#deps.log.membership.members.get(this.#deps.own);
    return own?.role === 'admin' && own.status === 'active';
  }

  #isMember(peer: LinkKey): boolean {
    const { byLink, devices } = this.#deps.log.membership;
    const device = byLink.get(peer);
    return device !== undefined && devices.get(device)?.active === true;
  }

  /** A stranger's link does not last, whatever it does or leaves undone. */
  #watch(peer: LinkKey): void {
    if (this.#isMember(peer) || this.#strangers.has(peer)) return;
    const timer = this.#deps.timers.after(STRANGER_MS, () => {
      this.#strangers.delete(peer);
      if (!this.#isMember(peer)) this.#deps.transport.hangUp(peer);
    });
    this.#strangers.set(peer, timer);
  }

  /** For the next one: where many come in one minute, the first ones are members, or gone, long before their time is up. */
  #makeRoom(peer: LinkKey): void {
    this.#strangers.get(peer)?.cancel();
    this.#strangers.delete(peer);
  }

  #serve(channel: Channel): void {
    const { transport, logger } = this.#deps;
    const admitter = new Admitter(this.#ports(), { newcomer: channel.peer, admitter: transport.self });
    channel.onFrame((frame) => {
      try {
        for (const answer of admitter.receive(decodeJoin(frame))) {
          if (answer.type === 'refused')
            logger.warn({ peer: channel.peer, code: answer.code }, 'a newcomer was refused');
          channel.send(encodeJoin(answer));
        }
      } catch (error) {
        logger.warn({ peer: channel.peer, error }, 'a newcomer sent what cannot be read');
        channel.abort(new Error('malformed'));
        return;
      }
      if (this.#isMember(channel.peer)) this.#makeRoom(channel.peer);
      if (admitter.isDone) channel.close();
    });
  }

  #ports(): AdmitterPorts {
    const { log, rng, verifier } = this.#deps;
    return {
      rng,
      verifier,
      network: log.network,
      networkName: log.membership.name,
      openInvitation: (key) => this.#openInvitation(key),
      openCode: (locator) => this.#openCodes().find(({ code }) => code.locator === locator),
      codeTried: (locator) => {
        this.#countTry(locator);
      },
      admit: (request, invitation) => this.#admit(request, invitation),
    };
  }

  #openInvitation(key: InviteKey): OpenInvitation {
    const forDevice = this.#deviceInvites.get(key);
    const nowMs = this.#deps.clock.nowMs();
    if (forDevice !== undefined) {
      if (forDevice.used) throw refusal('invitation-used-up');
      if (forDevice.expiresMs <= nowMs) throw refusal('invitation-expired');
      return { member: forDevice.member };
    }
    const invite = this.#deps.log.membership.invites.get(key);
    if (invite === undefined) throw refusal('unknown-invitation');
    if (!this.#mayAdmit()) throw refusal('not-an-admin');
    if (invite.withdrawn) throw refusal('invitation-withdrawn');
    if (invite.used >= invite.uses) throw refusal('invitation-used-up');
    if (invite.expiresMs <= nowMs) throw refusal('invitation-expired');
    return { member: undefined };
  }

  #admit(request: JoinRequest, { member }: OpenInvitation): MemberId {
    const { log, logger } = this.#deps;
    const { invite, certificate, profile, proof, consent } = request;
    if (member !== undefined) {
      log.act({ kind: 'device', member, certificate, consent });
      const used = this.#deviceInvites.get(invite);
      if (used !== undefined) used.used = true;
      logger.info({ device: certificate.device }, 'linked another device');
      return member;
    }
    const numbers = [...log.membership.members.values()].map(({ number }) => number);
    const number = Math.max(0, ...numbers) + 1;
    log.act({ kind: 'admit', invite, certificate, profile, proof, consent, number });
    logger.info({ name: profile.name, number }, 'admitted a member');
    return certificate.device as string as MemberId;
  }

  #openCodes(): { invite: Invite; code: JoinCode; seed: Bytes }[] {
    const { log } = this.#deps;
    if (!this.#mayAdmit()) return [];
    return [...log.membership.invites.values()]
      .filter((invite) => invite.form === 'code' && this.isOpen(invite))
      .flatMap((invite) => {
        const part = log.entryAt(invite.act.feed, invite.act.seq)?.parts[1];
        return part === null || part === undefined ? [] : [{ invite, ...readCode(payloadOf(part)) }];
      });
  }

  /** Written down before the answer goes out, so that a crash gives nobody another five tries. */
  #countTry(locator: string): void {
    const { meta, log, logger } = this.#deps;
    const open = this.#openCodes().find(({ code }) => code.locator === locator);
    if (open === undefined) return;
    const key = `code tries ${open.invite.key}`;
    const tries = Number(fromUtf8(meta.get(key) ?? utf8('0'))) + 1;
    meta.set(key, utf8(String(tries)));
    if (tries <= CODE_LIMITS.wrongTries) return;
    logger.warn({ invite: open.invite.key }, 'a code was tried too often and is closed');
    log.act({ kind: 'withdraw', invite: open.invite.key });
    throw refusal('invitation-withdrawn');
  }
}

function refusal(code: string): KithError {
  return new KithError(code, `Refused (${code}).`);
}

function readCode(payload: Bytes): { code: JoinCode; seed: Bytes } {
  const value = decodeCbor(payload);
  if (!Array.isArray(value) || value.length !== 3) throw malformed('a code has three places');
  const [locator, secret, seed] = value as unknown[];
  if (typeof locator !== 'string' || typeof secret !== 'string' || !(seed instanceof Uint8Array)) {
    throw malformed('a code has digits and a seed');
  }
  return { code: { locator, secret }, seed };
}
