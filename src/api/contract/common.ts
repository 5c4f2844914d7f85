/** Shapes that many routes share. */
import { z } from 'zod';
import { LIMITS } from '../../base/limits.ts';

/** ISO 8601, UTC. */
export const Time = z.iso.datetime().meta({ description: 'ISO 8601, UTC' });

export const Role = z.enum(['admin', 'member', 'reader', 'relay']).meta({ id: 'Role' });
export type Role = z.infer<typeof Role>;

export const Lane = z.enum(['roll', 'urgent', 'data']);

/** The small number that people say aloud. */
export const PeerNumber = z.int().min(1).meta({ description: 'peer number' });

export const Count = z.int().min(0);

/** A key or digest: 64 hex digits. */
export const Id = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 hex digits');

/** The whole id, or a beginning of it that fits one alone. */
export const IdPrefix = z
  .string()
  .regex(/^[0-9a-f]{4,64}$/, 'must be an id: at least four of its hex digits')
  .meta({ description: 'an id, or a beginning of it that fits one alone' });

/** Of a letter: 32 hex digits. */
export const LetterId = z.string().regex(/^[0-9a-f]{32}$/, 'must be 32 hex digits');

/** Who is meant: a peer number, or a name that fits one member alone. */
export const Who = z
  .string()
  .min(1)
  .max(LIMITS.nameChars)
  .meta({ description: 'a peer number, or a name (whatever its case) that fits one member alone' });

/** A name, organisation or place; the node says what else it must be. */
export const Label = z.string().max(LIMITS.nameChars);

export const Passphrase = z.string().min(1).max(1024);

/** A file on the node's machine. */
export const Path = z
  .string()
  .min(1)
  .max(4096)
  .regex(/^(\/|[a-zA-Z]:[\\/]|\\\\)/, 'must be an absolute path')
  .meta({ description: "absolute path on the node's machine" });

/** Who one is in the network that one has founded or joined. */
export const Joined = z
  .object({ network: z.string(), networkId: Id, member: PeerNumber, name: z.string(), role: Role })
  .meta({ id: 'Joined' });
export type Joined = z.infer<typeof Joined>;

/** Yes or no in a query: `?follow=true`. */
export function queryFlag(description: string) {
  return z
    .union([z.boolean(), z.stringbool()])
    .default(false)
    .meta({ description, type: 'boolean', default: false });
}

/** A whole number in a query: `?limit=50`. */
export function queryInt(description: string, range: { min: number; max: number; default: number }) {
  return z.coerce
    .number<number>()
    .int()
    .min(range.min)
    .max(range.max)
    .default(range.default)
    .meta({ description, type: 'integer', minimum: range.min, maximum: range.max, default: range.default });
}
