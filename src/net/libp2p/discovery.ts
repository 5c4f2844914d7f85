/**
 * Who else is on the LAN, by multicast DNS on every interface at once; interfaces may come and go.
 *
 * Not `@libp2p/mdns`: it sends on the interface of the default route alone, so that on a switch without a router (the
 * first user's camp) it finds nobody, and on a laptop with cable and Wi-Fi it asks on one of them. It also announces
 * loopback addresses, and answers every question of everybody without a limit.
 */
import type { Multiaddr } from '@multiformats/multiaddr';
import type { LinkKey } from '../../base/ids.ts';
import type { LanEvidence } from '../doctor/types.ts';
import type { Logger, Timer, Timers } from '../../base/ports.ts';
import { hostOf, printPeerAddress } from './addresses.ts';
import { lanInterfaces, type LanInterface } from './lan-interfaces.ts';
import { openLanSocket, type LanSocket } from './lan-socket.ts';
import { decodeLanMessage, encodeAnswer, encodeQuestion, instanceName } from './mdns-packet.ts';

const POLL_MS = 5_000;
/** Questions and announcements after an interface came up, in case the first were lost. */
const OPENING_MS: readonly number[] = [0, 1_000, 2_000];
const ANNOUNCE_MS = 10_000;
/** No more than one announcement in this time, however many ask (RFC 6762 §6). */
const QUIET_MS = 1_000;
/** Findings passed on between two polls; a LAN that shouts more than this is ignored until the next. */
const MAX_FOUND_PER_POLL = 500;
/** Kinds of trouble that are remembered of one interface. */
const MAX_ERRORS = 8;

export interface DiscoveryInit {
  readonly self: LinkKey;
  /** Where this node listens, now. */
  addresses(): readonly Multiaddr[];
  found(peer: LinkKey, addresses: readonly string[]): void;
  readonly timers: Timers;
  readonly logger: Logger;
  /** For tests; the machine's own by default. */
  readonly interfaces?: () => readonly LanInterface[];
  readonly openSocket?: typeof openLanSocket;
}

export class Discovery {
  readonly #init: DiscoveryInit;
  readonly #lans = new Map<string, Lan>();
  /** Interfaces whose trouble was told already. */
  readonly #warned = new Set<string>();
  #poll: Timer | undefined;
  #foundSincePoll = 0;

  constructor(init: DiscoveryInit) {
    this.#init = init;
  }

  start(): void {
    this.#look();
    if (this.#lans.size === 0)
      this.#init.logger.warn({}, 'no network for LAN discovery yet; it starts when one comes up');
  }

  stop(): void {
    this.#poll?.cancel();
    for (const lan of this.#lans.values()) lan.close();
    this.#lans.clear();
  }

  /** Of every interface but loopback, where nothing can be in the way. */
  evidence(): readonly LanEvidence[] {
    return [...this.#lans.values()].filter((lan) => !lan.internal).map((lan) => lan.evidence());
  }

  #look(): void {
    this.#foundSincePoll = 0;
    const wanted = new Map(this.#wanted().map((lan) => [lan.id, lan]));
    for (const [id, lan] of this.#lans) if (!wanted.has(id)) this.#drop(id, lan);
    for (const [id, where] of wanted) {
      const lan = this.#lans.get(id);
      if (lan === undefined) this.#join(where);
      else lan.refresh();
    }
    this.#poll = this.#init.timers.after(POLL_MS, () => this.#look());
  }

  /** Loopback only when we listen there and nowhere else can be heard: two nodes on a machine without a network. */
  #wanted(): readonly LanInterface[] {
    const hosts = this.#init.addresses().map(hostOf);
    const all = (this.#init.interfaces ?? lanInterfaces)();
    return all.filter(({ internal, hosts: own }) => !internal || own.some((host) => hosts.includes(host)));
  }

  #join(where: LanInterface): void {
    const trouble = (error: Error): void => {
      if (this.#warned.has(where.id)) return;
      this.#warned.add(where.id);
      this.#init.logger.warn(
        { interface: where.name, address: where.address, error },
        'LAN discovery does not work here',
      );
    };
    const lan = new Lan(where, this.#init, {
      trouble,
      failed: (error) => {
        trouble(error);
        this.#lans.delete(where.id);
      },
      found: (peer, addresses) => this.#found(peer, addresses),
    });
    this.#lans.set(where.id, lan);
    this.#init.logger.info(
      { interface: where.name, address: where.address },
      'looking for others on the LAN',
    );
  }

  #drop(id: string, lan: Lan): void {
    lan.close();
    this.#lans.delete(id);
    this.#warned.delete(id);
  }

