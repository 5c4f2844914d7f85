/** Alarms over simulated nodes with broken links, splits, crashes and lies; and rules broken on purpose, to see that it shows. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Log } from '../../src/log/service.ts';
import type { Authority } from '../../src/identity/authority.ts';
import { decodeAlarmMessage } from '../../src/alarms/channel-wire.ts';
import type { AlarmMutant } from './alarm-node.ts';
import { AlarmWorld } from './alarm-world.ts';
import { MemoryAckStore } from './memory-alarm-store.ts';
import { MemoryDisk } from './memory-disk.ts';

const SEEDS = Number(process.env['KITH_ALARM_SEEDS'] ?? 10);
const FIRST = Number(process.env['KITH_ALARM_SEED'] ?? 1);

function play(seed: number, mutant?: AlarmMutant): void {
  try {
    new AlarmWorld(seed, mutant).play();
  } catch (cause) {
    throw new Error(`seed ${String(seed)}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
}

describe('alarms, simulated', () => {
  it(`seeds ${String(FIRST)} to ${String(FIRST + SEEDS - 1)}: all are told, and nothing is claimed that is not so`, () => {
    for (let seed = FIRST; seed < FIRST + SEEDS; seed += 1) play(seed);
  });

  for (const [name, mutant] of Object.entries(mutants()))
    it(`notices: ${name}`, () => {
      assert.throws(() => {
        for (let seed = 1; seed <= 12; seed += 1) play(seed, mutant);
      }, /seed/);
    });
});

/** Takes every author for an admin. */
class Credulous extends Log {
  override get authority(): Authority {
    const real = super.authority;
    return new Proxy(real, {
      get: (target, name) => {
        if (name === 'authorAt')
          return (...args: Parameters<Authority['authorAt']>) => {
            const author = target.authorAt(...args);
            return author === undefined ? undefined : { ...author, role: 'admin' };
          };
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    });
  }
}

function mutants(): Record<string, AlarmMutant> {
  return {
    'signatures of acknowledgements are not checked': { verifier: { verify: () => true } },
    'whoever writes a cancel is entitled to it': { openLog: (deps) => new Credulous(deps) },
    'acknowledgements are not kept': {
      wrapAcks: (_, disk) => {
        let volatile = new MemoryAckStore(new MemoryDisk());
        const crash = disk.crash.bind(disk);
        disk.crash = (options) => {
          volatile = new MemoryAckStore(new MemoryDisk());
          crash(options);
        };
        return { add: (acks, keeping) => volatile.add(acks, keeping), of: (alert) => volatile.of(alert) };
      },
    },
    'a node says to have what is not on its disk yet': {
      wrapAcks: (store) => ({
        add: (acks) => store.add(acks, 'replaceable'),
        of: (alert) => store.of(alert),
      }),
    },
    'every acknowledgement is news, again and again': {
      wrapAcks: (store) => ({
        add: (acks, keeping) => {
          store.add(acks, keeping);
          return acks;
        },
        of: () => [],
      }),
    },
    'only what a node wrote itself goes on': {
      sends: (node, frame) => {
        const message = decodeAlarmMessage(frame);
        return message.type !== 'run' || message.run.feed.device === node.who.device;
      },
    },
    'acknowledgements of others do not go on': {
      sends: (node, frame) => {
        const message = decodeAlarmMessage(frame);
        return message.type !== 'acks' || message.acks.every(({ device }) => device === node.who.device);
      },
    },
    'nobody compares': {
      sends: (_, frame) => !['heights', 'summary', 'acked', 'keys'].includes(decodeAlarmMessage(frame).type),
    },
  };
}
