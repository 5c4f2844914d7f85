/** Of the facade, what takes a while. Types only. */
/** How far a long piece of work is; then, last, its result. */
export type Work<Result> = AsyncIterable<Progress | ({ readonly step: 'done' } & Result)>;

export interface Progress {
  readonly step: 'working';
  readonly unit: 'entries' | 'bytes';
  readonly done: number;
  /** Null while it is not known. */
  readonly total: number | null;
}
