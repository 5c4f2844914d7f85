/** Columns as values of the type that the schema gives them; what is of another is damage. */
import type { Bytes } from '../base/bytes.ts';
import type { SQLOutputValue } from 'node:sqlite';
import type { Row } from './database.ts';
import { damagedData } from './failures.ts';

export function bytesIn(row: Row, column: string): Bytes {
  return asBytes(row[column], column);
}

export function bytesOrNullIn(row: Row, column: string): Bytes | null {
  return asBytesOrNull(row[column], column);
}

export function numberIn(row: Row, column: string): number {
  return asNumber(row[column], column);
}

export function numberOrNullIn(row: Row, column: string): number | null {
  return asNumberOrNull(row[column], column);
}

export function textIn(row: Row, column: string): string {
  const value = row[column];
  return typeof value === 'string' ? value : unexpected(column);
}

type Value = SQLOutputValue | undefined;

export function asBytes(value: Value, column: string): Bytes {
  return value instanceof Uint8Array ? value : unexpected(column);
}

export function asBytesOrNull(value: Value, column: string): Bytes | null {
  return value === null || value instanceof Uint8Array ? value : unexpected(column);
}

export function asNumber(value: Value, column: string): number {
  return typeof value === 'number' ? value : unexpected(column);
}

export function asNumberOrNull(value: Value, column: string): number | null {
  return value === null || typeof value === 'number' ? value : unexpected(column);
}

function unexpected(column: string): never {
  throw damagedData(`A value in the column ${column} is of another type.`);
}
