/** Who comes into one room and who goes, as far as this device has a say in it: what was asked for is asked until it is done. */
import type { DeviceKey } from '../base/ids.ts';
import type { Clock } from '../base/ports.ts';
import type { Consensus } from './consensus/core.ts';
import { deviceOf, everyone, hasDevice, withDevice, withoutDevice } from './consensus/roster.ts';
import type { ConsensusEvent, ReplicaId, Roster } from './consensus/types.ts';
import { invitableSince, wasOutSince } from './invitations.ts';
import type { RoomRoll } from './ports.ts';
import type { Removal } from './types.ts';
import type { RoomFrame } from './wire.ts';

type Hello = Extract<RoomFrame, { type: 'hello' }>;

export interface RoomPeopleDeps {
  readonly self: ReplicaId;
  readonly core: Consensus;
  readonly clock: Clock;
  readonly roll: Pick<RoomRoll, 'isRevoked'>;
  readonly acquainted: () => readonly DeviceKey[];
  readonly lets: (device: DeviceKey, frame: Hello) => boolean;
  /** What was asked for here and is not done. */
  readonly removals: () => readonly Removal[];
  /** On disk when it returns. */
  readonly keepRemovals: (removals: readonly Removal[]) => void;
  readonly decide: (event: ConsensusEvent) => void;
  /** Everything that was decided, in this turn. */
  readonly drain: () => void;
  readonly send: (to: ReplicaId, frame: RoomFrame) => void;
}

export class RoomPeople {
  readonly #deps: RoomPeopleDeps;
  /** Who answered that it belongs to the room, whatever the log here says. */
  readonly #known = new Set<ReplicaId>();
  /** Who puts in order, by the word of somebody who was asked. */
  toldHost: ReplicaId | undefined;
  /** Who knocked, as which replica and with what: all of them are let in at once, as soon as that can be. */
  readonly #door = new Map<DeviceKey, { readonly from: ReplicaId; readonly hello: Hello }>();
  #awaiting: { readonly device: DeviceKey; readonly run: () => void }[] = [];

  constructor(deps: RoomPeopleDeps) {
    this.#deps = deps;
  }

