import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { silentLogger } from '../base/ports.ts';
import { ROUTES, statusOf, type RouteSpec } from './contract.ts';
import { openApiDocument, OPENAPI_PATH } from './openapi.ts';
import { createApi } from './server.ts';
import { fakeNode } from '../../test/fakes/fake-facade.ts';
import { ManualTimers } from '../../test/sim/manual-timers.ts';

const api = createApi({
  node: fakeNode(),
  logger: silentLogger,
  timers: new ManualTimers(),
  ending: new AbortController().signal,
  token: 't',
  tokenFile: 'f',
  version: '1.2.3',
});

describe('the OpenAPI document', () => {
  it('has every route of the server, and no other', async () => {
    const document = await openApiDocument('1.2.3');
    const documented = Object.entries(document.paths ?? {}).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const served = api.routes
      .filter(({ method }) => method !== 'ALL')
      .map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, '{$1}')}`);
    assert.deepEqual([...new Set(served)].sort(), documented.sort());
    assert.equal(documented.length, Object.keys(ROUTES).length + 1);
  });

  it('is served', async () => {
    const response = await api.request(OPENAPI_PATH, {}, { via: 'socket', port: undefined });
    assert.deepEqual(await response.json(), JSON.parse(JSON.stringify(await openApiDocument('1.2.3'))));
  });

  it('names parameters, defaults and failures', async () => {
    const document = JSON.parse(JSON.stringify(await openApiDocument('1.2.3'))) as {
      paths: Record<
        string,
        Record<string, { parameters: object[]; responses: Record<string, { description: string }> }>
      >;
      components: { schemas: object };
    };
    const log = document.paths['/v1/log']?.['get'];
    assert.deepEqual(
      log?.parameters
        .map((parameter) => parameter as { name: string; schema: { type: string; default: unknown } })
        .map(({ name, schema }) => [name, schema.type, schema.default]),
      [
        ['net', 'boolean', false],
        ['follow', 'boolean', false],
        ['lines', 'integer', 100],
      ],
    );
    const rename = document.paths['/v1/members/{who}']?.['patch'];
    assert.match(rename?.responses['404']?.description ?? '', /unknown-member/);
    assert.match(rename?.responses['423']?.description ?? '', /locked/);
    assert.ok('Member' in document.components.schemas);
  });
});

describe('the contract', () => {
  it('has flat input without clashes: no name stands in two places of one request', () => {
    for (const [name, spec] of Object.entries<RouteSpec>(ROUTES)) {
      const parts = [spec.params, spec.query, spec.body].flatMap((part) => Object.keys(part?.shape ?? {}));
      assert.equal(new Set(parts).size, parts.length, name);
    }
  });

  it('has a parameter for each place in a path', () => {
    for (const spec of Object.values(ROUTES)) {
      const places = [...spec.path.matchAll(/\{(\w+)\}/g)].map(([, place]) => place);
      assert.deepEqual('params' in spec ? Object.keys(spec.params.shape) : [], places);
    }
  });

  it('gives every failure that a route names a status of its own', () => {
    for (const spec of Object.values(ROUTES)) {
      for (const code of spec.failures as readonly string[]) {
        if (code !== 'damaged-backup') assert.notEqual(statusOf(code), 422, code);
      }
    }
  });
});
