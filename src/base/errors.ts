/**
 * Expected failures. `code` is stable and part of the interface; `message` is one sentence for a tired person;
 * `next` says what to do now; the cause goes to the log, never to the screen.
 */
export class KithError extends Error {
  readonly code: string;
  readonly next: string | undefined;

  constructor(code: string, message: string, options: { next?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'KithError';
    this.code = code;
    this.next = options.next;
  }
}

export function isKithError(error: unknown, code?: string): error is KithError {
  return error instanceof KithError && (code === undefined || error.code === code);
}

/** A bug, not a failure: what must hold did not. */
export function assert(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(`bug: ${what}`);
}

export function unreachable(value: never): never {
  throw new Error(`bug: unexpected ${String(value)}`);
}
