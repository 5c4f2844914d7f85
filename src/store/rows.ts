/** Columns as values of the type that the schema gives them; what is of another is damage. */
import type { Bytes } from '../base/bytes.ts';
import type { Row } from './database.ts';
import { damagedData } from './failures.ts';

export function bytesIn(row: Row, column: string): Bytes {
  return bytesOrNullIn(row, column) ?? unexpected(column);
}

export function bytesOrNullIn(row: Row, column: string): Bytes | null {
  const value = row[column];
  return value === null || value instanceof Uint8Array ? value : unexpected(column);
}

export function numberIn(row: Row, column: string): number {
  return numberOrNullIn(row, column) ?? unexpected(column);
}

export function numberOrNullIn(row: Row, column: string): number | null {
  const value = row[column];
  return value === null || typeof value === 'number' ? value : unexpected(column);
}

export function textIn(row: Row, column: string): string {
  const value = row[column];
  return typeof value === 'string' ? value : unexpected(column);
}

function unexpected(column: string): never {
  throw damagedData(`A value in the column ${column} is of another type.`);
}
