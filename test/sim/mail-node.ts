/** One simulated node that sends, carries and receives letters: the program's driver and desk, on a simulated disk. */
import { publicKeyOf } from '../../src/identity/signing.ts';
import type { DeviceKey, LinkKey, MemberId } from '../../src/base/ids.ts';
import { silentLogger, type Timer } from '../../src/base/ports.ts';
import type { CoreLimits } from '../../src/mail/core.ts';
import { LetterDesk } from '../../src/mail/desk.ts';
import { MailDriver } from '../../src/mail/driver.ts';
import { trustedNowMs } from '../../src/mail/time.ts';
import type { CopyId, LetterId, Received } from '../../src/mail/types.ts';
import { decodeCopy } from '../../src/mail/wire.ts';
import type { MailChecks } from './mail-checks.ts';
import { MemoryDisk } from './memory-disk.ts';
import { MemoryMailStore } from './memory-mail-store.ts';
import { SeededRng } from './rng.ts';
import { SimClock } from './sim-clock.ts';
import { simSigner, simVerifier } from './sim-crypto.ts';
import { SimLetterSealer } from './sim-letter-sealer.ts';
import type { ChannelEnd, ChannelHost, SimNetwork } from './sim-network.ts';

/** Keys cost more than all else here, and no run depends on which they are. */
const IDENTITIES = Array.from({ length: 12 }, (_, index) => {
  const rng = new SeededRng(1000 + index);
  const linkSeed = rng.bytes(32);
  const signer = simSigner(rng);
  return { linkSeed, link: publicKeyOf(linkSeed) as string as LinkKey, signer };
});

export interface MailNodeDeps {
  readonly network: SimNetwork;
  readonly checks: MailChecks;
  readonly rng: SeededRng;
  readonly limits: CoreLimits;
  /** All nodes, in time. */
  readonly nodes: readonly MailNode[];
}

interface Backup {
  readonly store: MemoryMailStore;
  readonly usedUp: ReadonlySet<string>;
}

export class MailNode implements ChannelHost {
  readonly index: number;
  readonly link: LinkKey;
  readonly device: DeviceKey;
  readonly member: MemberId;
  readonly clock: SimClock;
  /** Has it published keys? Until then nobody can seal for it. */
  hasKeys = true;
  store: MemoryMailStore;
  readonly #deps: MailNodeDeps;
  readonly #identity: (typeof IDENTITIES)[number];
  readonly #ends = new Map<string, ChannelEnd>();
  #sealer: SimLetterSealer;
  #driver: MailDriver | undefined;
  #desk: LetterDesk | undefined;
  #timers: Timer[] = [];
  #flushing = false;
  #newestMs = 0;
  #next = 0;
  #backup: Backup | undefined;

  constructor(deps: MailNodeDeps) {
    this.#deps = deps;
    this.index = deps.network.add(this);
    const identity = IDENTITIES[this.index];
    if (identity === undefined) throw new Error('bug: no keys for so many nodes');
    this.#identity = identity;
    this.link = identity.link;
    this.device = identity.signer.key as DeviceKey;
    this.member = identity.signer.key as MemberId;
    this.clock = new SimClock(() => deps.network.timers.nowMs);
    this.store = new MemoryMailStore(new MemoryDisk());
    this.#sealer = this.#sealerOn(this.store, new Set());
    this.start();
  }