  #found(peer: LinkKey, addresses: readonly Multiaddr[]): void {
    this.#foundSincePoll += 1;
    if (this.#foundSincePoll > MAX_FOUND_PER_POLL) return;
    this.#init.found(
      peer,
      addresses.map((address) => printPeerAddress(address, peer)),
    );
  }
}

interface LanHandlers {
  trouble(error: Error): void;
  failed(error: Error): void;
  found(peer: LinkKey, addresses: readonly Multiaddr[]): void;
}

/** Discovery on one interface: asks and announces when it opens, then announces, and answers who asks. */
class Lan {
  readonly #where: LanInterface;
  readonly #init: DiscoveryInit;
  readonly #handlers: LanHandlers;
  readonly #socket: LanSocket;
  #next: Timer | undefined;
  #quiet: Timer | undefined;
  #asked = false;
  #sent = 0;
  #ownHeard = 0;
  readonly #heard = new Set<LinkKey>();
  readonly #errors = new Set<string>();

  constructor(where: LanInterface, init: DiscoveryInit, handlers: LanHandlers) {
    this.#where = where;
    this.#init = init;
    this.#handlers = handlers;
    this.#socket = (init.openSocket ?? openLanSocket)(where.address, {
      ready: () => this.#opening(0),
      packet: (bytes, from) => this.#onPacket(bytes, from),
      trouble: (error) => {
        if (this.#errors.size < MAX_ERRORS)
          this.#errors.add('code' in error ? String(error.code) : error.name);
        handlers.trouble(error);
      },
      failed: (error) => {
        this.#cancel();
        handlers.failed(error);
      },
    });
  }

  get internal(): boolean {
    return this.#where.internal;
  }

  evidence(): LanEvidence {
    const { name, address } = this.#where;
    return {
      name,
      address,
      sent: this.#sent,
      ownHeard: this.#ownHeard,
      heard: [...this.#heard],
      errors: [...this.#errors],
      contains: (host) => this.#where.contains(host),
    };
  }

  #send(packet: Uint8Array): void {
    this.#sent += 1;
    this.#socket.send(packet);
  }

  refresh(): void {
    this.#socket.refresh();
  }

  close(): void {
    this.#cancel();
    this.#socket.close();
  }

  #cancel(): void {
    this.#next?.cancel();
    this.#quiet?.cancel();
  }

  #opening(step: number): void {
    const delayMs = OPENING_MS[step];
    if (delayMs === undefined) {
      this.#next = this.#init.timers.after(ANNOUNCE_MS, () => this.#regular());
      return;
    }
    this.#next = this.#init.timers.after(delayMs, () => {
      this.#send(encodeQuestion(this.#init.self));
      this.#announce();
      this.#opening(step + 1);
    });
  }

  #regular(): void {
    this.#announce();
    this.#next = this.#init.timers.after(ANNOUNCE_MS, () => this.#regular());
  }

  /** Only the addresses on this interface: the others mean nothing on this LAN. */
  #announce(): void {
    if (this.#quiet !== undefined) {
      this.#asked = true;
      return;
    }
    const here = this.#init.addresses().filter((address) => this.#where.hosts.includes(hostOf(address)));
    if (here.length > 0) this.#send(encodeAnswer(this.#init.self, here));
    this.#quiet = this.#init.timers.after(QUIET_MS, () => this.#quietOver());
  }

  #quietOver(): void {
    this.#quiet = undefined;
    if (!this.#asked) return;
    this.#asked = false;
    this.#announce();
  }

  /** What comes from elsewhere than this subnet, or points elsewhere, is not believed (RFC 6762 §11). */
  #onPacket(bytes: Buffer, from: string): void {
    if (!this.#where.contains(from)) return;
    const message = decodeLanMessage(bytes);
    if (message !== undefined && this.#where.hosts.includes(from)) this.#ownHeard += 1;
    if (message?.kind === 'question' && !message.known.includes(instanceName(this.#init.self)))
      this.#announce();
    if (message?.kind !== 'answer' || message.peer === this.#init.self) return;
    const near = message.addresses.filter((address) => this.#isNear(hostOf(address)));
    if (near.length > 0 && this.#heard.size < MAX_FOUND_PER_POLL) this.#heard.add(message.peer);
    if (near.length > 0) this.#handlers.found(message.peer, near);
  }

  #isNear(host: string): boolean {
    return this.#where.contains(host);
  }
}
