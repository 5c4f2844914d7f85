import type { NodeFacade } from '../../node/facade.ts';
import type { fileRoutes } from '../contract/files.ts';
import type { Handlers } from '../handler.ts';

export function fileHandlers({ files }: NodeFacade): Handlers<typeof fileRoutes> {
  return {
    files: ({ folder, after, limit }) => files.list({ folder, after, limit }),
    getFile: (request, { signal }) => files.get(request, signal),
    stopGetting: (request) => files.stop(request),
    sendFile: (request, { signal }) => files.send(request, signal),
    filesSettings: () => files.settings(),
    changeFilesSettings: (settings) => files.set(settings),
    fileVersions: async ({ name }) => ({ versions: await files.versions(name) }),
    restoreFile: (request) => files.restore(request),
    filesKeeping: () => files.keeping(),
    changeFilesKeeping: (keeping) => files.keep(keeping),
    folders: async () => ({ folders: await files.folders() }),
    folder: ({ folder }) => files.folder(folder),
    addFolder: ({ name, path, mode, only }) => files.addFolder({ name, path, mode, only }),
    joinFolder: ({ folder, path, mode }) => files.joinFolder({ folder, path, mode }),
    changeFolderMembers: ({ folder, add, remove }) => files.changeFolderMembers({ folder, add, remove }),
    leaveFolder: ({ folder }) => files.leaveFolder(folder),
    resumeFolder: ({ folder }) => files.resume(folder),
    folderConflicts: async ({ folder }) => ({ versions: await files.conflicts(folder) }),
  };
}
