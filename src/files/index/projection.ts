/** Keeps the index of files in step with the log: in the same transaction, and the same after a rebuild. */
import { isKithError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import type { Audience } from '../../identity/roles.ts';
import { hydrate } from '../../log/folding.ts';
import type { FoldedEntry, LogStore, Projection } from '../../log/ports.ts';
import { payloadOf } from '../../log/wire.ts';
import type { Bytes } from '../../base/bytes.ts';
import type { FilePlace, IndexedVersion, IndexRows } from '../ports-index.ts';
import type { ContentId } from '../types.ts';
import { encodeFact } from './folder-table.ts';
import {
  decodeFolder,
  decodeFolderName,
  decodeHeld,
  decodeMembers,
  decodeMode,
  decodeVersions,
  FOLDER_KIND,
  folderIdOf,
  HELD_KIND,
  MEMBERS_KIND,
  MODE_KIND,
  versionIdOf,
  VERSIONS_KIND,
} from './wire.ts';

/** What the log brought, told after it is on disk. */
export interface IndexNews {
  readonly versions: readonly IndexedVersion[];
  /** Of these it is another set of devices that hold them. */
  readonly holders: readonly ContentId[];
  readonly folders: boolean;
}

export interface FileProjectionDeps {
  readonly log: LogStore;
  readonly rows: IndexRows;
  changed(news: IndexNews): void;
}

const WANTED: ReadonlySet<string> = new Set([FOLDER_KIND, MEMBERS_KIND, MODE_KIND, VERSIONS_KIND, HELD_KIND]);

export function fileProjection(deps: FileProjectionDeps): Projection {
  const table = new FileTable(deps);
  return {
    name: 'files',
    wants: (kind) => WANTED.has(kind),
    apply: (entry) => {
      table.apply(entry);
    },
    erased: ({ target }) => {
      table.again(target);
    },
    reset: () => {
      deps.rows.clear();
      table.tell({ folders: true });
    },
  };
}

class FileTable {
  readonly #deps: FileProjectionDeps;
  #news: { versions: IndexedVersion[]; holders: ContentId[]; folders: boolean } | undefined;

  constructor(deps: FileProjectionDeps) {
    this.#deps = deps;
  }

  apply(entry: FoldedEntry): void {
    switch (entry.header.kind) {
      case FOLDER_KIND:
        this.#folder(entry);
        return;
      case MEMBERS_KIND:
        this.#members(entry);
        return;
      case MODE_KIND:
        this.#mode(entry);
        return;
      case VERSIONS_KIND:
        this.#versions(entry);
        return;
      default:
        this.#held(entry);
    }
  }

  /** A part of this entry is gone: what the rest says stands alone. */
  again(place: FilePlace): void {
    const { log, rows } = this.#deps;
    rows.removePlace(place);
    this.tell({ folders: true });
    const feed = log.feed(place.feed)?.info;
    const [stored] = log.read({ feed: place.feed, from: place.seq, to: place.seq });
    if (stored === undefined || feed === undefined || stored.aside !== undefined) return;
    const entry = hydrate(stored);
    if (WANTED.has(entry.header.kind)) this.apply({ ...entry, feed });
  }

  tell(news: Partial<IndexNews>): void {
    if (this.#news === undefined) {
      this.#news = { versions: [], holders: [], folders: false };
      this.#deps.log.onRollback(() => {
        this.#news = undefined;
      });
      this.#deps.log.afterCommit(() => {
        const told = this.#news;
        this.#news = undefined;
        if (told !== undefined) this.#deps.changed(told);
      });
    }
    this.#news.versions.push(...(news.versions ?? []));
    this.#news.holders.push(...(news.holders ?? []));
    this.#news.folders ||= news.folders === true;
  }

  #folder(entry: FoldedEntry): void {
    const part = ifReadable(partFor(entry, 'members'), decodeFolder);
    if (part === undefined || this.#hasTooMany(entry)) return;
    const { device } = entry.feed;
    const id = folderIdOf(device, part.salt);
    const name = ifReadable(entry.parts[1] ?? undefined, decodeFolderName);
    const fact = { type: 'founded', device, hlc: entry.header.hlc, ...part, name } as const;
    this.#deps.rows.addFact(placeOf(entry), id, encodeFact(fact));
    this.tell({ folders: true });
  }

  #members(entry: FoldedEntry): void {
    const part = ifReadable(partFor(entry, 'members'), decodeMembers);
    if (part === undefined || this.#hasTooMany(entry)) return;
    const { device } = entry.feed;
    const fact = { type: 'members', device, hlc: entry.header.hlc, ...part } as const;
    this.#deps.rows.addFact(placeOf(entry), folderIdOf(device, part.salt), encodeFact(fact));
    this.tell({ folders: true });
  }

  /** One device founds so many folders, and what it says after that counts for nobody. */
  #hasTooMany({ feed }: FoldedEntry): boolean {
    return this.#deps.rows.factsOf(feed.id) >= LIMITS.foldersPerDevice * 8;
  }

  #mode(entry: FoldedEntry): void {
    const part = ifReadable(firstPart(entry), decodeMode);
    if (part === undefined) return;
    this.#deps.rows.setMode(placeOf(entry), entry.feed.device, part.folder, part.mode, entry.header.hlc);
    this.tell({ folders: true });
  }

  #versions(entry: FoldedEntry): void {
    const bodies = ifReadable(firstPart(entry), decodeVersions);
    if (bodies === undefined) return;
    const { device } = entry.feed;
    const { hlc } = entry.header;
    const audiences = audiencesOf(entry);
    const versions = bodies.map((body) => ({ ...body, id: versionIdOf(body), device, hlc, audiences }));
    const held = versions.flatMap(({ state }) => (state.type === 'file' ? [state.content.id] : []));
    const place = placeOf(entry);
    this.#deps.rows.addVersions(place, versions);
    // Who made a version had it.
    this.#deps.rows.setHeld(place, device, held, true, hlc);
    this.tell({ versions, holders: held });
  }

  #held(entry: FoldedEntry): void {
    const part = ifReadable(firstPart(entry), decodeHeld);
    if (part === undefined) return;
    const place = placeOf(entry);
    const { hlc } = entry.header;
    this.#deps.rows.setHeld(place, entry.feed.device, part.held, true, hlc);
    this.#deps.rows.setHeld(place, entry.feed.device, part.dropped, false, hlc);
    this.tell({ holders: [...part.held, ...part.dropped] });
  }
}

function placeOf({ feed, header }: FoldedEntry): FilePlace {
  return { feed: feed.id, seq: header.seq };
}

function audiencesOf({ header }: FoldedEntry): readonly Audience[] {
  return header.parts.map(({ audience }) => audience);
}

function partFor({ header, parts }: FoldedEntry, audience: Audience): Bytes | undefined {
  return header.parts[0]?.audience === audience ? (parts[0] ?? undefined) : undefined;
}

/** All parts of such an entry say the same to different members. */
function firstPart({ parts }: FoldedEntry): Bytes | undefined {
  return parts.find((part) => part !== null) ?? undefined;
}

function ifReadable<Value>(part: Bytes | undefined, read: (payload: Bytes) => Value): Value | undefined {
  if (part === undefined) return undefined;
  try {
    return read(payloadOf(part));
  } catch (error) {
    if (isKithError(error, 'malformed')) return undefined;
    throw error;
  }
}
