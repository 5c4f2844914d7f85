/**
 * Letters over 20 nodes in one process: real links, a store with fsync at each node. They are for somebody who is away,
 * so a delivery is a node that carries the letter on its disk. Sealing is left out on both sides.
 */
import { rmSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { silentLogger } from '../src/base/ports.ts';
import type { DeviceKey, LinkKey, MemberId } from '../src/base/ids.ts';
import { createSigner, createVerifier, publicKeyOf } from '../src/identity/signing.ts';
import { decodeCopy, decodeReceipt, MailService } from '../src/mail/index.ts';
import { createLibp2pTransport } from '../src/net/libp2p/transport.ts';
import { systemClock, systemRng, systemTimers } from '../src/node/system.ts';
import { createSealer } from '../src/sealing/index.ts';
import { openDatabase } from '../src/store/database.ts';
import { openMailStore } from '../src/store/mail-store.ts';
import { SimLetterSealer } from '../test/sim/sim-letter-sealer.ts';
import { edges, LETTER_BYTES, measure, NODES } from './flood-shape.ts';
import { tempFolder } from './processes.ts';

const folder = tempFolder();
const AWAY = {
  device: publicKeyOf(systemRng.bytes(32)),
  link: publicKeyOf(systemRng.bytes(32)) as string as LinkKey,
};
const away = AWAY.device as string as MemberId;

async function startNode(index: number) {
  const linkSeed = systemRng.bytes(32);
  const signer = createSigner(systemRng.bytes(32));
  const transport = await createLibp2pTransport({
    linkSeed,
    listen: ['127.0.0.1:0'],
    mdns: false,
    gate: { mayLink: () => true },
    logger: silentLogger,
    timers: systemTimers,
    clock: systemClock,
  });
  await transport.start();
  const database = openDatabase(join(folder, `${String(index)}.db`));
  const sealer = createSealer(systemRng.bytes(32));
  const store = openMailStore(
    database,
    {
      seal: (key, bytes) => sealer.seal({ table: 'mail', key }, bytes),
      open: (key, sealed) => sealer.open({ table: 'mail', key }, sealed),
      indexKey: (value) => sealer.indexKey('mail', value),
    },
    { readCopy: decodeCopy, readReceipt: decodeReceipt },
  );
  const device = signer.key as DeviceKey;
  const service = new MailService({
    transport,
    store,
    signer,
    linkSeed,
    sealer: new SimLetterSealer({
      device,
      member: device as string as MemberId,
      devicesOf: () => [AWAY.device],
      wrote: () => undefined,
    }),
    roll: { self: device as string as MemberId, devicesOf: () => [AWAY] },
    verifier: createVerifier(),
    clock: systemClock,
    timers: systemTimers,
    rng: systemRng,
    logger: silentLogger,
    mayCarry: () => true,
    heardMs: () => [],
    tellsRead: () => true,
    changed: () => undefined,
    misbehaved: (_, code) => {
      throw new Error(code);
    },
  });
  return { transport, service, database };
}

const nodes = await Promise.all(Array.from({ length: NODES }, (_, index) => startNode(index)));
for (const [from, to] of edges()) {
  const address = nodes[to]?.transport.listening()[0] ?? '';
  await nodes[from]?.transport.dial(address, {});
}
await measure({
  send: (from) => void nodes[from]?.service.post([away], randomBytes(LETTER_BYTES / 2).toString('hex')),
  delivered: () => nodes.reduce((sum, { service }) => sum + service.carried.letters, 0),
  settle: async () => {
    for (const { service } of nodes) service.flush();
    await new Promise(setImmediate);
  },
});
rmSync(folder, { recursive: true, force: true });
process.exit(0);
