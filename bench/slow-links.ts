/**
 * Slow links as a process, so that they can lie in a network namespace of their own: one for each `HOST:PORT` that is
 * given. Prints their ports as JSON, and after each line on stdin the bytes carried so far.
 * `node bench/slow-links.ts BYTES_PER_SECOND ONE_WAY_MS HOST:PORT…`
 */
import { createInterface } from 'node:readline';
import { slowLink } from '../test/support/slow-link.ts';

const [rate = '', delay = '', ...places] = process.argv.slice(2);
const links = await Promise.all(
  places.map((place) => {
    const [host = '', port = ''] = place.split(':');
    return slowLink({ host, port: Number(port) }, Number(rate), Number(delay));
  }),
);
process.stdout.write(`${JSON.stringify(links.map(({ port }) => port))}\n`);
for await (const line of createInterface({ input: process.stdin }))
  if (line !== '') process.stdout.write(`${JSON.stringify(links.map((link) => link.carriedBytes()))}\n`);
process.exit(0);
