/**
 * Who may ask. The Unix socket is guarded by its file's mode. Over loopback every program and every user of the
 * machine can connect, and web pages can make a browser do it: so a request carries the token, and names this host
 * and no other (DNS rebinding).
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { KithError } from '../base/errors.ts';

export interface Asked {
  readonly via: 'socket' | 'loopback';
  /** Of the listener that took the request; undefined for the socket. */
  readonly port: number | undefined;
}

export interface GuardDeps {
  readonly token: string;
  /** Named in the refusal. */
  readonly tokenFile: string;
}

/** @throws KithError `bad-host` | `bad-origin` | `no-token`. */
export function mustBeAllowed(headers: Headers, asked: Asked, { token, tokenFile }: GuardDeps): void {
  if (asked.via === 'socket') return;
  const hosts = ['127.0.0.1', 'localhost', '[::1]'].map((host) => `${host}:${String(asked.port)}`);
  const host = headers.get('host')?.toLowerCase();
  if (host === undefined || !hosts.includes(host)) {
    throw new KithError('bad-host', 'This request was meant for another host.', {
      next: `Ask http://127.0.0.1:${String(asked.port)}.`,
    });
  }
  const origin = headers.get('origin');
  if (origin !== null && origin !== `http://${host}`) {
    throw new KithError('bad-origin', 'A web page of another site asked.');
  }
  if (!sameToken(bearerOf(headers), token)) {
    throw new KithError('no-token', 'The request lacks the token of this node, or has a wrong one.', {
      next: `Send "Authorization: Bearer …" with what stands in ${tokenFile}.`,
    });
  }
}

function bearerOf(headers: Headers): string {
  return /^bearer +([\x21-\x7e]+)$/i.exec(headers.get('authorization') ?? '')?.[1] ?? '';
}

/** Over digests, so that neither content nor length shows in the time it takes. */
function sameToken(given: string, wanted: string): boolean {
  return timingSafeEqual(digestOf(given), digestOf(wanted));
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