  #sealerOn(store: MemoryMailStore, usedUp: ReadonlySet<string>): SimLetterSealer {
    return new SimLetterSealer(
      {
        device: this.device,
        member: this.member,
        devicesOf: (member) =>
          this.#deps.nodes
            .filter((node) => node.member === member && node.hasKeys)
            .map(({ device }) => device),
        wrote: (undo) => {
          store.disk.wrote(undo);
        },
      },
      usedUp,
    );
  }

  isUp(): boolean {
    return this.#driver !== undefined;
  }

  get driver(): MailDriver | undefined {
    return this.#driver;
  }

  get peers(): readonly string[] {
    return [...this.#ends.keys()];
  }

  start(): void {
    const { rng, checks, limits, nodes } = this.#deps;
    this.#flushing = false;
    this.#desk = new LetterDesk({
      store: this.store,
      sealer: this.#sealer,
      roll: {
        self: this.member,
        devicesOf: (member) =>
          nodes.filter((node) => node.member === member).map(({ device, link }) => ({ device, link })),
      },
      signer: this.#identity.signer,
      verifier: simVerifier,
      linkSeed: this.#identity.linkSeed,
      clock: { nowMs: () => this.nowMs(), monotonicMs: () => this.clock.monotonicMs() },
      rng,
      logger: silentLogger,
    });
    const desk = this.#desk;
    this.#driver = new MailDriver({
      store: this.store,
      logger: silentLogger,
      limits,
      nowMs: this.nowMs(),
      peers: {
        send: (peer, frame) => {
          checks.says(this, frame);
          this.#ends.get(peer)?.send(frame);
        },
        hasRoom: (peer) => this.#ends.get(peer)?.hasRoom ?? false,
        cut: (peer) => this.#ends.get(peer)?.abort(),
      },
      hooks: {
        isOurs: (copy) => desk.isOurs(copy),
        word: (receipt) => void desk.word(receipt),
        open: (id) => {
          this.#later(50, () => {
            this.#open(id);
          });
        },
        wantsFlush: () => {
          if (this.#flushing) return;
          this.#flushing = true;
          this.#later(20, () => {
            this.flush();
          });
        },
        custody: () => undefined,
      },
    });
    for (const { copy, ours } of this.store.letters()) {
      if (ours)
        this.#later(50, () => {
          this.#open(copy.id);
        });
    }
    this.#tick();
  }

  /** Of what it has written: a hybrid clock never goes back. */
  newestMs(): number {
    this.#newestMs = Math.max(this.#newestMs, this.clock.nowMs());
    return this.#newestMs;
  }

  /** As this node believes it, having heard the others. */
  nowMs(): number {
    // What entries say of the time: everybody writes often.
    return trustedNowMs(
      this.clock.nowMs(),
      this.#deps.nodes.map((node) => node.newestMs()),
    );
  }

  #later(withinMs: number, run: () => void): void {
    const timer = this.#deps.network.timers.after(this.#deps.rng.below(withinMs), run);
    this.#timers.push(timer);
    if (this.#timers.length > 500) this.#timers = this.#timers.slice(-400);
  }

  flush(): void {
    this.#flushing = false;
    this.#guarded(() => this.#driver?.flush());
  }

  #guarded(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#died(error);
    }
  }

  /** As if that neighbour had sent it. */
  hear(peer: string, frame: Uint8Array): void {
    this.#guarded(() => this.#driver?.frame(peer, frame));
  }

  #tick(): void {
    this.#guarded(() => this.#driver?.handle({ type: 'tick', nowMs: this.nowMs() }));
    for (const id of this.store.waiting()) this.#seal(id);
    this.#timers.push(
      this.#deps.network.timers.after(5000, () => {
        if (this.isUp()) this.#tick();
      }),
    );
  }

  // ---- what its user does

  post(to: readonly MailNode[], text: string, lifeMs?: number): LetterId | undefined {
    if (this.#desk === undefined) return undefined;
    try {
      const letter = this.#desk.post(
        to.map(({ member }) => member),
        text,
        lifeMs,
      );
      this.#deps.checks.posted(this, to, letter);
      this.#later(30, () => {
        this.#seal(letter.id);
      });
      return letter.id;
    } catch (error) {
      this.#died(error);
      return undefined;
    }
  }

  read(letters: readonly Received[]): void {
    if (this.#desk === undefined || this.#driver === undefined) return;
    try {
      const receipts = this.#desk.markRead(letters, true);
      for (const receipt of receipts) this.#driver.said(receipt);
    } catch (error) {
      this.#died(error);
    }
  }

  #seal(id: LetterId): void {
    if (this.#desk === undefined || this.#driver === undefined) return;
    const members = this.#desk.waitingFor(id);
    if (members.length === 0) return;
    try {
      const copy = this.#desk.seal(id, members);
      if (copy !== undefined) this.#driver.own(copy);
    } catch (error) {
      this.#died(error);
    }
  }

  #open(id: CopyId): void {
    const bytes = this.store.letterBytes(id);
    if (this.#desk === undefined || this.#driver === undefined || bytes === undefined) return;
    try {
      const copy = decodeCopy(bytes);
      const opened = this.#desk.open(copy);
      if (opened.kind === 'cannot-open') {
        this.#deps.checks.fail('what arrives can be opened', opened.reason);
        return;
      }
      this.#driver.handle({ type: 'settled', copy: id });
      if (opened.kind === 'opened' && opened.receipt !== undefined) this.#driver.said(opened.receipt);
    } catch (error) {
      this.#died(error);
    }
  }

  /** The disk refused: a node that cannot write starts anew when it can. */
  #died(error: unknown): void {
    if (!(error instanceof Error) || !/card|failed earlier/.test(error.message)) throw error;
    this.crash();
  }

  // ---- what happens to it

  crash(): void {
    for (const timer of this.#timers) timer.cancel();
    this.#timers = [];
    this.#driver = undefined;
    this.#desk = undefined;
    this.#ends.clear();
    this.#deps.network.breakOf(this.index);
    this.store.disk.crash();
  }

  backUp(): void {
    this.#backup = { store: this.store.copyTo(new MemoryDisk()), usedUp: new Set(this.#sealer.usedUp) };
  }

  restore(): boolean {
    if (this.#backup === undefined) return false;
    this.crash();
    this.#deps.checks.restored(this);
    const { store, usedUp } = this.#backup;
    this.store = store.copyTo(new MemoryDisk());
    this.#sealer = this.#sealerOn(this.store, usedUp);
    return true;
  }

  attach(end: ChannelEnd): boolean {
    const driver = this.#driver;
    if (driver === undefined) return false;
    this.#next += 1;
    const other = this.#deps.nodes[end.peer];
    const peer = `${String(end.peer)} ${String(this.#next)}`;
    this.#ends.set(peer, end);
    driver.opened(peer, other?.link ?? '');
    const alive = (run: () => void): void => {
      if (this.#driver === driver && this.#ends.has(peer)) this.#guarded(run);
    };
    end.onFrame = (frame) => {
      alive(() => {
        driver.frame(peer, frame);
      });
    };
    end.onDrain = () => {
      alive(() => {
        driver.drained(peer);
      });
    };
    end.onClose = () => {
      alive(() => {
        this.#ends.delete(peer);
        driver.closed(peer);
      });
    };
    return true;
  }
}
