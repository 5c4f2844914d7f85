/** HTTP as bars speak it with both sides: connections are kept open, answers are read whole. */
import { Agent, request, type RequestOptions } from 'node:http';

const agent = new Agent({ keepAlive: true, maxSockets: 128 });

/** Undefined when it was refused, or nobody answers. */
export async function postJson(
  to: Pick<RequestOptions, 'port' | 'socketPath'>,
  path: string,
  body: object,
): Promise<Record<string, unknown> | undefined> {
  return new Promise((resolve) => {
    const headers = { 'content-type': 'application/json' };
    const asked = request({ ...to, host: '127.0.0.1', path, method: 'POST', agent, headers }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (part: string) => (text += part));
      answer.on('error', () => {
        resolve(undefined);
      });
      answer.on('end', () => {
        resolve(answer.statusCode === 200 ? (JSON.parse(text) as Record<string, unknown>) : undefined);
      });
    });
    asked.on('error', () => {
      resolve(undefined);
    });
    asked.end(JSON.stringify(body));
  });
}
