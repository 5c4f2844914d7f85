/**
 * The public desk: what any browser on the LAN may ask this node. Reading only, by name only, the public side only, and
 * not often. It is given two questions and nothing else of the node.
 */
import { Hono, type Context } from 'hono';
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { isKithError } from '../../base/errors.ts';
import type { Clock, Logger } from '../../base/ports.ts';
import type { NodeFacade } from '../../node/facade.ts';
import { PAGE, SCRIPT, STYLE, WORKER } from './page.ts';
import { RateLimiter } from './rate.ts';

type Records = NodeFacade['records'];

/** Both as readers see it. */
export interface PublicRecords {
  search(question: Omit<Parameters<Records['search']>[0], 'public'>): ReturnType<Records['search']>;
  show(id: string): ReturnType<Records['showPublic']>;
  /** When this node last had all that another member's has. */
  asOf(): ReturnType<Records['asOf']>;
}

export interface DeskDeps {
  readonly records: PublicRecords;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly logger: Logger;
}

export interface DeskEnv {
  Bindings: { readonly address: string };
}

/** Whoever types a name needs a handful; whoever wants the whole registry needs a hundred thousand. */
const EACH = { burst: 15, refillMs: 2000 };
const ALL_TOGETHER = { burst: 60, refillMs: 50 };
const MOST_HITS = 10;
const MOST_TEXT = 100;
/** With their marks: a Burmese syllable is a letter and what stands around it. */
const TWO_LETTERS = /\p{L}[\p{L}\p{M}]/u;
/** Of a record, what a page of a phone shows. */
const SHOWN = [
  'full_name',
  'given_name',
  'family_name',
  'alternate_names',
  'sex',
  'age',
  'home_state',
  'home_country',
  'source_name',
  'source_date',
  'status',
] as const;

interface ShownRecord {
  readonly id: string;
  readonly status: string | null;
  readonly fields: Readonly<Record<string, string>>;
}

export function createDesk({ records, clock, logger }: DeskDeps): Hono<DeskEnv> {
  const desk = new Hono<DeskEnv>();
  const [each, all] = [new RateLimiter(EACH), new RateLimiter(ALL_TOGETHER)];
  const page = packed('text/html; charset=utf-8', PAGE);
  const worker = packed('text/javascript; charset=utf-8', WORKER);
  desk.onError((error) => {
    if (isKithError(error)) return refuse(statusOf(error.code), error.code, error.message);
    logger.error({ error }, 'the public desk failed');
    return refuse(500, 'internal', 'Something went wrong here.');
  });
  desk.notFound(() => refuse(404, 'not-found', 'There is nothing here.'));
  desk.use(async (c, next) => {
    await next();
    for (const [name, value] of Object.entries(HEADERS)) c.res.headers.set(name, value);
  });
  desk.get('/', page);
  desk.get('/worker.js', worker);
  desk.use('/people/*', async (c, next) => {
    const nowMs = clock.monotonicMs();
    const waitMs = each.ask(c.env.address, nowMs) || all.ask('all', nowMs);
    if (waitMs === 0) return next();
    const retry = { 'retry-after': String(Math.ceil(waitMs / 1000)) };
    return refuse(429, 'too-often', 'Too many questions at once. Wait a moment.', retry);
  });
  desk.get('/people/search', async (c) => {
    const text = (c.req.query('name') ?? '').normalize('NFC').trim();
    if (!TWO_LETTERS.test(text))
      return refuse(400, 'name-needed', 'Type a name, or part of one. People are looked for by name here.');
    if (text.length > MOST_TEXT) return refuse(400, 'too-long', 'That is too long for a name.');
    const hits = await records.search({ ...NO_FILTER, text, limit: MOST_HITS });
    return answer({ asOf: await records.asOf(), people: hits.map(shown) });
  });
  desk.get('/people/one', async (c) => {
    const { notes, ...person } = await records.show(c.req.query('id') ?? '');
    return answer({ person: shown(person), notes: notes.map(shown) });
  });
  return desk;
}

const NO_FILTER = {
  kind: 'person',
  status: undefined,
  sex: undefined,
  age: undefined,
  region: undefined,
} as const;

function shown({ id, status, fields }: ShownRecord): ShownRecord {
  return {
    id,
    status,
    fields: Object.fromEntries(
      SHOWN.flatMap((name) => (fields[name] === undefined ? [] : [[name, fields[name]]])),
    ),
  };
}

function answer(value: object): Response {
  return Response.json(value, { headers: NOT_KEPT });
}

const NOT_KEPT = { 'cache-control': 'no-store' };

type Refusal = 400 | 404 | 429 | 500 | 503;

function refuse(
  status: Refusal,
  code: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return Response.json({ code, message }, { status, headers: { ...NOT_KEPT, ...headers } });
}

function statusOf(code: string): Refusal {
  if (code === 'unknown-record') return 404;
  return code === 'no-network' || code === 'locked' ? 503 : 400;
}

/** Packed once: a phone on a crowded access point gets it in a few packets. */
function packed(type: string, text: string): (c: Context<DeskEnv>) => Response {
  const [plain, gzip] = [Buffer.from(text), gzipSync(text, { level: 9 })];
  const headers = { 'content-type': type, 'cache-control': 'no-cache', vary: 'accept-encoding' };
  return (c) =>
    /\bgzip\b/.test(c.req.header('accept-encoding') ?? '')
      ? c.body(gzip, 200, { ...headers, 'content-encoding': 'gzip' })
      : c.body(plain, 200, headers);
}

function sourceOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}

/** Nothing but what is in the page may run, be shown or be asked, and nobody may put it into a frame. */
const HEADERS = {
  'content-security-policy': [
    "default-src 'none'",
    `script-src ${sourceOf(SCRIPT)}`,
    `style-src ${sourceOf(STYLE)}`,
    "connect-src 'self'",
    "worker-src 'self'",
    "form-action 'none'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
} as const;
