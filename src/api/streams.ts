/** Answers that go on: objects one a line, and server-sent events. */
import type { z } from 'zod';
import type { Timers } from '../base/ports.ts';
import type { BrokenOff, Failure } from './contract.ts';
import type { Subscribe } from './handler.ts';

const encoder = new TextEncoder();

/** Between two signs of life on an idle event stream. */
export const HEARTBEAT_MS = 15_000;
/** Events that wait for a slow reader; beyond that they are dropped, and it is told. */
export const EVENTS_WAITING = 256;

export interface LinesOptions<Schema extends z.ZodType> {
  readonly answer: Schema;
  /** Ends the work when the reader goes. */
  readonly gone: AbortController;
  readonly failure: (error: unknown) => Failure;
}

/** One JSON object a line. A stream that breaks off says so in its last line. */
export function linesOf<Schema extends z.ZodType>(
  values: AsyncIterable<unknown>,
  { answer, gone, failure }: LinesOptions<Schema>,
): Response {
  const iterator = values[Symbol.asyncIterator]();
  const stream = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const next = await iterator.next();
        if (next.done === true || gone.signal.aborted) controller.close();
        else controller.enqueue(line(answer.parse(next.value)));
      } catch (error) {
        if (!gone.signal.aborted) {
          const broken: BrokenOff = { step: 'failed', error: failure(error) };
          controller.enqueue(line(broken));
        }
        controller.close();
      }
    },
    async cancel() {
      // The signal ends one that waits; `return` ends one that rests between two values.
      gone.abort();
      await iterator.return?.();
    },
  });
  return streamed(stream, 'application/x-ndjson');
}

export interface EventsOptions<Schema extends z.ZodType> {
  readonly answer: Schema;
  readonly timers: Timers;
  readonly signal: AbortSignal;
}

/** Server-sent events (HTML, §9.2): `event:` is the type, `data:` the JSON. */
export function eventsOf<Schema extends z.ZodType>(
  first: unknown,
  subscribe: Subscribe<z.input<Schema>>,
  { answer, timers, signal }: EventsOptions<Schema>,
): Response {
  let release = (): void => undefined;
  let missed = false;
  const stream = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const send = (event: unknown): void => {
          if ((controller.desiredSize ?? 0) > 0) controller.enqueue(eventText(answer.parse(event)));
          else missed = true;
        };
        send(first);
        const unsubscribe = subscribe(send);
        const stopBeating = heartbeat(timers, () => {
          if ((controller.desiredSize ?? 0) > 0) controller.enqueue(encoder.encode(': still here\n\n'));
        });
        const end = (): void => {
          release();
          controller.close();
        };
        signal.addEventListener('abort', end, { once: true });
        release = () => {
          unsubscribe();
          stopBeating();
          signal.removeEventListener('abort', end);
        };
      },
      pull(controller) {
        if (!missed) return;
        missed = false;
        controller.enqueue(eventText({ type: 'missed' }));
      },
      cancel() {
        release();
      },
    },
    { highWaterMark: EVENTS_WAITING },
  );
  return streamed(stream, 'text/event-stream');
}

function heartbeat(timers: Timers, beat: () => void): () => void {
  let timer = timers.after(HEARTBEAT_MS, again);
  function again(): void {
    beat();
    timer = timers.after(HEARTBEAT_MS, again);
  }
  return () => {
    timer.cancel();
  };
}

function line(value: unknown): Uint8Array {
  return encoder.encode(`${JSON.stringify(value)}\n`);
}

function eventText(event: unknown): Uint8Array {
  const { type } = event as { type: string };
  return encoder.encode(`event: ${type}\ndata: ${JSON.stringify(event)}\n\n`);
}

function streamed(body: ReadableStream<Uint8Array>, type: string): Response {
  return new Response(body, {
    headers: { 'content-type': type, 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' },
  });
}
