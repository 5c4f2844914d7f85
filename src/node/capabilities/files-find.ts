/** Which file is meant: by its path, the end of it, or its folder's name before it; with @ and a version behind it. */
import { KithError } from '../../base/errors.ts';
import type { Version } from '../../files/types.ts';
import { iso } from './context.ts';
import type { FilesContext } from './files-describe.ts';

/** @throws KithError `unknown-file` | `ambiguous` */
export function findVersion(context: FilesContext, name: string): Version {
  const { index } = context.files();
  const { path, version: wanted } = splitName(name);
  const heads = headsNamed(context, name);
  if (wanted === undefined) {
    const files = heads.filter(({ state }) => state.type === 'file');
    const [only, ...others] = files.length > 0 ? files : heads;
    if (only === undefined) throw unknownFile(name);
    if (others.length > 0) throw several(context, path, [only, ...others]);
    return only;
  }
  const all = new Map(
    heads.flatMap((head) => index.versionsAt(head.folder, head.path)).map((version) => [version.id, version]),
  );
  const fits = [...all.values()].filter(({ id }) => id.startsWith(wanted));
  const [only, ...others] = fits;
  if (only === undefined) throw unknownFile(name);
  if (others.length > 0) throw several(context, path, fits);
  return only;
}

/** What nothing replaces, under this name. @throws KithError `unknown-file` */
export function headsNamed(context: FilesContext, name: string): readonly Version[] {
  const { path } = splitName(name);
  const { index } = context.files();
  const members = context.session().log.membership.members;
  const whole: Version[] = [];
  const ends: Version[] = [];
  for (const head of index.headsNamed(path.slice(path.lastIndexOf('/') + 1))) {
    const folder = index.isOffer(head)
      ? (members.get(head.author)?.name ?? '')
      : (index.folder(head.folder)?.name ?? '');
    if (head.path === path || `${folder}/${head.path}` === path) whole.push(head);
    else if (head.path.endsWith(`/${path}`)) ends.push(head);
  }
  const found = whole.length > 0 ? whole : ends;
  if (found.length === 0) throw unknownFile(name);
  return found;
}

function splitName(name: string): { readonly path: string; readonly version: string | undefined } {
  const found = /^(.+)@([0-9a-f]{4,64})$/.exec(name);
  const path = (found?.[1] ?? name).normalize('NFC').replace(/^\.\//, '');
  return { path, version: found?.[2] };
}

function unknownFile(name: string): KithError {
  return new KithError('unknown-file', `No file “${name}” is known here.`, {
    next: 'See which there are: kith files list',
  });
}

function several(context: FilesContext, path: string, versions: readonly Version[]): KithError {
  const { members } = context.session().log.membership;
  const names = versions.map(
    ({ id, author, hlc }) =>
      `${path}@${id.slice(0, 8)} of ${members.get(author)?.name ?? 'somebody'}, ${iso(hlc.ms).slice(0, 16)}`,
  );
  return new KithError('ambiguous', `“${path}” fits several: ${names.join('; ')}.`, {
    next: 'Say which one, with @ and its version.',
  });
}
