/** npm run build [-- FOLDER]: makes what is published, in dist/ or the given folder: `npm publish ./dist`. */
import { join, resolve } from 'node:path';
import { makePackage } from './publishing/package-folder.ts';
import { ROOT } from './tool.ts';

await makePackage(resolve(process.argv[2] ?? join(ROOT, 'dist')));
