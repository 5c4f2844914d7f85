/** A client of one node's API, over its Unix socket or, where there is none, over loopback with the token. */
import { readFile } from 'node:fs/promises';
import type { IncomingMessage, RequestOptions } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import {
  API_FILE,
  ApiFile,
  BrokenOff,
  Failure,
  KithError,
  NodeEvent,
  ROUTES,
  TOKEN_FILE,
  type Answer,
  type Input,
  type RouteName,
  type RoutesOf,
  type RouteSpec,
} from '../api/contract.ts';

/** Where and how to ask. */
export type Door = { readonly socketPath: string } | { readonly url: string; readonly token: string };

/** An import of `node:http` would load all of fetch with it, which no command needs, and every command would wait for. */
const { request } = process.getBuiltinModule('node:http');

/** Answers longer than this are no answers of kith's. */
const MOST_ANSWER_BYTES = 64 * 1024 * 1024;

export class Client {
  readonly #door: Door;
  readonly #noNode: (cause?: unknown) => KithError;

  constructor(door: Door, noNode: (cause?: unknown) => KithError) {
    this.#door = door;
    this.#noNode = noNode;
  }

  /** @throws KithError with the node's code; `no-node` when nobody answers. */
  async call<Name extends RoutesOf<'json'>>(name: Name, input: Input<Name>): Promise<Answer<Name>> {
    const response = await this.#ask(name, input, undefined);
    return parse(ROUTES[name].answer, await readJson(response)) as Answer<Name>;
  }

  /** @throws KithError as `call`, and with the code of what broke the stream off; `node-gone` when it just ended. */
  async *lines<Name extends RoutesOf<'lines'>>(
    name: Name,
    input: Input<Name>,
    signal?: AbortSignal,
  ): AsyncGenerator<Answer<Name>, void, undefined> {
    const response = await this.#ask(name, input, signal);
    try {
      for await (const line of createInterface({ input: response, crlfDelay: Number.POSITIVE_INFINITY })) {
        const value: unknown = JSON.parse(line);
        const broken = BrokenOff.safeParse(value);
        if (broken.success) throw errorOf(broken.data.error);
        yield parse(ROUTES[name].answer, value) as Answer<Name>;
      }
    } catch (cause) {
      if (signal?.aborted === true) return;
      throw cause instanceof KithError ? cause : nodeGone(cause);
    } finally {
      response.destroy();
    }
    if (!response.complete && signal?.aborted !== true) throw nodeGone();
  }

  /** What changes, from now on; ends when the node stops. */
  async *events(signal: AbortSignal): AsyncGenerator<NodeEvent, void, undefined> {
    const { createParser } = await import('eventsource-parser');
    const response = await this.#ask('events', {}, signal);
    response.setEncoding('utf8');
    let arrived: NodeEvent[] = [];
    const parser = createParser({
      onEvent({ data }) {
        const event = NodeEvent.safeParse(JSON.parse(data));
        if (event.success) arrived.push(event.data);
      },
    });
    try {
      for await (const text of response as AsyncIterable<string>) {
        parser.feed(text);
        yield* arrived;
        arrived = [];
      }
    } catch {
      // The node went, or the caller broke off: either way there are no more events.
    } finally {
      response.destroy();
    }
  }

  async #ask(name: RouteName, input: object, signal: AbortSignal | undefined): Promise<IncomingMessage> {
    const { method, target, body } = messageOf(ROUTES[name], input);
    const text = body === undefined ? undefined : JSON.stringify(body);
    const options: RequestOptions = {
      ...doorOptions(this.#door),
      method,
      path: target,
      agent: false,
      ...(signal === undefined ? {} : { signal }),
    };
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const sent = request(options, resolve);
      sent.once('error', (error: NodeJS.ErrnoException) => {
        reject(['ENOENT', 'ECONNREFUSED'].includes(error.code ?? '') ? this.#noNode(error) : nodeGone(error));
      });
      if (text !== undefined) sent.setHeader('content-type', 'application/json');
      sent.end(text);
    });
    if (response.statusCode === 200) return response;
    throw errorOf(parse(Failure, await readJson(response)) as Failure);
  }
}

/**
 * @param hint what `no-node` says to do.
 * @throws KithError `no-node` when no node has this folder open.
 */
export async function connect(dataFolder: string, platform: NodeJS.Platform, hint: string): Promise<Client> {
  const noNode = (cause?: unknown): KithError =>
    new KithError('no-node', 'No kith node is running for this data folder.', { next: hint, cause });
  const where = await readApiFile(dataFolder);
  if (where === undefined) throw noNode();
  if (where.socket !== null && platform !== 'win32') return new Client({ socketPath: where.socket }, noNode);
  if (where.url === null) throw noNode();
  const token = await readFile(join(dataFolder, TOKEN_FILE), 'utf8').catch(() => '');
  return new Client({ url: where.url, token: token.trim() }, noNode);
}

/** Where the node of this folder says that it listens; undefined when none says so. */
export async function readApiFile(dataFolder: string): Promise<ApiFile | undefined> {
  const text = await readFile(join(dataFolder, API_FILE), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return ApiFile.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** The last value of a stream, the one with that `step`; the others go to `onStep`. */
export async function lastOf<Value extends { step: string }, Last extends Value['step']>(
  values: AsyncIterable<Value>,
  last: Last,
  onStep: (step: Exclude<Value, { step: Last }>) => void,
): Promise<Extract<Value, { step: Last }>> {
  for await (const value of values) {
    if (value.step === last) return value as Extract<Value, { step: Last }>;
    onStep(value as Exclude<Value, { step: Last }>);
  }
  throw nodeGone();
}

function doorOptions(door: Door): RequestOptions {
  if ('socketPath' in door) return { socketPath: door.socketPath, headers: { host: 'localhost' } };
  const { hostname, port } = new URL(door.url);
  return { hostname, port, headers: { authorization: `Bearer ${door.token}` } };
}

/** Splits the flat input into path, query and body. */
function messageOf(
  spec: RouteSpec,
  input: object,
): { method: string; target: string; body: object | undefined } {
  const values = Object.entries(input).filter(([, value]) => value !== undefined) as [string, unknown][];
  const within = (keys: object | undefined) => values.filter(([key]) => keys !== undefined && key in keys);
  const path = within(spec.params?.shape).reduce<string>(
    (text, [key, value]) => text.replace(`{${key}}`, encodeURIComponent(String(value))),
    spec.path,
  );
  const query = new URLSearchParams(within(spec.query?.shape).map(([key, value]) => [key, String(value)]));
  return {
    method: spec.method.toUpperCase(),
    target: query.size === 0 ? path : `${path}?${query.toString()}`,
    body: spec.body === undefined ? undefined : Object.fromEntries(within(spec.body.shape)),
  };
}

async function readJson(response: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      bytes += chunk.byteLength;
      if (bytes > MOST_ANSWER_BYTES) throw new Error('the answer is too long');
      chunks.push(chunk);
    }
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch (cause) {
    throw nodeGone(cause);
  }
}

function parse(schema: RouteSpec['answer'], value: unknown): unknown {
  const { success, data, error } = schema.safeParse(value);
  if (success) return data;
  throw new KithError('other-version', 'The node that is running is of another version than this program.', {
    next: 'Stop it and start it again: kith stop, then kith up',
    cause: error,
  });
}

function errorOf({ code, message, next }: Failure): KithError {
  return new KithError(code, message, next === null ? {} : { next });
}

function nodeGone(cause?: unknown): KithError {
  return new KithError('node-gone', 'The node stopped, or was stopped, before it was done.', {
    next: 'Start it again: kith up',
    cause,
  });
}
