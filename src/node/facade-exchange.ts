/** Of the facade, what is about files of records. Types only. */
import type { ExportQuestion, ImportOptions, ImportOutcome } from '../records/index.ts';

/** What few places say of a file: how it is read, and from where. */
export interface ImportRequest extends Pick<ImportOptions, 'format' | 'domain' | 'only'> {
  readonly path: string;
  /** Headings of a list → fields. */
  readonly columns: Readonly<Record<string, string>>;
  /** Says what is wrong with a PFIF file, and takes nothing in. */
  readonly check: boolean;
}

export interface RecordsImported extends ImportOutcome {
  readonly path: string;
}

export type ImportStep =
  | {
      readonly step: 'working';
      readonly unit: 'entries' | 'bytes';
      readonly done: number;
      readonly total: number | null;
    }
  | ({ readonly step: 'done' } & RecordsImported);

export interface ExportRequest extends ExportQuestion {
  /** Left out: the pieces of the file are the answer. */
  readonly path: string | undefined;
  readonly replace: boolean;
}

export type ExportStep =
  | { readonly step: 'piece'; readonly text: string }
  | {
      readonly step: 'done';
      readonly path: string | null;
      readonly bytes: number;
      readonly written: number;
      /** Of which nothing went out: not for whom it is. */
      readonly withheld: number;
    };

export interface ExchangeFacade {
  /** @throws KithError where the file as a whole is refused, or this member may write nothing. */
  import(request: ImportRequest, signal: AbortSignal): Promise<AsyncIterable<ImportStep>>;
  export(request: ExportRequest, signal: AbortSignal): Promise<AsyncIterable<ExportStep>>;
}
