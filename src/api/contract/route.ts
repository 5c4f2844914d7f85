/**
 * A route as data. The server, the OpenAPI document and every client are made from the same table, so that none of
 * them can say what the others do not.
 */
import type { z } from 'zod';
import type { FailureCode } from './errors.ts';

export type NodeStateName = 'empty' | 'locked' | 'running';

export interface RouteSpec {
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** With `{name}` for each of `params`. */
  readonly path: `/${string}`;
  readonly tag: string;
  readonly summary: string;
  /** States of the node in which it answers; elsewhere `no-network`, `locked` or `already-in-network`. */
  readonly states: readonly NodeStateName[];
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  /** A JSON object. */
  readonly body?: z.ZodObject;
  /** Of the whole body; `DEFAULT_BODY_BYTES` where it is left out. */
  readonly bodyBytes?: number;
  /**
   * - `json`: one object;
   * - `lines`: a stream of objects, one a line (`application/x-ndjson`); one with `step: 'failed'` ends a broken one;
   * - `events`: server-sent events; - `text`: plain text.
   */
  readonly form: 'json' | 'lines' | 'events' | 'text';
  /** Of the answer, of one line, or of one event's data. */
  readonly answer: z.ZodType;
  /** What it may refuse with, besides what every route may. */
  readonly failures: readonly FailureCode[];
}

export const DEFAULT_BODY_BYTES = 64 * 1024;

/** Checks the table's entry and keeps its exact type. */
export function route<const Spec extends RouteSpec>(spec: Spec): Spec {
  return spec;
}

type Part<
  Spec extends RouteSpec,
  Key extends 'params' | 'query' | 'body',
  Side extends 'input' | 'output',
> = Spec[Key] extends infer Schema extends z.ZodObject
  ? Side extends 'input'
    ? z.input<Schema>
    : z.output<Schema>
  : object;

/** What a caller gives: parameters, query and body in one flat object; their names never clash. */
export type InputOf<Spec extends RouteSpec> = Part<Spec, 'params', 'input'> &
  Part<Spec, 'query', 'input'> &
  Part<Spec, 'body', 'input'>;

/** What a handler gets: the same after parsing. */
export type ParsedOf<Spec extends RouteSpec> = Part<Spec, 'params', 'output'> &
  Part<Spec, 'query', 'output'> &
  Part<Spec, 'body', 'output'>;

export type AnswerOf<Spec extends RouteSpec> = z.output<Spec['answer']>;
