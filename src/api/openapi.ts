/** The OpenAPI 3.1 document, made from the contract. */
import type { OpenAPIHono, RouteConfig } from '@hono/zod-openapi';
import { z } from 'zod';
import { BrokenOff, Failure, ROUTES, statusOf, type RouteSpec } from './contract.ts';

export const OPENAPI_PATH = '/v1/openapi.json';

export type OpenApiDocument = ReturnType<OpenAPIHono['getOpenAPI31Document']>;

/** Loaded when somebody asks: a node that starts on a small machine need not wait for it. */
export async function openApiDocument(version: string): Promise<OpenApiDocument> {
  const { OpenAPIHono } = await import('@hono/zod-openapi');
  const app = new OpenAPIHono();
  app.openAPIRegistry.registerComponent('securitySchemes', 'token', { type: 'http', scheme: 'bearer' });
  for (const [name, spec] of Object.entries<RouteSpec>(ROUTES))
    app.openAPIRegistry.registerPath(pathOf(name, spec));
  app.openAPIRegistry.registerPath({
    method: 'get',
    path: OPENAPI_PATH,
    operationId: 'openapi',
    tags: ['node'],
    summary: 'This document',
    responses: {
      200: { description: 'OpenAPI 3.1', content: { 'application/json': { schema: z.looseObject({}) } } },
    },
  });
  return app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'kith',
      version,
      description: 'The API of one kith node, for programs of the same user. See docs/protocol/api.md.',
      license: { name: 'Apache-2.0' },
    },
    security: [{ token: [] }],
  });
}

function pathOf(name: string, spec: RouteSpec): RouteConfig {
  return {
    method: spec.method,
    path: spec.path,
    operationId: name,
    tags: [spec.tag],
    summary: spec.summary,
    description: `Answers in: ${spec.states.join(', ')}.`,
    request: {
      ...(spec.params === undefined ? {} : { params: spec.params }),
      ...(spec.query === undefined ? {} : { query: spec.query }),
      ...(spec.body === undefined
        ? {}
        : { body: { content: { 'application/json': { schema: spec.body } } } }),
    },
    responses: { 200: success(spec), ...refusals(spec) },
  };
}

const MEDIA = {
  json: 'application/json',
  lines: 'application/x-ndjson',
  events: 'text/event-stream',
  text: 'text/plain',
} as const;

function success(spec: RouteSpec): RouteConfig['responses'][string] {
  const schema = spec.form === 'lines' ? z.union([spec.answer, BrokenOff]) : spec.answer;
  const what = { json: 'Done', lines: 'One object a line', events: 'Events; data is JSON', text: 'Text' }[
    spec.form
  ];
  return { description: what, content: { [MEDIA[spec.form]]: { schema } } };
}

/** Codes that it may refuse with, by status. */
function refusals(spec: RouteSpec): RouteConfig['responses'] {
  const codes = new Map<number, string[]>();
  for (const code of [...everyRoute(spec), ...spec.failures]) {
    const status = statusOf(code);
    codes.set(status, [...(codes.get(status) ?? []), code]);
  }
  return Object.fromEntries(
    [...codes].map(([status, of]) => [
      status,
      { description: of.join(', '), content: { 'application/json': { schema: Failure } } },
    ]),
  );
}

function everyRoute(spec: RouteSpec): string[] {
  const takesInput = spec.params !== undefined || spec.query !== undefined || spec.body !== undefined;
  return [
    ...(takesInput ? ['bad-request'] : []),
    ...(spec.body === undefined ? [] : ['too-large']),
    'no-token',
    'bad-host',
    'bad-origin',
    ...(spec.states.includes('empty') ? [] : ['no-network']),
    ...(spec.states.includes('locked') ? [] : ['locked']),
    ...(spec.states.includes('running') ? [] : ['already-in-network']),
    'internal',
  ];
}
