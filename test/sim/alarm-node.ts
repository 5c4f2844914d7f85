/** One simulated node with alarms: the real log, fold, desk, driver and core, on a simulated disk, clock and network. */
import { toHex } from '../../src/base/bytes.ts';
import { HybridClock } from '../../src/base/hlc.ts';
import type { LinkKey } from '../../src/base/ids.ts';
import { silentLogger } from '../../src/base/ports.ts';
import { AlarmDesk } from '../../src/alarms/desk.ts';
import type { AckStore } from '../../src/alarms/ports.ts';
import type { Ack } from '../../src/alarms/types.ts';
import { alertProjection } from '../../src/alarms/projection.ts';
import type { Standing } from '../../src/identity/roles.ts';
import type { Verifier } from '../../src/identity/signing.ts';
import { Log, type LogDeps } from '../../src/log/service.ts';
import type { LogNode } from '../support/log-world.ts';
import { MemoryAckStore, MemoryAlertIndex } from './memory-alarm-store.ts';
import { MemoryDisk } from './memory-disk.ts';
import { MemoryLogStore } from './memory-log-store.ts';
import type { SeededRng } from './rng.ts';
import { SimClock } from './sim-clock.ts';
import { simVerifier } from './sim-crypto.ts';
import type { SimTimers } from './sim-timers.ts';

/** Until what was sent is on its way. */
const LATER_MS = 1;

/** Rules broken on purpose. */
export interface AlarmMutant {
  readonly verifier?: Verifier;
  readonly openLog?: (deps: LogDeps) => Log;
  readonly wrapAcks?: (store: AckStore, disk: MemoryDisk) => AckStore;
  /** False: this frame is not sent. */
  readonly sends?: (node: AlarmNode, frame: Uint8Array) => boolean;
}

/** Where its frames go. */
export interface Wire {
  deliver(from: AlarmNode, peer: string, frame: Uint8Array): void;
  cut(from: AlarmNode, peer: string): void;
  /** Some node keeps this acknowledgement. */
  kept(ack: Ack): void;
  nodeAt(from: AlarmNode, peer: string): AlarmNode | undefined;
}

export class AlarmNode {
  readonly index: number;
  readonly who: LogNode;
  readonly clock: SimClock;
  readonly disk = new MemoryDisk();
  readonly alerts: MemoryAlertIndex;
  readonly acks: AckStore;
  readonly told: string[] = [];
  readonly cuts: string[] = [];
  isUp = true;
  log: Log;
  desk: AlarmDesk;
  readonly #store: MemoryLogStore;
  readonly #timers: SimTimers;
  readonly #rng: SeededRng;
  readonly #wire: Wire;
  readonly #mutant: AlarmMutant;
  readonly #incarnation: string;

  constructor(
    index: number,
    who: LogNode,
    timers: SimTimers,
    rng: SeededRng,
    wire: Wire,
    mutant: AlarmMutant,
  ) {
    this.index = index;
    this.who = who;
    this.clock = new SimClock(() => timers.nowMs);
    this.#timers = timers;
    this.#rng = rng;
    this.#wire = wire;
    this.#mutant = mutant;
    this.#incarnation = toHex(rng.bytes(16));
    this.#store = new MemoryLogStore(this.disk);
    this.alerts = new MemoryAlertIndex(this.disk);
    const acks = new MemoryAckStore(this.disk);
    acks.kept = (ack) => {
      wire.kept(ack);
    };
    this.acks = mutant.wrapAcks?.(acks, this.disk) ?? acks;
    [this.log, this.desk] = this.#boot();
  }

  crash(): void {
    this.isUp = false;
    this.disk.crash();
  }

  restart(): void {
    [this.log, this.desk] = this.#boot();
    this.isUp = true;
  }

  standingOf(other: AlarmNode): Standing | undefined {
    const { devices, members } = this.log.membership;
    const device = devices.get(other.who.device);
    const member = device?.active === true ? members.get(device.member) : undefined;
    return member?.status === 'active'
      ? { member: member.id, role: member.role, grants: new Set(member.grants) }
      : undefined;
  }

  get linkKey(): LinkKey {
    return this.who.certificate.link;
  }

  #boot(): [Log, AlarmDesk] {
    const deps: LogDeps = {
      store: this.#store,
      verifier: simVerifier,
      clock: new HybridClock(this.clock),
      rng: this.#rng,
      logger: silentLogger,
      projections: [alertProjection(this.alerts)],
      network: this.who.log.network,
      self: { signer: this.who.signer, incarnation: this.#incarnation },
    };
    const log = this.#mutant.openLog?.(deps) ?? new Log(deps);
    const desk = new AlarmDesk({
      log,
      index: this.alerts,
      acks: this.acks,
      clock: this.clock,
      verifier: this.#mutant.verifier ?? simVerifier,
      signer: this.who.signer,
      logger: silentLogger,
      later: (run) => {
        this.#timers.after(LATER_MS, () => {
          if (this.isUp && this.desk === desk) run();
        });
      },
      told: (change, alarm) => {
        this.told.push(`${change} ${alarm.id}`);
      },
      peers: {
        send: (peer, frame) => {
          if (this.#mutant.sends?.(this, frame) !== false) this.#wire.deliver(this, peer, frame);
        },
        hasRoom: () => true,
        cut: (peer, code) => {
          this.cuts.push(code);
          this.#wire.cut(this, peer);
        },
        standingOf: (peer) => {
          const other = this.#wire.nodeAt(this, peer);
          return other === undefined ? undefined : this.standingOf(other);
        },
      },
    });
    return [log, desk];
  }
}
