/** Who may hold which values of a record: derived from the table alone. */
import type { Audience } from '../../identity/roles.ts';
import { KINDS } from './table.ts';
import type { Fields, FieldsFor, KindName, Sensitivity } from './types.ts';

/** Narrower for single values: that somebody is believed dead is not for everybody who may know of other statuses. */
export function classOf(kind: KindName, field: string, value: string): Sensitivity | undefined {
  const spec = KINDS[kind].fields[field];
  return spec?.narrower[value] ?? spec?.class;
}

/** @param home who the home organisation is, as an audience. */
export function audienceOf(sensitivity: Sensitivity, home: Audience): Audience {
  if (sensitivity === 'home') return home;
  return sensitivity.startsWith('grant:') ? sensitivity : 'members';
}

/**
 * The values for tier 1, by audience; `members` comes first and is there even when empty.
 * @param before what the record said: a value that fewer may see takes back, for the others, what they had seen.
 */
export function splitByAudience(
  kind: KindName,
  fields: Fields,
  home: Audience,
  before: Fields = {},
): readonly FieldsFor[] {
  const parts = new Map<Audience, Record<string, string>>([['members', {}]]);
  const put = (audience: Audience, name: string, value: string): void => {
    const part = parts.get(audience) ?? {};
    part[name] = value;
    parts.set(audience, part);
  };
  for (const [name, value] of Object.entries(fields)) {
    const spec = KINDS[kind].fields[name];
    if (spec === undefined) continue;
    const own = spec.narrower[value];
    put(audienceOf(own ?? spec.class, home), name, value);
    const was = before[name] ?? '';
    if (own !== undefined && was !== '' && spec.narrower[was] === undefined)
      put(audienceOf(spec.class, home), name, '');
    if (own === undefined && spec.narrower[was] !== undefined)
      put(audienceOf(spec.narrower[was] ?? spec.class, home), name, '');
  }
  return [...parts].map(([audience, values]) => ({ audience, fields: values }));
}

/** Fields of a kind that fewer than all members may see: reading them is written down. */
export function isRestricted(sensitivity: Sensitivity): boolean {
  return sensitivity === 'home' || sensitivity.startsWith('grant:');
}

/** Names of those fields of a record that were read and are restricted. */
export function restrictedOf(kind: KindName, fields: Fields): readonly string[] {
  return Object.entries(fields).flatMap(([name, value]) => {
    const found = classOf(kind, name, value);
    return found !== undefined && isRestricted(found) ? [name] : [];
  });
}
