/** What CAP 1.2 §3.2 demands of single values; the same for a document and for an entry of the log. */
import type { CapTime } from './types.ts';

/** The pattern of CAP's schema; a letter for the zone is not allowed. */
const TIME = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)[-+](0\d|1[0-4]):[0-5]\d$/;

/** Milliseconds since 1970; undefined when it is no such time, or no day of any calendar. */
export function capTimeMs(text: string): number | undefined {
  const local = TIME.exec(text)?.[1];
  if (local === undefined) return undefined;
  const asUtcMs = Date.parse(`${local}Z`);
  // The 30th of February would be taken for a day in March.
  if (Number.isNaN(asUtcMs) || new Date(asUtcMs).toISOString().slice(0, 19) !== local) return undefined;
  return Date.parse(text);
}

/** In UTC. CAP writes the offset of UTC as `-00:00` (§3.3.2). */
export function capTime(ms: number): CapTime {
  return `${new Date(ms).toISOString().slice(0, 19)}-00:00`;
}

export function isCapTime(text: string): boolean {
  return capTimeMs(text) !== undefined;
}

/** `identifier` and `sender`: no spaces, commas, `<` or `&`. */
export function isCapName(text: string): boolean {
  return text !== '' && !/[\s,<&]/.test(text);
}

const NUMBER = /^[-+]?\d+(\.\d+)?$/;

export function isDecimal(text: string): boolean {
  return NUMBER.test(text);
}

/** A point of WGS 84: `latitude,longitude`. */
function isPoint(text: string): boolean {
  const [latitude = '', longitude = '', ...rest] = text.split(',');
  if (rest.length > 0 || !NUMBER.test(latitude) || !NUMBER.test(longitude)) return false;
  return Math.abs(Number(latitude)) <= 90 && Math.abs(Number(longitude)) <= 180;
}

/** Points with blanks between them, four or more, the last one the same as the first. */
export function isPolygon(text: string): boolean {
  const points = text.split(/\s+/);
  return points.length >= 4 && points[0] === points.at(-1) && points.every(isPoint);
}

/** A point, a blank, and the radius in kilometres. */
export function isCircle(text: string): boolean {
  const [point = '', radius = '', ...rest] = text.split(/\s+/);
  return rest.length === 0 && isPoint(point) && NUMBER.test(radius) && Number(radius) >= 0;
}
