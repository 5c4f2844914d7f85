/** What a file says of one record, as the table of kinds takes it; or why not. */
import { checkFields, KINDS } from '../kinds/index.ts';
import type { Fields, KindName, Problem, ReadRecord } from './types.ts';
import { isTombstone } from './pfif/rules.ts';

export interface Accepted {
  readonly fields: Fields;
  /** Says something of a record that has to be here. */
  readonly partial: boolean;
  readonly notices: readonly Problem[];
}

/** Left out, and said so, where they are not as they should be: a person must not be missed for a telephone number. */
const DISPENSABLE = new Set<unknown>(['email', 'phone', 'url']);

export function acceptedOf(record: ReadRecord): Accepted | Problem {
  const { kind, line } = record;
  const isGone = kind === 'person' && isTombstone(record.fields);
  const partial = record.partial === true || isGone;
  const given = isGone ? record.fields : prepared(record);
  const { fields, problems } = checkFields(kind, given, !partial);
  const notices: Problem[] = [];
  for (const { field, code, message } of problems) {
    const spec = KINDS[kind].fields[field];
    if (code === 'missing-field' || spec === undefined || spec.required || !DISPENSABLE.has(spec.type))
      return problem(line, code, message, 'record');
    notices.push(problem(line, 'left-out', `${message} It is left out`, 'notice'));
  }
  return { fields, partial, notices };
}

function prepared({ kind, id, fields }: ReadRecord): Fields {
  const ready: Record<string, string> = {};
  for (const name in fields) {
    const value = fields[name] ?? '';
    // When a record came here is not for a file to say (PFIF 1.4, entry_date).
    if (name === 'entry_date') continue;
    ready[name] = value.includes('\n') && isLine(kind, name) ? value.replace(/\s+/g, ' ') : value;
  }
  // PFIF wants it, and files leave it out: then what is known is where the note is from.
  if (kind === 'note') ready['author_name'] ??= id.slice(0, id.indexOf('/'));
  return ready;
}

function isLine(kind: KindName, name: string): boolean {
  const type = KINDS[kind].fields[name]?.type;
  return type !== 'text' && type !== 'list';
}

/** @param message ends with a full stop, or gets one. */
export function problem(line: number, code: string, message: string, weight: Problem['weight']): Problem {
  const said = message.endsWith('.') ? message : `${message}.`;
  return { type: 'problem', line, code, message: `Line ${String(line)}: ${said}`, weight };
}
