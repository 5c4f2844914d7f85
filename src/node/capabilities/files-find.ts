/** Which file is meant: by its path, the end of it, or its folder's name before it; with @ and a version behind it. */
import { KithError } from '../../base/errors.ts';
import type { Version } from '../../files/types.ts';
import { iso } from './context.ts';
import type { FilesContext } from './files-describe.ts';

/** Files of one name that are looked at. */
const MOST_NAMED = 1000;
/** Of those that somebody may mean, so many are named. */
const MOST_SAID = 10;

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

/**
 * What nothing replaces, under this name. Of many of one name the first to come are looked at, so that a member who gives it to a hundred thousand holds up
 * nobody; whoever says the whole path finds it in any case.
 * @throws KithError `unknown-file` | `ambiguous`
 */
export function headsNamed(context: FilesContext, name: string): readonly Version[] {
  const { path } = splitName(name);
  const { index } = context.files();
  const members = context.session().log.membership.members;
  const whole = new Map(headsAt(context, path).map((head) => [head.id, head]));
  const ends: Version[] = [];
  const { heads, areMore } = index.headsNamed(path.slice(path.lastIndexOf('/') + 1), MOST_NAMED);
  for (const head of heads) {
    const folder = index.isOffer(head)
      ? (members.get(head.author)?.name ?? '')
      : (index.folder(head.folder)?.name ?? '');
    if (head.path === path || `${folder}/${head.path}` === path) whole.set(head.id, head);
    else if (head.path.endsWith(`/${path}`)) ends.push(head);
  }
  const found = whole.size > 0 ? [...whole.values()] : ends;
  if (found.length > 0) return found;
  throw areMore ? tooMany(name) : unknownFile(name);
}

/** In each folder, and in the one whose name it begins with; of offers, those of the member whose name it begins with. */
function headsAt(context: FilesContext, path: string): readonly Version[] {
  const { index } = context.files();
  const { membership } = context.session().log;
  const inFolders = index.folders().flatMap(({ id, name = '' }) => {
    const rest = path.startsWith(`${name}/`) ? index.headsAt(id, path.slice(name.length + 1)) : [];
    return [...index.headsAt(id, path), ...rest];
  });
  const offered = [...membership.devices].flatMap(([device, { member }]) => {
    const author = `${membership.members.get(member)?.name ?? ''}/`;
    return path.startsWith(author) ? index.offersAt(device, path.slice(author.length)) : [];
  });
  return [...inFolders, ...offered];
}

function splitName(name: string): { readonly path: string; readonly version: string | undefined } {
  const found = /^(.+)@([0-9a-f]{4,64})$/.exec(name);
  const path = (found?.[1] ?? name).normalize('NFC').replace(/^\.\//, '');
  return { path, version: found?.[2] };
}

function tooMany(name: string): KithError {
  return new KithError('ambiguous', `More than ${String(MOST_NAMED)} files are called “${name}”.`, {
    next: 'Say the whole path, with the name of the folder before it.',
  });
}

function unknownFile(name: string): KithError {
  return new KithError('unknown-file', `No file “${name}” is known here.`, {
    next: 'See which there are: kith files list',
  });
}

function several(context: FilesContext, path: string, versions: readonly Version[]): KithError {
  const { members } = context.session().log.membership;
  const names = versions
    .slice(0, MOST_SAID)
    .map(
      ({ id, author, hlc }) =>
        `${path}@${id.slice(0, 8)} of ${members.get(author)?.name ?? 'somebody'}, ${iso(hlc.ms).slice(0, 16)}`,
    );
  return new KithError(
    'ambiguous',
    `“${path}” fits several: ${names.join('; ')}${versions.length > MOST_SAID ? '; and others' : ''}.`,
    {
      next: 'Say which one, with @ and its version.',
    },
  );
}