  get isIn(): boolean {
    return everyone(this.#deps.core.agreedRoster).includes(this.#deps.self);
  }

  /** In the room by this log; before this device is in itself, by the word of those whom it comes in by. */
  belongs(device: DeviceKey): boolean {
    if (hasDevice(this.#deps.core.roster, device)) return true;
    if (this.isIn) return false;
    const isKnown = [...this.#known].some((one) => deviceOf(one) === device);
    return isKnown || this.#deps.acquainted().includes(device);
  }

  learned({ host, known }: Extract<RoomFrame, { type: 'greeting' }>): void {
    this.toldHost = host;
    for (const replica of known) this.#known.add(replica);
  }

  /** Somebody hears no host, or wants to come in, or was not told that it is out. */
  greeted(device: DeviceKey, from: ReplicaId, hello: Hello): void {
    const { core, send, decide } = this.#deps;
    this.#deps.drain();
    if (!this.#mayCome(device, hello) && !hasDevice(core.roster, device)) {
      const outAt = invitableSince(core, device);
      if (outAt > 0 && core.role === 'host') decide({ type: 'farewell', to: from, upTo: outAt });
      return;
    }
    const known = everyone(core.roster);
    send(from, { type: 'greeting', host: core.host, known });
    if (core.role !== 'host' || known.includes(from)) return;
    this.#door.set(device, { from, hello });
    this.#letIn();
  }

  #mayCome(device: DeviceKey, hello: Hello): boolean {
    const { core, lets } = this.#deps;
    return (hello.invitation?.commit ?? 0) >= invitableSince(core, device) && lets(device, hello);
  }

  #letIn(): void {
    if (this.#door.size === 0) return;
    const isDone = this.change((roster) =>
      // Who may come is judged by all that came before.
      [...this.#door].reduce((next, [device, { from, hello }]) => {
        const isIn = hasDevice(next, device);
        return isIn || this.#mayCome(device, hello) ? withDevice(next, device, from) : next;
      }, roster),
    );
    if (isDone || this.#deps.core.role !== 'host') this.#door.clear();
  }

  /** @returns false where this device is not the host, or the change has to wait. */
  change(to: (roster: Roster) => Roster): boolean {
    // What came in this turn may be about the roster: the next one is made from what comes of it.
    this.#deps.drain();
    const { hosting, roster } = this.#deps.core;
    if (hosting?.hasConfirmedStart !== true) return false;
    const next = to(roster);
    if (next === roster) return true;
    this.#deps.decide({ type: 'change', roster: next });
    this.#deps.drain();
    return this.#deps.core.roster !== roster;
  }

  // ---- taking out

  /** Devices that are to go, by the will of this one: nothing is sealed for them any more. */
  get leaving(): readonly DeviceKey[] {
    return this.#deps.removals().map(({ device }) => device);
  }

  /** Takes them out: at once where this is the host and nothing is in the way, else as soon as that can be. */
  remove(devices: readonly DeviceKey[]): void {
    const { core, removals, keepRemovals } = this.#deps;
    const inside = everyone(core.roster).map(deviceOf);
    const asked = devices
      .filter((device) => inside.includes(device) && !this.leaving.includes(device))
      .map((device): Removal => ({ device, since: core.commit }));
    if (asked.length > 0) keepRemovals([...removals(), ...asked]);
    this.#goOn();
  }

  /** Asked by somebody inside, again and again until its log has it. */
  asked({ device, since }: Removal): void {
    const { core } = this.#deps;
    if (core.role !== 'host' || wasOutSince(core, device, since)) return;
    this.#takeOut(device);
  }

  /** Calls `run` once it is agreed on that the device is out; at once if it is. */
  whenOut(device: DeviceKey, run: () => void): void {
    if (!this.leaving.includes(device)) run();
    else this.#awaiting.push({ device, run });
  }

  /** Something was agreed on. */
  changed(): void {
    this.#letIn();
    const { core, removals, keepRemovals } = this.#deps;
    const open = removals().filter(
      ({ device, since }) => hasDevice(core.agreedRoster, device) && !wasOutSince(core, device, since),
    );
    if (open.length === removals().length) return;
    keepRemovals(open);
    const done = this.#awaiting.filter(({ device }) => !this.leaving.includes(device));
    this.#awaiting = this.#awaiting.filter((one) => !done.includes(one));
    for (const { run } of done) run();
  }

  /** Once a second. */
  look(): void {
    const { core, roll } = this.#deps;
    this.changed();
    this.#goOn();
    const revoked = everyone(core.roster)
      .map((one) => deviceOf(one) as DeviceKey)
      .find((device) => roll.isRevoked(device));
    if (revoked !== undefined) this.#takeOut(revoked);
  }

  #goOn(): void {
    const { core, removals, send } = this.#deps;
    for (const { device, since } of removals()) {
      if (core.role === 'host') this.#takeOut(device);
      else if (core.host !== undefined) send(core.host, { type: 'remove', device, since });
    }
  }

  #takeOut(device: DeviceKey): void {
    if (hasDevice(this.#deps.core.roster, device)) this.change((roster) => withoutDevice(roster, device));
  }

  // ---- handing over

  /** @returns whether somebody was asked to be host instead of this device. */
  handOver(): boolean {
    const { core, clock, decide, drain } = this.#deps;
    const { role, order, roster, hosting, electionMs, self } = core;
    if (role !== 'host') return false;
    const nowMs = clock.monotonicMs();
    const candidates = [...order, ...roster.voters].filter(
      (one) => one !== self && roster.voters.includes(one),
    );
    const to = candidates.find(
      (one) => nowMs - (hosting?.progressOf(one)?.heardMs ?? -Infinity) < electionMs,
    );
    if (to === undefined) return false;
    decide({ type: 'transfer', to });
    drain();
    return true;
  }
}
