/** The versions of one folder, over the index of files and the log. */
import type { ContentId, FolderId, Version } from '../files/types.ts';
import type { Index, VersionDraft } from '../files/folder/ports.ts';
import type { FilesService } from '../files/index.ts';
import type { LogStore } from '../log/ports.ts';
import { LIMITS } from '../base/limits.ts';
import { KithError } from '../base/errors.ts';

export class FolderIndex implements Index {
  readonly #files: FilesService;
  readonly #store: LogStore;
  readonly #folder: FolderId;

  constructor(files: FilesService, store: LogStore, folder: FolderId) {
    this.#files = files;
    this.#store = store;
    this.#folder = folder;
  }

  heads(path: string): readonly Version[] {
    return this.#files.index.headsAt(this.#folder, path);
  }

  history(path: string): readonly Version[] {
    return this.#files.index.versionsAt(this.#folder, path);
  }

  hasLiveBelow(path: string): boolean {
    return this.#files.index.hasLiveBelow(this.#folder, path);
  }

  hasContent(content: ContentId, exceptPath: string): boolean {
    return this.#files.index.hasContent(this.#folder, content, exceptPath);
  }

  /** What has versions has a head. */
  standing(): Generator<Version> {
    return this.#files.index.heads(this.#folder);
  }

  publish(drafts: readonly VersionDraft[], andThen: (versions: readonly Version[]) => void): void {
    const { index } = this.#files;
    const folder = index.folder(this.#folder);
    if (folder === undefined)
      throw new KithError('unknown-folder', 'This folder is not known here any more.', {
        next: 'See which there are: kith folder list',
      });
    const changes = drafts.map((draft) => ({
      ...draft,
      // More than these stay heads, and are joined next time.
      parents: [...new Set(draft.parents)].sort().slice(0, LIMITS.versionParents),
    }));
    this.#store.transact(() => {
      andThen(index.publish(folder, changes));
    });
  }
}
