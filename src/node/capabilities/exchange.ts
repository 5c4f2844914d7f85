/** Files of records: read where they lie, written whole or given out piece by piece. */
import { statSync } from 'node:fs';
import type { Bytes } from '../../base/bytes.ts';
import { KithError } from '../../base/errors.ts';
import { checkPfif, type ExchangeDesk, type ExportResult, type ImportSource } from '../../records/index.ts';
import type {
  ExchangeFacade,
  ExportRequest,
  ExportStep,
  ImportRequest,
  RecordsImported,
} from '../facade-exchange.ts';
import { readWhole, writeWhole } from '../files.ts';
import type { NodeContext } from './context.ts';
import { withProgress, type Report } from './work.ts';

export function exchangeOf(context: NodeContext): ExchangeFacade {
  const desk = (): ExchangeDesk => context.session().records.exchange;
  return {
    import: async (request, signal) => {
      const exchange = desk();
      const file = fileAt(request.path, signal);
      return withProgress<RecordsImported>(signal, (report) =>
        request.check
          ? checked(request, file, context.clock.nowMs(), report)
          : imported(exchange, request, file, report),
      );
    },
    export: async (request) => written(desk(), request),
  };
}

interface FileAt extends ImportSource {
  /** When it was changed last. */
  readonly changedMs: number;
}

/** @throws KithError `cannot-read` */
function fileAt(path: string, signal: AbortSignal): FileAt {
  try {
    const { size, mtimeMs } = statSync(path);
    return { sizeBytes: size, changedMs: mtimeMs, open: () => readWhole(path, signal) };
  } catch (cause) {
    throw new KithError('cannot-read', `The file ${path} could not be read.`, {
      next: 'See that it is there.',
      cause,
    });
  }
}

async function imported(
  exchange: ExchangeDesk,
  { path, format, domain, only, columns }: ImportRequest,
  file: FileAt,
  report: Report,
): Promise<RecordsImported> {
  const outcome = await exchange.import(
    file,
    {
      format,
      domain,
      only,
      columns: new Map(Object.entries(columns)),
      // A list that does not say when it was made is as old as its file.
      sourceDate: `${new Date(file.changedMs).toISOString().slice(0, 19)}Z`,
    },
    (done) => {
      report({ step: 'working', unit: 'bytes', done, total: file.sizeBytes });
    },
  );
  return { path, ...outcome };
}

async function checked(
  { path }: ImportRequest,
  file: FileAt,
  nowMs: number,
  report: Report,
): Promise<RecordsImported> {
  const { records, findings, leftOut } = await checkPfif(file, nowMs, (done) => {
    report({ step: 'working', unit: 'bytes', done, total: file.sizeBytes });
  });
  return {
    path,
    format: 'pfif',
    read: records,
    added: 0,
    updated: 0,
    skipped: records,
    errors: findings,
    notices: [],
    errorsLeftOut: leftOut,
    noticesLeftOut: 0,
  };
}

async function* written(exchange: ExchangeDesk, request: ExportRequest): AsyncGenerator<ExportStep> {
  let result: ExportResult = { written: 0, withheld: 0 };
  const pieces = exchange.export(request, (finished) => {
    result = finished;
  });
  let bytes = 0;
  if (request.path === undefined) {
    for await (const piece of pieces) {
      bytes += piece.byteLength;
      yield { step: 'piece', text: textOf(piece) };
    }
  } else bytes = await writeWhole(request.path, request.replace, pieces);
  yield { step: 'done', path: request.path ?? null, bytes, ...result };
}

function textOf(piece: Bytes): string {
  return Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength).toString('utf8');
}
