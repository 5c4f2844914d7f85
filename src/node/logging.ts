/**
 * The node's own log: pino lines into a file a day's work can be read from, and the last ones in memory for `kith log`.
 * Frames of the network layer are a channel that costs nothing until somebody asks for it.
 */
import { renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import pino from 'pino';
import type { Logger } from '../base/ports.ts';
import type { Json, LogLine } from './facade.ts';

const REMEMBERED_LINES = 2000;
/** A file that is larger when the node starts is set aside, one generation deep. */
const FILE_BYTES = 16 * 1024 * 1024;
/** Lines waiting for one reader; a slower one misses some and is told. */
const WAITING_LINES = 5000;

type Reader = { readonly net: boolean; readonly take: (line: LogLine) => void };

export interface NodeLog {
  logger(source: string): Logger;
  /** For frames; check `wantsFrames` first. */
  frame(fields: LogLine['fields']): void;
  readonly wantsFrames: boolean;
  lines(
    options: { net: boolean; follow: boolean; lines: number },
    signal: AbortSignal,
  ): AsyncIterable<LogLine>;
  close(): void;
}

export function openNodeLog(folder: string, level: 'debug' | 'info' = 'info'): NodeLog {
  const file = join(folder, 'node.log');
  setAside(file);
  const destination = pino.destination({ dest: file, sync: false, mkdir: true, append: true });
  const remembered: LogLine[] = [];
  const readers = new Set<Reader>();
  let closed = false;
  const root = pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, destination);

  function remember(line: LogLine): void {
    remembered.push(line);
    if (remembered.length > REMEMBERED_LINES) remembered.splice(0, REMEMBERED_LINES / 10);
    for (const reader of readers) reader.take(line);
  }

  function say(source: string, level: LogLine['level'], fields: object, message: string): void {
    if (closed) return;
    root[level]({ source, ...fields }, message);
    if (level === 'debug' && !root.isLevelEnabled('debug')) return;
    remember({ time: new Date().toISOString(), level, source, message, fields: plainFields(fields) });
  }

  return {
    logger: (source) => ({
      debug: (fields, message) => say(source, 'debug', fields, message),
      info: (fields, message) => say(source, 'info', fields, message),
      warn: (fields, message) => say(source, 'warn', fields, message),
      error: (fields, message) => say(source, 'error', fields, message),
    }),
    frame: (fields) => {
      if (closed) return;
      root.info({ source: 'frame', ...fields }, 'frame');
      const line: LogLine = {
        time: new Date().toISOString(),
        level: 'info',
        source: 'frame',
        message: 'frame',
        fields,
      };
      for (const reader of readers) if (reader.net) reader.take(line);
    },
    get wantsFrames() {
      return [...readers].some((reader) => reader.net);
    },
    lines: (options, signal) => follow(remembered, readers, options, signal),
    close: () => {
      if (closed) return;
      closed = true;
      try {
        destination.flushSync();
      } catch {
        // The file is not open yet: what was said so far is written when it is.
      }
      destination.end();
    },
  };
}

async function* follow(
  remembered: readonly LogLine[],
  readers: Set<Reader>,
  options: { net: boolean; follow: boolean; lines: number },
  signal: AbortSignal,
): AsyncIterable<LogLine> {
  const waiting: LogLine[] = options.lines === 0 ? [] : remembered.slice(-options.lines);
  let missed = 0;
  let wake = (): void => undefined;
  const reader: Reader = {
    net: options.net,
    take: (line) => {
      if (waiting.length >= WAITING_LINES) missed += 1;
      else waiting.push(line);
      wake();
    },
  };
  if (options.follow) readers.add(reader);
  const aborted = (): void => wake();
  signal.addEventListener('abort', aborted);
  try {
    for (;;) {
      yield* waiting.splice(0);
      if (missed > 0) {
        yield missedLine(missed);
        missed = 0;
      }
      if (!options.follow || signal.aborted) return;
      await new Promise<void>((resolve) => {
        wake = resolve;
        if (waiting.length > 0 || signal.aborted) resolve();
      });
    }
  } finally {
    readers.delete(reader);
    signal.removeEventListener('abort', aborted);
  }
}

function missedLine(count: number): LogLine {
  const message = `${String(count)} lines came faster than they were read, and are left out`;
  return { time: new Date().toISOString(), level: 'warn', source: 'log', message, fields: {} };
}

/** What JSON carries: errors as their message, bytes left out. */
function plainFields(fields: object): LogLine['fields'] {
  const plain: Record<string, Json> = {};
  for (const [key, value] of Object.entries(fields) as [string, unknown][]) {
    if (value instanceof Error) plain[key] = value.message;
    else if (value === null || ['string', 'number', 'boolean'].includes(typeof value))
      plain[key] = value as Json;
    else if (value !== undefined) plain[key] = JSON.stringify(value);
  }
  return plain;
}

function setAside(file: string): void {
  try {
    if (statSync(file).size > FILE_BYTES) renameSync(file, `${file}.1`);
  } catch {
    // There is no file yet, or it cannot be moved: then it grows.
  }
}
