/** What was thrown, as a caller may see it: a code, a sentence and a next step; never a stack trace. */
import type { z } from 'zod';
import { KithError } from '../base/errors.ts';
import type { Logger } from '../base/ports.ts';
import { statusOf, type Failure, type FailureStatus } from './contract.ts';

const INTERNAL: Failure = {
  code: 'internal',
  message: 'Something went wrong inside kith; that is a mistake of the program.',
  next: 'Try again. What happened is in the log: kith log',
};

/** Logs what the caller is not told: the cause, or all of a bug. */
export function failureOf(error: unknown, where: string, logger: Logger): Failure {
  if (!(error instanceof KithError)) {
    logger.error({ err: error, route: where }, 'a request failed inside the program');
    return INTERNAL;
  }
  if (error.cause !== undefined)
    logger.info({ err: error, route: where, code: error.code }, 'a request was refused');
  return { code: error.code, message: error.message, next: error.next ?? null };
}

export function refusal(failure: Failure, status: FailureStatus = statusOf(failure.code)): Response {
  return Response.json(failure, { status, headers: { 'cache-control': 'no-store' } });
}

/** @throws KithError `bad-request`, naming the first thing that does not fit. */
export function parseWith<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const place = issue === undefined || issue.path.length === 0 ? '' : `${issue.path.map(String).join('.')}: `;
  throw new KithError('bad-request', `The request does not fit: ${place}${issue?.message ?? 'unknown'}.`, {
    next: 'The form of every request is in /v1/openapi.json.',
  });
}
