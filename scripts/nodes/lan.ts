/**
 * Machines on switches, out of Linux network namespaces: each machine sees its own cable and nothing else; a cable can
 * be pulled, or put into the other switch. The switches have a namespace of their own, so that this machine's network
 * stays as it is.
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const MOST_MACHINES = 250;
/** Each has a switch of its own. */
const ROOMS = ['camp', 'away'] as const;
export type Room = (typeof ROOMS)[number];

export class Lan {
  static #count = 0;
  readonly #name: string;
  readonly #subnets: Readonly<Record<Room, string>>;
  readonly #machines: string[] = [];
  #isOpen = true;

  /** @throws when this machine does not allow it; ask `isPossible` first. */
  constructor() {
    Lan.#count += 1;
    this.#name = `kith-${String(process.pid)}-${String(Lan.#count)}`;
    this.#subnets = { camp: `10.77.${String(Lan.#count)}`, away: `10.78.${String(Lan.#count)}` };
    ip('netns', 'add', this.#name);
    process.once('exit', this.#closeOnExit);
    for (const room of ROOMS) {
      ip('-n', this.#name, 'link', 'add', room, 'type', 'bridge', 'mcast_snooping', '0');
      ip('-n', this.#name, 'link', 'set', room, 'up');
    }
  }

  /** May this process make namespaces? */
  static isPossible(): boolean {
    if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
    try {
      clearStale();
      new Lan().close();
      return true;
    } catch {
      return false;
    }
  }

  /** Plugs in one more machine. @returns what to put before a command that is to run there. */
  machine(room: Room = ROOMS[0]): Machine {
    const { name, number } = this.#add();
    const cable = `m${String(number)}`;
    const address = this.#plugIn(name, number, { room, cable, port: 'eth0' });
    return {
      address,
      under: ['ip', 'netns', 'exec', name],
      run: (...command) => {
        execFileSync('ip', ['netns', 'exec', name, ...command], { stdio: ['ignore', 'pipe', 'pipe'] });
      },
      set: (path, value) => {
        execFileSync('ip', ['netns', 'exec', name, ...setting(path, value)]);
      },
      unplug: () => {
        ip('-n', this.#name, 'link', 'set', cable, 'down');
      },
      plug: () => {
        ip('-n', this.#name, 'link', 'set', cable, 'up');
      },
      carryTo: (room) => {
        ip('-n', this.#name, 'link', 'set', cable, 'master', room);
      },
      deafen: () => {
        ip('-n', this.#name, 'link', 'set', cable, 'type', 'bridge_slave', 'mcast_flood', 'off');
      },
    };
  }

  /** A machine with a leg in each room, which forwards nothing from one to the other. */
  between(): Between {
    const { name, number } = this.#add();
    execFileSync('ip', ['netns', 'exec', name, ...setting('net/ipv4/ip_forward', 0)]);
    const leg = (room: Room, at: number): string => {
      const cable = `m${String(number)}-${String(at)}`;
      return this.#plugIn(name, number, { room, cable, port: `eth${String(at)}` });
    };
    return { camp: leg('camp', 0), away: leg('away', 1), under: ['ip', 'netns', 'exec', name] };
  }

  /** Lays a cable from one switch to the other: whoever has a route to an address there reaches it. */
  joinRooms(): void {
    ip('-n', this.#name, 'link', 'add', 'joint0', 'type', 'veth', 'peer', 'name', 'joint1');
    for (const [at, room] of ROOMS.entries())
      ip('-n', this.#name, 'link', 'set', `joint${String(at)}`, 'master', room, 'up');
  }

  #add(): { name: string; number: number } {
    const number = this.#machines.length + 1;
    if (number > MOST_MACHINES) throw new Error('the switch has no free port');
    const name = `${this.#name}-m${String(number)}`;
    ip('netns', 'add', name);
    this.#machines.push(name);
    ip('-n', name, 'link', 'set', 'lo', 'up');
    return { name, number };
  }

  /** @returns the address there. */
  #plugIn(name: string, number: number, { room, cable, port }: Cable): string {
    const address = `${this.#subnets[room]}.${String(number)}`;
    ip('-n', this.#name, 'link', 'add', cable, 'type', 'veth', 'peer', 'name', port, 'netns', name);
    ip('-n', this.#name, 'link', 'set', cable, 'master', room, 'up');
    ip('-n', name, 'address', 'add', `${address}/24`, 'brd', '+', 'dev', port);
    ip('-n', name, 'link', 'set', port, 'up');
    return address;
  }

  /** After the processes in it have ended. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    process.off('exit', this.#closeOnExit);
    for (const name of [...this.#machines, this.#name]) {
      try {
        ip('netns', 'delete', name);
      } catch {
        // It is gone already, or never came to be.
      }
    }
  }

  readonly #closeOnExit = (): void => {
    this.close();
  };
}

interface Cable {
  readonly room: Room;
  readonly cable: string;
  readonly port: string;
}

/** A machine in both rooms, by its address in each. */
export interface Between extends Readonly<Record<Room, string>> {
  readonly under: readonly string[];
}

export interface Machine {
  readonly address: string;
  readonly under: readonly string[];
  /** A command on that machine, to its end. @throws when it fails. */
  run(...command: readonly string[]): void;
  /** One of that machine's own settings, by its path below `/proc/sys`. */
  set(path: string, value: number): void;
  /** From now on the switch passes no multicast on to it, as many access points do. */
  deafen(): void;
  /** Pulls the cable: packets are dropped, and nobody is told. */
  unplug(): void;
  plug(): void;
  /** All begin in the first room; who is in the other one is out of reach of these, and notices nothing. */
  carryTo(room: Room): void;
}

/** Not every machine has `sysctl`, or has it where a user's programs are. */
function setting(path: string, value: number): readonly string[] {
  return ['sh', '-c', `echo ${String(value)} > /proc/sys/${path}`];
}

/** What a process that was killed could not take away. */
function clearStale(): void {
  for (const line of ip('netns', 'list').split('\n')) {
    const [name = ''] = line.split(' ');
    const pid = /^kith-(\d+)-/.exec(name)?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) ip('netns', 'delete', name);
  }
}

function ip(...args: readonly string[]): string {
  return execFileSync('ip', args, { stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' });
}
