/**
 * Taking in a file, however large: in batches, each on disk together with how far the file was taken in. Whoever is
 * stopped, by kill -9 too, begins anew: what was taken is passed over, and counted once.
 *
 * A file is read a second time only where it says something of records that come later in it.
 */
import { createHash } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import type { Bytes } from '../../base/bytes.ts';
import { KINDS } from '../kinds/index.ts';
import type { CsvOptions } from './csv/read.ts';
import { decodeText } from './decode.ts';
import { formatOf, readerOf, type ReadFormat } from './formats.ts';
import { acceptedOf, problem } from './incoming.ts';
import { copyOf } from './limits.ts';
import type { ImportDoor, ImportSource, Incoming } from './ports.ts';
import type { Problem, ReadItem, Reader, ReadRecord } from './types.ts';

export interface ImportOptions extends CsvOptions {
  readonly format?: ReadFormat | undefined;
  /** Records of another domain are refused. */
  readonly only?: string | undefined;
}

export interface ImportFault {
  readonly line: number;
  readonly code: string;
  readonly message: string;
}

export interface ImportOutcome {
  readonly format: ReadFormat;
  /** Records that the file has: added, updated and skipped together. */
  readonly read: number;
  readonly added: number;
  readonly updated: number;
  readonly skipped: number;
  /** Records that were not taken, and places that could not be read. */
  readonly errors: readonly ImportFault[];
  /** Values and columns that were left out of records that were taken. */
  readonly notices: readonly ImportFault[];
  /** Beyond those that are listed. */
  readonly errorsLeftOut: number;
  readonly noticesLeftOut: number;
}

export interface ImportWork {
  readonly door: ImportDoor;
  readonly source: ImportSource;
  readonly options: ImportOptions;
  /** Called after each batch; throws to break off. */
  progress(doneBytes: number): void;
}

const BATCH_RECORDS = 1000;
/** Places that are put off and remembered; beyond them the registry tells what was. */
const MOST_LATER = 200_000;
const BATCH_CHARS = 600_000;
/** Errors that are listed one by one, and notices likewise. */
export const MOST_FAULTS = 10_000;

/** @throws KithError where the file as a whole is refused, and what `progress` throws. */
export async function importRecords(work: ImportWork): Promise<ImportOutcome> {
  const name = await nameOf(work);
  const before = work.door.checkpoint(name);
  const run = new ImportRun(work, name, before?.position ?? 0);
  const format = await run.read(1);
  if (run.needsSecond) await run.read(2);
  run.finish();
  const after = work.door.checkpoint(name);
  return run.outcome(format, after ?? { position: 0, added: 0, updated: 0, skipped: 0 });
}

/**
 * What a source is called: the digest of its bytes and of how it is read. One that was taken in to its end and is taken in
 * again is another source, or nothing of it would be looked at.
 */
async function nameOf({ source, options, door }: ImportWork): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of source.open()) hash.update(chunk);
  const { columns, ...rest } = options;
  hash.update(JSON.stringify([rest, [...(columns ?? [])].sort()]));
  const digest = hash.digest('hex');
  for (let round = 1; ; round += 1) {
    const name = `${digest}.${String(round)}`;
    if ((door.checkpoint(name)?.position ?? 0) < FINISHED) return name;
  }
}

/** Stands for the position behind all others. */
export const FINISHED = Number.MAX_SAFE_INTEGER;

class Faults {
  readonly list: ImportFault[] = [];
  leftOut = 0;

  add({ line, code, message }: Problem): void {
    if (this.list.length < MOST_FAULTS) this.list.push({ line, code, message });
    else this.leftOut += 1;
  }
}

