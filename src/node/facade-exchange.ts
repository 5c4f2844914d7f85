/** Of the facade, what is about files of records. Types only. */
export type ReadFormat = 'pfif' | 'csv' | 'fhir';
export type WriteFormat = 'pfif' | 'atom' | 'csv' | 'fhir' | 'hxl';
/** Readers see what is public, members what every member may see, all is what this node holds. */
export type ExportAudience = 'readers' | 'members' | 'all';

export interface ImportRequest {
  readonly path: string;
  /** Left out: what the file looks like. */
  readonly format: ReadFormat | undefined;
  /** Goes before ids that have none; left out: this home's own. */
  readonly domain: string | undefined;
  /** Records of another domain are refused. */
  readonly only: string | undefined;
  /** Headings of a list → fields. */
  readonly columns: Readonly<Record<string, string>>;
  /** Says what is wrong with a PFIF file, and takes nothing in. */
  readonly check: boolean;
}

export interface ImportFault {
  readonly line: number;
  readonly code: string;
  readonly message: string;
}

export interface RecordsImported {
  readonly path: string;
  readonly format: ReadFormat;
  readonly read: number;
  readonly added: number;
  readonly updated: number;
  readonly skipped: number;
  readonly errors: readonly ImportFault[];
  /** Values and columns that were left out of records that were taken. */
  readonly notices: readonly ImportFault[];
  readonly errorsLeftOut: number;
  readonly noticesLeftOut: number;
}

export type ImportStep =
  | {
      readonly step: 'working';
      readonly unit: 'entries' | 'bytes';
      readonly done: number;
      readonly total: number | null;
    }
  | ({ readonly step: 'done' } & RecordsImported);

export interface ExportRequest {
  readonly format: WriteFormat;
  readonly audience: ExportAudience;
  /** What HXL counts. */
  readonly counted: 'census' | 'person';
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
