/** Pieces of one node in memory, and the versions of one folder: both survive the program. */
import { hash } from 'node:crypto';
import { concatBytes, type Bytes } from '../../../src/base/bytes.ts';
import { HybridClock } from '../../../src/base/hlc.ts';
import type { DeviceKey, MemberId } from '../../../src/base/ids.ts';
import type { Clock } from '../../../src/base/ports.ts';
import { desired, sameState } from '../../../src/files/folder/core.ts';
import type { Contents, Index, VersionDraft } from '../../../src/files/folder/ports.ts';
import type { Content, ContentId, FolderId, Version, VersionId } from '../../../src/files/types.ts';

export function contentOf(bytes: Bytes): Content {
  return {
    id: hash('sha256', bytes, 'hex') as ContentId,
    sizeBytes: bytes.byteLength,
    pieces: undefined,
    manifest: undefined,
  };
}

export class SimContents implements Contents {
  readonly held = new Map<ContentId, Bytes>();
  readonly wanted = new Map<ContentId, Content>();
  readonly #write: (absolute: string, bytes: Bytes) => void;
  readonly #pause: () => Promise<void>;

  constructor(
    write: (absolute: string, bytes: Bytes) => void,
    pause: () => Promise<void> = () => Promise.resolve(),
  ) {
    this.#write = write;
    this.#pause = pause;
  }

  async take(chunks: AsyncIterable<Bytes>): Promise<Content> {
    const all: Bytes[] = [];
    for await (const chunk of chunks) all.push(chunk);
    const bytes = concatBytes(...all);
    const content = contentOf(bytes);
    this.held.set(content.id, bytes);
    return content;
  }

  ready(content: Content): boolean {
    return this.held.has(content.id);
  }

  want(content: Content): void {
    if (!this.ready(content)) this.wanted.set(content.id, content);
  }

  async materialise(content: Content, absolute: string): Promise<void> {
    await this.#pause();
    this.#write(absolute, await this.read(content));
  }

  async read(content: Content): Promise<Bytes> {
    const bytes = this.held.get(content.id);
    if (bytes === undefined) throw new Error('not here');
    return bytes;
  }

  moved(): void {
    return undefined;
  }
}

export class SimIndex implements Index {
  readonly all = new Map<VersionId, Version>();
  readonly #byPath = new Map<string, Version[]>();
  readonly #replaced = new Set<VersionId>();
  readonly #live = new Map<string, boolean>();
  readonly #folder: FolderId;
  readonly #device: DeviceKey;
  readonly #clock: HybridClock;
  #made = 0;
  /** Own versions, in order: what a feed is. */
  readonly feed: Version[] = [];
  published: (versions: readonly Version[], headsBefore: readonly (readonly Version[])[]) => void = () =>
    undefined;

  constructor(folder: FolderId, device: DeviceKey, clock: Clock) {
    this.#folder = folder;
    this.#device = device;
    this.#clock = new HybridClock(clock);
  }

  heads(path: string): readonly Version[] {
    return (this.#byPath.get(path) ?? []).filter(({ id }) => !this.#replaced.has(id));
  }

  history(path: string): readonly Version[] {
    return this.#byPath.get(path) ?? [];
  }

  isLive(path: string): boolean {
    return this.#live.get(path) ?? false;
  }

  hasLiveBelow(folder: string): boolean {
    for (const [path, isLive] of this.#live) if (isLive && path.startsWith(`${folder}/`)) return true;
    return false;
  }

  hasContent(content: ContentId, exceptPath: string): boolean {
    for (const [path, isLive] of this.#live) {
      if (!isLive || path === exceptPath) continue;
      if (this.heads(path).some(({ state }) => state.type === 'file' && state.content.id === content))
        return true;
    }
    return false;
  }

  *standing(): Generator<Version> {
    for (const path of this.#byPath.keys()) yield* this.heads(path);
  }

  publish(drafts: readonly VersionDraft[], andThen: (versions: readonly Version[]) => void): void {
    const versions = drafts.map((draft) => this.#version(draft));
    const before = versions.map(({ path }) => this.heads(path));
    for (const version of versions) {
      this.add(version);
      this.feed.push(version);
    }
    andThen(versions);
    this.published(versions, before);
  }

  /** @returns false when it was here. */
  add(version: Version): boolean {
    if (this.all.has(version.id)) return false;
    this.#clock.witness(version.hlc);
    this.all.set(version.id, version);
    const known = this.#byPath.get(version.path) ?? [];
    this.#byPath.set(version.path, [...known, version]);
    for (const parent of version.parents) this.#replaced.add(parent);
    this.#live.set(
      version.path,
      this.heads(version.path).some(({ state }) => state.type !== 'deleted'),
    );
    return true;
  }

  #version({ path, parents, state, renamedFrom }: VersionDraft): Version {
    this.#made += 1;
    return {
      id: hash('sha256', `${this.#device} ${String(this.#made)}`, 'hex') as VersionId,
      folder: this.#folder,
      path,
      parents,
      state,
      renamedFrom,
      author: this.#device as string as MemberId,
      device: this.#device,
      hlc: this.#clock.tick(),
    };
  }
}

/** What nobody may publish: what the heads say already. */
export function isEcho(version: Version, headsBefore: readonly Version[]): boolean {
  const isJoining = version.parents.length > 1 || version.state.type === 'folder';
  return !isJoining && headsBefore.length > 0 && sameState(desired(headsBefore, false).state, version.state);
}