class ImportRun {
  readonly #work: ImportWork;
  readonly #name: string;
  /** Up to here everything was taken in by a run that was stopped. */
  readonly #taken: number;
  readonly #errors = new Faults();
  readonly #notices = new Faults();
  #position = 0;
  #read = 0;
  #lost = 0;
  #bytes = 0;
  #batch: Incoming[] = [];
  /** Ids in the batch, and the line of each position. */
  readonly #inBatch = new Map<string, number>();
  readonly #lines = new Map<number, number>();
  /** By the registry: the second pass does not ask again. */
  readonly #refused = new Set<string>();
  #batchChars = 0;
  /** Places of what was said of a record that had not come yet. */
  readonly #later = new Set<number>();
  #manyLater = false;
  /** How many places there are in one pass. */
  #places = 0;

  constructor(work: ImportWork, name: string, taken: number) {
    this.#work = work;
    this.#name = name;
    this.#taken = taken;
  }

  async read(pass: 1 | 2): Promise<ReadFormat> {
    const { source, options } = this.#work;
    let reader: Reader | undefined;
    let format = options.format ?? 'csv';
    const take = async (items: readonly ReadItem[]): Promise<void> => {
      for (const item of items) {
        this.#position += 1;
        if (pass === 1) this.#first(item);
        else this.#again(item);
        if (this.#batch.length >= BATCH_RECORDS || this.#batchChars >= BATCH_CHARS) await this.#flush();
      }
    };
    for await (const text of decodeText(this.#counted(source.open(), pass))) {
      if (reader === undefined) {
        format = options.format ?? formatOf(text);
        reader = readerOf(format, options);
      }
      await take(reader.push(text));
      this.#work.progress(this.#bytes);
    }
    reader ??= readerOf(format, options);
    await take(reader.end());
    await this.#flush();
    if (pass === 1) this.#places = this.#position;
    return format;
  }

  get needsSecond(): boolean {
    return this.#later.size > 0 || this.#manyLater || this.#taken > 0;
  }

  finish(): void {
    this.#work.door.take(this.#name, [], FINISHED);
  }

  outcome(format: ReadFormat, total: { added: number; updated: number; skipped: number }): ImportOutcome {
    return {
      format,
      read: this.#read,
      added: total.added,
      updated: total.updated,
      skipped: total.skipped + this.#lost,
      errors: this.#errors.list,
      notices: this.#notices.list,
      errorsLeftOut: this.#errors.leftOut,
      noticesLeftOut: this.#notices.leftOut,
    };
  }

  async *#counted(chunks: AsyncIterable<Bytes>, pass: 1 | 2): AsyncGenerator<Bytes> {
    for await (const chunk of chunks) {
      if (pass === 1) this.#bytes += chunk.byteLength;
      yield chunk;
    }
  }

  // ---- the first time

  #first(item: ReadItem): void {
    if (item.type === 'problem') {
      this.#fault(item);
      return;
    }
    this.#read += 1;
    const accepted = this.#accepted(item);
    if (accepted === undefined) return;
    // A stopped run took it, or put it off: which of the two is seen in the second pass.
    if (this.#position <= this.#taken) return;
    if (!this.#isLater(item, accepted.partial)) this.#put(item, accepted);
    // What is left of an expired person tells nothing to whoever never had it.
    else if (item.kind === 'person') this.#lost += 1;
    else if (this.#later.size < MOST_LATER) this.#later.add(this.#position);
    else this.#manyLater = true;
  }

  /** @returns undefined where it is refused; that is said once, in the first pass. */
  #accepted(
    item: ReadRecord,
  ): { readonly fields: Incoming['fields']; readonly partial: boolean } | undefined {
    const { only } = this.#work.options;
    if (only !== undefined && !item.id.startsWith(`${only}/`)) {
      this.#lose(problem(item.line, 'other-domain', `“${short(item.id)}” is not of ${only}`, 'record'));
      return undefined;
    }
    const accepted = acceptedOf(item);
    if ('weight' in accepted) {
      this.#lose(accepted);
      return undefined;
    }
    for (const notice of accepted.notices) this.#notices.add(notice);
    return accepted;
  }

  #fault(found: Problem): void {
    if (found.weight === 'notice') this.#notices.add(found);
    else if (found.weight === 'between') this.#errors.add(found);
    else {
      this.#read += 1;
      this.#lose(found);
    }
  }

  #lose(found: Problem): void {
    this.#lost += 1;
    this.#errors.add(found);
  }

