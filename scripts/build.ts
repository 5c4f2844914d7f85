/** npm run build [-- FOLDER]: compiles the program for publishing, into dist/ or the given folder. */
import { rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ROOT, runNode, toolPath } from './tool.ts';

const target = resolve(process.argv[2] ?? join(ROOT, 'dist'));
rmSync(target, { recursive: true, force: true });
process.exitCode = await runNode([
  toolPath('typescript', 'tsc'),
  '-p',
  'tsconfig.build.json',
  '--outDir',
  target,
]);
