/** The HTTP API: every route of the contract over the node's facade. */
import { Hono, type Context } from 'hono';
import type { Logger, Timers } from '../base/ports.ts';
import type { NodeFacade } from '../node/facade.ts';
import { readJson } from './body.ts';
import { DEFAULT_BODY_BYTES, ROUTES, type NodeEvent, type RouteSpec } from './contract.ts';
import { failureOf, parseWith, refusal } from './failures.ts';
import { mustBeAllowed, type Asked, type GuardDeps } from './guard.ts';
import { allHandlers } from './handlers.ts';
import type { Call, Subscribe } from './handler.ts';
import { OPENAPI_PATH, openApiDocument } from './openapi.ts';
import { eventsOf, linesOf } from './streams.ts';

export interface ApiDeps extends GuardDeps {
  readonly node: NodeFacade;
  readonly logger: Logger;
  readonly timers: Timers;
  /** Aborts when the API stops: ends the streams. */
  readonly ending: AbortSignal;
  /** Of the program, for the OpenAPI document. */
  readonly version: string;
}

export type ApiEnv = { Bindings: Asked };
export type Api = Hono<ApiEnv>;

/** A handler once its own types have done their work. */
type AnyHandler = (input: unknown, call: Call) => Promise<unknown>;

export function createApi(deps: ApiDeps): Api {
  const api: Api = new Hono<ApiEnv>();
  api.onError((error, c) => refusal(failureOf(error, routeName(c), deps.logger)));
  api.notFound((c) =>
    refusal({ code: 'not-found', message: `There is no ${routeName(c)}.`, next: `See ${OPENAPI_PATH}.` }),
  );
  api.use(async (c, next) => {
    mustBeAllowed(c.req.raw.headers, c.env, deps);
    await next();
  });
  const handlers = allHandlers(deps.node, deps.logger) as unknown as Record<string, AnyHandler>;
  for (const [name, spec] of Object.entries<RouteSpec>(ROUTES)) {
    const handler = handlers[name];
    if (handler === undefined) throw new Error(`bug: no handler for ${name}`);
    api.on(spec.method.toUpperCase(), honoPath(spec.path), (c) => answer(c, spec, handler, deps));
  }
  api.get(OPENAPI_PATH, async (c) => c.json(await openApiDocument(deps.version)));
  return api;
}

async function answer(
  c: Context<ApiEnv>,
  spec: RouteSpec,
  handler: AnyHandler,
  deps: ApiDeps,
): Promise<Response> {
  const gone = new AbortController();
  const signal = AbortSignal.any([c.req.raw.signal, deps.ending, gone.signal]);
  const given = await handler(await readInput(c, spec), { signal });
  switch (spec.form) {
    case 'json':
      return Response.json(spec.answer.parse(given), { headers: { 'cache-control': 'no-store' } });
    case 'text':
      return c.text(String(given));
    case 'lines': {
      const failure = (error: unknown) => failureOf(error, routeName(c), deps.logger);
      return linesOf(given as AsyncIterable<unknown>, { answer: spec.answer, gone, failure });
    }
    case 'events': {
      const { first, subscribe } = given as { first: NodeEvent; subscribe: Subscribe<unknown> };
      return eventsOf(first, subscribe, { answer: spec.answer, timers: deps.timers, signal });
    }
  }
}

/** Parameters, query and body, each parsed, in one flat object. */
async function readInput(c: Context<ApiEnv>, spec: RouteSpec): Promise<object> {
  return {
    ...(spec.params === undefined ? {} : parseWith(spec.params, c.req.param())),
    ...(spec.query === undefined ? {} : parseWith(spec.query, c.req.query())),
    ...(spec.body === undefined
      ? {}
      : parseWith(spec.body, await readJson(c.req.raw, spec.bodyBytes ?? DEFAULT_BODY_BYTES))),
  };
}

function honoPath(path: string): string {
  return path.replace(/\{(\w+)\}/g, ':$1');
}

function routeName(c: Context): string {
  return `${c.req.method} ${c.req.path}`;
}
