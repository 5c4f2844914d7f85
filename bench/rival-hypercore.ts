/** hypercore 11 over its own encrypted stream: `source FOLDER N BYTES` offers a feed, `sink FOLDER N OFFER` fetches all of it. */
import { randomBytes } from 'node:crypto';
import net from 'node:net';
import Hypercore from 'hypercore';

const [role = '', folder = '', count = '0', last = ''] = process.argv.slice(2);
const entries = Number(count);

if (role === 'source') {
  const core = new Hypercore(folder);
  await core.ready();
  for (let at = 0; at < entries; at += 1000) {
    await core.append(Array.from({ length: Math.min(1000, entries - at) }, () => randomBytes(Number(last))));
  }
  const server = net.createServer((socket) => {
    const stream = core.replicate(false);
    socket.pipe(stream).pipe(socket);
  });
  server.listen(0, '127.0.0.1', () => {
    const { port } = server.address() as net.AddressInfo;
    process.stdout.write(`${core.key.toString('hex')}:${String(port)}\n`);
  });
} else {
  const [key = '', port = '0'] = last.split(':');
  const core = new Hypercore(folder, Buffer.from(key, 'hex'));
  await core.ready();
  const startMs = performance.now();
  const socket = net.connect(Number(port), '127.0.0.1');
  const stream = core.replicate(true);
  socket.pipe(stream).pipe(socket);
  await core.download({ start: 0, end: entries }).done();
  process.stdout.write(`${String((performance.now() - startMs) / 1000)}\n`);
}
