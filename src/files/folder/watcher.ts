/**
 * Hints that something changed, from the operating system. On Linux every folder is watched for itself, by whoever lists it and
 * before it is listed: so what appears in a new folder is either listed or hinted at. Elsewhere one watch sees the whole tree.
 */
import { watch, type FSWatcher } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from '../../base/ports.ts';
import { CONTROL, foldKey, joined } from './paths.ts';
import type { StartWatching } from './ports.ts';

const IS_WINDOWS = process.platform === 'win32';
const SEES_TREES = process.platform === 'darwin' || IS_WINDOWS;

export function watching(root: string, logger: Logger): StartWatching {
  return (hint) => {
    const watchers = new Map<string, FSWatcher>();
    const drop = (folder: string): void => {
      watchers.get(folder)?.close();
      watchers.delete(folder);
    };
    const add = (folder: string): void => {
      // Anew each time: a folder that was replaced has the same name and another watch.
      drop(folder);
      const watcher = watch(
        join(root, folder),
        { persistent: false, recursive: SEES_TREES },
        (_event, name) => {
          const path = name === null ? '' : joined(folder, IS_WINDOWS ? name.replaceAll('\\', '/') : name);
          if (foldKey(path.split('/')[0] ?? '') !== CONTROL) hint(path);
        },
      );
      watcher.on('error', (error) => {
        // What happens from now on is found when the folder is listed next.
        logger.debug({ err: error, folder }, 'a folder is not watched any more');
        drop(folder);
      });
      watchers.set(folder, watcher);
    };
    return {
      watch: (folder) => {
        if (SEES_TREES && folder !== '') return;
        if (SEES_TREES && watchers.size > 0) return;
        try {
          add(folder);
        } catch (error) {
          logger.warn(
            { err: error, folder },
            'a folder cannot be watched, so changes in it are noticed late',
          );
        }
      },
      unwatch: drop,
      close: () => {
        for (const folder of [...watchers.keys()]) drop(folder);
      },
    };
  };
}
