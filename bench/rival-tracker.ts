/** node bench/rival-tracker.ts PORT ADDRESS…: tells each BitTorrent client that asks of all the others, at once. */
import { createServer } from 'node:http';

const [port, ...addresses] = process.argv.slice(2);

const peers = Buffer.concat(
  addresses.map((address) => {
    const [host = '', number = ''] = address.split(':');
    return Buffer.from([...host.split('.').map(Number), Number(number) >> 8, Number(number) & 255]);
  }),
);
const answer = Buffer.concat([
  Buffer.from(`d8:intervali60e12:min intervali60e5:peers${String(peers.length)}:`),
  peers,
  Buffer.from('e'),
]);

createServer((_, response) => {
  response.end(answer);
}).listen(Number(port), () => {
  process.stdout.write('ready\n');
});
