import { KithError } from '../base/errors.ts';

/**
 * The body of a request as JSON; one that is empty counts as an empty object, so that every field may have a default.
 * Reads no more than `limitBytes`, whatever the request says of its length.
 * @throws KithError `too-large` | `bad-request`.
 */
export async function readJson(request: Request, limitBytes: number): Promise<unknown> {
  if (Number(request.headers.get('content-length') ?? 0) > limitBytes) throw tooLarge(limitBytes);
  const text = await readText(request, limitBytes);
  if (text === '') return {};
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new KithError('bad-request', 'The body of the request is not JSON.', { cause });
  }
}

async function readText({ body }: Request, limitBytes: number): Promise<string> {
  if (body === null) return '';
  const decoder = new TextDecoder();
  let text = '';
  let sizeBytes = 0;
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    sizeBytes += chunk.byteLength;
    if (sizeBytes > limitBytes) throw tooLarge(limitBytes);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

function tooLarge(limitBytes: number): KithError {
  return new KithError('too-large', `This request may have at most ${String(limitBytes)} bytes.`, {
    next: 'Send less at a time.',
  });
}
