import { idFromBytes, type LinkKey } from '../../src/base/ids.ts';
import { MemoryNetwork, type MemoryNetworkOptions } from '../sim/memory-transport.ts';
import { realTimers } from './real-timers.ts';
import { transportContract } from './transport.contract.ts';

function over(carrier: string, options: Pick<MemoryNetworkOptions, 'delayMs'>): void {
  transportContract(carrier, () => {
    const network = new MemoryNetwork({ timers: realTimers, ...options });
    return {
      make: ({ seed, gate }) => {
        const self = idFromBytes<LinkKey>(new Uint8Array(32).fill(seed));
        return Promise.resolve(network.transport({ self, gate }));
      },
    };
  });
}

over('memory', {});

// Delays that would turn the order round, if anything but the twin's own pipes kept it.
let turn = 0;
over('memory, with changing delays', { delayMs: () => (turn = (turn + 1) % 3) });
