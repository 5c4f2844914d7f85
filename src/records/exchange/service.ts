/** Imports and exports of one node. */
import { setImmediate as turn } from 'node:timers/promises';
import { utf8, type Bytes } from '../../base/bytes.ts';
import { authorOf, type RecordContext } from '../context.ts';
import { LOCAL_BYTES, newRecordId } from '../ids.ts';
import { RegistryDoor } from './door.ts';
import { exportRecords, type ExportQuestion, type ExportTally } from './export.ts';
import { importRecords, type ImportOptions, type ImportOutcome } from './import.ts';
import type { ImportSource } from './ports.ts';

const CHUNK_CHARS = 64 * 1024;

export interface ExportResult {
  readonly written: number;
  readonly withheld: number;
}

export class ExchangeDesk {
  readonly #context: RecordContext;
  readonly #door: RegistryDoor;

  constructor(context: RecordContext) {
    this.#context = context;
    this.#door = new RegistryDoor(context);
  }

  /**
   * Ids without a domain become this home's own, unless another domain is given.
   * @throws KithError where the file as a whole is refused, or this member may write nothing.
   */
  import(
    source: ImportSource,
    options: ImportOptions,
    progress: (doneBytes: number) => void,
  ): Promise<ImportOutcome> {
    const domain = options.domain ?? this.#ownDomain();
    return importRecords({ door: this.#door, source, options: { ...options, domain }, progress });
  }

  /** What few may see is written down before it is given out. @param finished called after the last piece. */
  async *export(question: ExportQuestion, finished: (result: ExportResult) => void): AsyncGenerator<Bytes> {
    const tally: ExportTally = { written: 0, withheld: 0, givenOut: [] };
    let text = '';
    for (const piece of exportRecords(this.#door, this.#requestOf(question), tally)) {
      text += piece;
      if (text.length < CHUNK_CHARS) continue;
      yield this.#given(text, tally);
      text = '';
      // The node has other things to do as well.
      await turn();
    }
    if (text !== '') yield this.#given(text, tally);
    finished({ written: tally.written, withheld: tally.withheld });
  }

  #given(text: string, tally: ExportTally): Bytes {
    if (tally.givenOut.length > 0) this.#door.noteGivenOut(tally.givenOut);
    tally.givenOut = [];
    return utf8(text);
  }

  #requestOf(question: ExportQuestion): Parameters<typeof exportRecords>[1] {
    const atMs = this.#context.clock.nowMs();
    const domain = this.#ownDomain();
    const updated = `${new Date(atMs).toISOString().slice(0, 19)}Z`;
    return {
      ...question,
      atMs,
      feed: { id: `urn:x-kith:records:${domain}`, title: 'kith records', updated },
    };
  }

  #ownDomain(): string {
    const { log } = this.#context;
    const id = newRecordId(log.network, authorOf(this.#context), new Uint8Array(LOCAL_BYTES));
    return id.slice(0, id.indexOf('/'));
  }
}
