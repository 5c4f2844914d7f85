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
  readonly #subnet: string;
  readonly #machines: string[] = [];
  #isOpen = true;

  /** @throws when this machine does not allow it; ask `isPossible` first. */
  constructor() {
    Lan.#count += 1;
    this.#name = `kith-${String(process.pid)}-${String(Lan.#count)}`;
    this.#subnet = `10.77.${String(Lan.#count)}`;
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
  machine(): Machine {
    const number = this.#machines.length + 1;
    if (number > MOST_MACHINES) throw new Error('the switch has no free port');
    const name = `${this.#name}-m${String(number)}`;
    const cable = `m${String(number)}`;
    const address = `${this.#subnet}.${String(number)}`;
    ip('netns', 'add', name);
    this.#machines.push(name);
    ip('-n', this.#name, 'link', 'add', cable, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name);
    ip('-n', this.#name, 'link', 'set', cable, 'master', ROOMS[0], 'up');
    ip('-n', name, 'address', 'add', `${address}/24`, 'brd', '+', 'dev', 'eth0');
    ip('-n', name, 'link', 'set', 'lo', 'up');
    ip('-n', name, 'link', 'set', 'eth0', 'up');
    return {
      address,
      under: ['ip', 'netns', 'exec', name],
      unplug: () => {
        ip('-n', this.#name, 'link', 'set', cable, 'down');
      },
      plug: () => {
        ip('-n', this.#name, 'link', 'set', cable, 'up');
      },
      carryTo: (room) => {
        ip('-n', this.#name, 'link', 'set', cable, 'master', room);
      },
    };
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

export interface Machine {
  readonly address: string;
  readonly under: readonly string[];
  /** Pulls the cable: packets are dropped, and nobody is told. */
  unplug(): void;
  plug(): void;
  /** All begin in the first room; who is in the other one is out of reach of these, and notices nothing. */
  carryTo(room: Room): void;
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