  // ---- the second time: what was said too early

  #again(item: ReadItem): void {
    if (item.type === 'problem' || item.kind === 'person' || !mayBeLater(item)) return;
    if (!this.#wasPutOff(item)) return;
    const accepted = acceptedOf(item);
    const { only } = this.#work.options;
    if ('weight' in accepted || (only !== undefined && !item.id.startsWith(`${only}/`))) return;
    if (this.#isLater(item, accepted.partial)) this.#lose(withoutRecord(item));
    else if (this.#position > this.#taken && (!accepted.partial || this.#isNews(item)))
      this.#put(item, accepted);
  }

  /** Of what a stopped run read it is not known; then what is not here was put off. */
  #wasPutOff(item: ReadRecord): boolean {
    const place = this.#position - this.#places;
    if (place > this.#taken && !this.#manyLater) return this.#later.has(place);
    return !this.#refused.has(item.id) && (item.partial === true || !this.#isHere(item.id));
  }

  #isLater(item: ReadRecord, partial: boolean): boolean {
    if (!partial && !mayBeLater(item)) return false;
    return !this.#isHere(partial ? item.id : aboutOf(item));
  }

  /** What a part says that its record does not say yet. */
  #isNews({ id, fields }: ReadRecord): boolean {
    const known = this.#work.door.find(id);
    return known !== undefined && Object.entries(fields).some(([name, value]) => known[name] !== value);
  }

  // ---- batches

  #isHere(id: string): boolean {
    return this.#inBatch.has(id) || this.#work.door.has(id);
  }

  #put(
    { kind, id, line }: ReadRecord,
    { fields, partial }: Pick<Incoming, 'fields'> & { partial: boolean },
  ): void {
    const before = partial ? this.#known(id) : undefined;
    const whole = before === undefined ? fields : { ...before, ...fields };
    this.#batch.push({ position: this.#position, id, kind, fields: whole });
    this.#inBatch.set(id, this.#batch.length - 1);
    this.#lines.set(this.#position, line);
    for (const name in whole) this.#batchChars += (whole[name] ?? '').length;
  }

  #known(id: string): Incoming['fields'] | undefined {
    const place = this.#inBatch.get(id);
    return (place === undefined ? undefined : this.#batch[place]?.fields) ?? this.#work.door.find(id);
  }

  #refuse(position: number, code: string, message: string): void {
    // The registry counts it among those that it skipped.
    this.#errors.add(problem(this.#lines.get(position) ?? 0, code, message, 'record'));
    const id = this.#batch.find((item) => item.position === position)?.id;
    if (id !== undefined && this.#refused.size < MOST_FAULTS) this.#refused.add(copyOf(id));
  }

  async #flush(): Promise<void> {
    if (this.#position <= this.#taken) return;
    const { refused } = this.#work.door.take(this.#name, this.#batch, this.#position);
    for (const { position, code, message } of refused) this.#refuse(position, code, message);
    this.#batch = [];
    this.#batchChars = 0;
    this.#inBatch.clear();
    this.#lines.clear();
    this.#work.progress(this.#bytes);
    // The node has other things to do as well.
    await turn();
  }
}

/** Whether it needs another record: the person of a note, the patient of a vaccination, or what it says a part of. */
function mayBeLater({ kind, partial }: ReadRecord): boolean {
  const { about, fields } = KINDS[kind];
  return partial === true || (about !== undefined && fields[about]?.required === true);
}

/** The record that it is about, or a part of. */
function aboutOf({ kind, id, fields, partial }: ReadRecord): string {
  const { about } = KINDS[kind];
  return partial === true || about === undefined ? id : (fields[about] ?? '');
}

function withoutRecord(item: ReadRecord): Problem {
  const said = `there is no record “${short(aboutOf(item))}” here or in this file`;
  return problem(item.line, 'unknown-record', said, 'record');
}

function short(id: string): string {
  return id.slice(0, 80);
}
