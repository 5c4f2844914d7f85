/** Records as people read them. */
import type {
  RecordDetail,
  RecordErasure,
  RecordHistory,
  RecordHit,
  RecordMatch,
} from '../../../api/contract.ts';
import type { Context } from '../../context.ts';
import type { Paint } from '../../output.ts';
import { called, clean, counted, localTime, pairs, table } from '../../render.ts';

export function recordLines({ out }: Context, record: RecordDetail): string[] {
  const paint = out.paintData;
  const { id, kind, fields, home, status, gone, linked } = record;
  const shown = Object.entries(fields).map(
    ([name, value]) => [words(name), value.replaceAll('\n', '; ')] as const,
  );
  return [
    paint('bold', titleOf(record)),
    ...pairs(
      [
        ['id', id],
        ['kind', kind],
        ['home', home],
        ['status', status === null ? '' : words(status)],
        ...shown,
        ['same person', linked.join(', ')],
        ['readers', gone ? '' : record.public ? 'see a part of it' : 'see nothing of it'],
      ],
      paint,
    ),
    ...conflictLines(record),
    ...noteLines(record, paint),
  ];
}

/** `home_city` as it is said. */
function words(name: string): string {
  return name.replaceAll('_', ' ');
}

function titleOf({ fields, kind, gone }: Pick<RecordHit, 'fields' | 'kind' | 'gone'>): string {
  if (gone) return 'A record that has expired, or was withdrawn';
  return clean(fields['full_name'] ?? fields['vaccine'] ?? fields['camp'] ?? fields['text'] ?? kind);
}

function conflictLines({ conflicts, id }: RecordDetail): string[] {
  return conflicts.map(({ field, values }) => {
    const said = values.map((value) => (value === '' ? 'nothing' : `“${clean(value)}”`)).join(' and ');
    return `Two say different things of ${words(field)}: ${said}. Settle it: kith record edit ${id} --set ${field}=…`;
  });
}

function noteLines({ notes }: RecordDetail, paint: Paint): string[] {
  if (notes.length === 0) return [];
  return [
    '',
    ...table(
      ['WHEN', 'BY', 'STATUS', 'NOTE'],
      notes.map(({ fields, home }) => [
        localTime(fields['source_date'] ?? ''),
        fields['author_name'] ?? home,
        words(fields['status'] ?? ''),
        [fields['text'], fields['last_known_location']].filter((part) => part !== undefined).join(' · '),
      ]),
      paint,
    ),
  ];
}

export function hitTable({ out }: Context, hits: readonly RecordHit[]): string[] {
  return table(
    ['SCORE', 'NAME', 'SEX', 'AGE', 'REGION', 'STATUS', 'HOME', 'ID', 'WHY'],
    hits.map((hit) => [...rowOf(hit), hit.reasons[0] ?? '']),
    out.paintData,
  );
}

export function matchTable({ out }: Context, matches: readonly RecordMatch[]): string[] {
  return table(
    ['SCORE', 'NAME', 'SEX', 'AGE', 'REGION', 'STATUS', 'HOME', 'ID', 'WHAT', 'WHY'],
    matches.map((match) => [
      ...rowOf(match),
      match.mode === 'reunion' ? 'sought and found' : 'twice',
      match.reasons.slice(0, 3).join('; '),
    ]),
    out.paintData,
  );
}

function rowOf(
  hit: Pick<RecordHit, 'score' | 'fields' | 'kind' | 'gone' | 'status' | 'home' | 'id'>,
): string[] {
  const { score, fields, status, home, id } = hit;
  return [
    score.toFixed(2),
    titleOf(hit),
    fields['sex'] ?? '',
    fields['age'] ?? fields['date_of_birth'] ?? '',
    fields['home_state'] ?? '',
    status === null ? '' : words(status),
    home,
    id,
  ];
}

export function historyLines({ out }: Context, { items, accesses }: RecordHistory): string[] {
  const paint = out.paintData;
  return [
    ...table(
      ['WHEN', 'WHO', 'ORGANISATION', 'WHAT', ''],
      items.map(({ at, member, name, org, otherOrg, op, fields, hiddenParts, refused }) => [
        localTime(at),
        called({ member, name }),
        otherOrg ? `${org} (now another)` : org,
        op === 'end' ? 'ended it' : fields.map(({ field, value }) => `${field}=${value}`).join(', '),
        [
          refused ? 'changes nothing: not its home' : '',
          hiddenParts > 0 ? `${counted(hiddenParts, 'part')} not for this node` : '',
        ]
          .filter((part) => part !== '')
          .join('; '),
      ]),
      paint,
    ),
    ...(accesses.length === 0
      ? []
      : [
          '',
          'Who read what few may see, on this node alone (other nodes keep their own list, and tell nobody):',
        ]),
    ...table(
      ['WHEN', 'WHAT', 'FIELDS'],
      accesses.map(({ at, action, fields }) => [localTime(at), action, fields.join(', ')]),
      paint,
    ),
  ];
}

export function erasureLines({ id, confirmed, missing, waiting }: RecordErasure): string[] {
  return [
    `${id} has ended. ${counted(confirmed.length, 'member')} signed that it is erased there.`,
    ...(missing.length === 0 ? [] : [`Not yet: ${missing.join(', ')}`]),
    ...(waiting === 0
      ? []
      : [`${counted(waiting, 'entry', 'entries')} by others wait until their authors hear of it.`]),
  ];
}
