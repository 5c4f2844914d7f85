/** What a handler of a route takes and gives, made from the contract: each route has one, of the right shape. */
import type { z } from 'zod';
import type { ParsedOf, RouteSpec } from './contract.ts';

export interface Call {
  /** Aborts when the caller goes away, or the API stops. */
  readonly signal: AbortSignal;
}

/** What a handler may give for a schema: the same, of values that nobody will change. */
export type Given<Schema extends z.ZodType> = DeepReadonly<z.input<Schema>>;

type DeepReadonly<Value> = Value extends readonly (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : Value extends object
    ? { readonly [Key in keyof Value]: DeepReadonly<Value[Key]> }
    : Value;

/** Calls `send` for each event until the function that it returned is called. */
export type Subscribe<Event> = (send: (event: Event) => void) => () => void;

export type Handler<Spec extends RouteSpec> = Spec['form'] extends 'events'
  ? (
      input: ParsedOf<Spec>,
      call: Call,
    ) => Promise<{
      readonly first: Given<Spec['answer']>;
      readonly subscribe: Subscribe<Given<Spec['answer']>>;
    }>
  : Spec['form'] extends 'lines'
    ? (input: ParsedOf<Spec>, call: Call) => Promise<AsyncIterable<Given<Spec['answer']>>>
    : (input: ParsedOf<Spec>, call: Call) => Promise<Given<Spec['answer']>>;

export type Handlers<Table extends Record<string, RouteSpec>> = {
  readonly [Name in keyof Table]: Handler<Table[Name]>;
};
