/**
 * Random lives of a registry: members of two organisations and a reader write, hear of each other in any order, set
 * their clocks wrong, and look. What must hold is told from what each had seen when it wrote, and from nothing that the
 * registry says of itself.
 */
import assert from 'node:assert/strict';
import { isKithError } from '../../src/base/errors.ts';
import { readerView } from '../../src/records/index.ts';
import { encodeRecordPart, RECORD_KIND } from '../../src/records/wire.ts';
import { START_MS } from '../support/author.ts';
import { pull } from '../support/log-world.ts';
import { allOf, RecordWorld, type RecordNode } from '../support/record-world.ts';
import { SeededRng } from './rng.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const FIELDS = ['home_city', 'description', 'home_state', 'case_notes', 'full_name'] as const;
type Field = (typeof FIELDS)[number];

/** One value that somebody wrote, and what of the record its author had seen. */
interface Edit {
  readonly record: string;
  readonly field: Field;
  readonly value: string;
  readonly seen: ReadonlySet<Edit>;
}

interface Person {
  readonly id: string;
  readonly org: string;
  ended: boolean;
  /** Readers must not see it in the end: the last one to say so had seen all else. */
  hidden: boolean;
}

/** What a note says of a person. */
interface Said {
  readonly id: string;
  readonly about: string;
  readonly at: number;
  readonly status: string;
}

class Life {
  readonly rng: SeededRng;
  readonly world: RecordWorld;
  readonly members: readonly { readonly node: RecordNode; readonly org: string }[];
  readonly reader: RecordNode;
  readonly persons: Person[] = [];
  readonly edits: Edit[] = [];
  readonly known = new Map<RecordNode, Set<Edit>>();
  readonly notes = new Map<string, string>();
  readonly statuses: Said[] = [];
  #value = 0;

  constructor(seed: number) {
    this.rng = new SeededRng(seed);
    this.world = new RecordWorld({ seed });
    const [b, c] = [this.world.admit('Bo', 'member', 'Org'), this.world.admit('Cho', 'member', 'Other')];
    this.reader = this.world.admit('Ray', 'reader');
    this.members = [
      { node: this.world.founder, org: 'Org' },
      { node: b, org: 'Org' },
      { node: c, org: 'Other' },
    ];
    for (const grant of ['contact', 'documents']) this.world.grant(b, grant);
    for (const node of this.world.nodes) this.known.set(node, new Set());
  }

  /** One word that nothing else holds. */
  value(): string {
    this.#value += 1;
    return `v${String(this.#value)}x${'abcdefghij'[this.rng.below(10)] ?? ''}`;
  }

  step(): void {
    const { node, org } = this.pick(this.members);
    const choice = this.rng.below(100);
    if (choice < 12) this.add(node, org);
    else if (choice < 50) this.edit(node, org);
    else if (choice < 58) this.note(node);
    else if (choice < 62) this.hide(node, org);
    else if (choice < 66) this.end(node, org);
    else if (choice < 70) this.skew(node);
    else if (choice < 74) node.desk.sweep();
    else if (choice < 77) this.forge(node, org);
    else this.hear();
  }

  pick<Item>(items: readonly Item[]): Item {
    const item = items[this.rng.below(items.length)];
    assert.ok(item !== undefined);
    return item;
  }

  add(node: RecordNode, org: string): void {
    const fields = { full_name: this.value(), home_city: this.value(), age: '34' };
    const { id } = node.desk.add('person', fields);
    this.persons.push({ id, org, ended: false, hidden: false });
    this.wrote(node, id, { full_name: fields.full_name, home_city: fields.home_city });
  }

  edit(node: RecordNode, org: string): void {
    const person = this.ownPerson(node, org);
    if (person === undefined) return;
    const fields: Partial<Record<Field, string>> = { [this.pick(FIELDS)]: this.value() };
    if (this.rng.below(3) === 0) fields[this.pick(FIELDS)] = this.value();
    if (this.tries(() => node.desk.edit(person.id, fields))) this.wrote(node, person.id, fields);
  }

  wrote(node: RecordNode, record: string, fields: Partial<Record<Field, string>>): void {
    const known = this.known.get(node) ?? new Set();
    const seen = new Set([...known].filter((edit) => edit.record === record));
    for (const field of FIELDS) {
      const value = fields[field];
      if (value === undefined) continue;
      const edit = { record, field, value, seen };
      this.edits.push(edit);
      known.add(edit);
    }
  }

  note(node: RecordNode): void {
    const person = this.persons[this.rng.below(this.persons.length + 1)];
    if (person === undefined) return;
    const text = this.value();
    const status = this.pick(['believed_alive', 'believed_missing', 'information_sought']);
    this.tries(() => {
      const { id, fields } = node.desk.note(person.id, { text, status });
      this.notes.set(text, person.id);
      this.statuses.push({ id, about: person.id, at: Date.parse(fields['source_date'] ?? ''), status });
    });
  }

  hide(node: RecordNode, org: string): void {
    const person = this.ownPerson(node, org);
    if (person !== undefined && this.tries(() => node.desk.edit(person.id, { opt_out: 'true' })))
      person.hidden = true;
  }

  end(node: RecordNode, org: string): void {
    const person = this.ownPerson(node, org);
    if (person !== undefined && this.tries(() => node.desk.end(person.id))) person.ended = true;
  }

  /** Past the desk: an entry about somebody else's record, as another program could write it. */
  forge(node: RecordNode, org: string): void {
    const others = this.persons.filter((person) => person.org !== org && !person.ended);
    const person = others[this.rng.below(others.length + 1)];
    if (person === undefined) return;
    const op = this.rng.below(3) === 0 ? 'end' : 'write';
    const fields = op === 'end' ? {} : { full_name: this.value(), home_city: this.value() };
    const head = { id: person.id, kind: 'person', op, after: [], fields, ended: [] } as const;
    const payload = encodeRecordPart({ ...head, org });
    const parts = ['members', 'public'].map((audience) => ({ audience, payload }));
    node.node.write({ kind: RECORD_KIND, lane: 'data', parts });
  }

  skew(node: RecordNode): void {
    const days = this.pick([-400, -1, 0, 0, 1, 400]);
    node.node.nowMs.value = START_MS + days * DAY_MS + this.rng.below(DAY_MS);
  }

  /** The reader asks members, members ask each other. */
  hear(): void {
    const from = this.pick(this.members).node;
    const to = this.rng.below(4) === 0 ? this.reader : this.pick(this.members).node;
    if (to === from) return;
    pull(to.node, from.node);
    for (const edit of this.known.get(from) ?? []) this.known.get(to)?.add(edit);
  }

  ownPerson(node: RecordNode, org: string): Person | undefined {
    const own = this.persons.filter((person) => person.org === org);
    const person = own[this.rng.below(own.length + 1)];
    return person !== undefined && this.tries(() => node.desk.show(person.id)) ? person : undefined;
  }

  /** What is not here yet, or ended, is refused, and nothing else is. */
  tries(work: () => unknown): boolean {
    try {
      work();
      return true;
    } catch (error) {
      if (
        isKithError(error, 'unknown-record') ||
        isKithError(error, 'record-gone') ||
        isKithError(error, 'bad-record')
      )
        return false;
      throw error;
    }
  }
}

/** Values that nobody has replaced who had seen them. */
function standing(life: Life, record: string, field: Field): readonly string[] {
  const wrote = life.edits.filter((edit) => edit.record === record && edit.field === field);
  return wrote
    .filter((edit) => !wrote.some((later) => later.seen.has(edit)))
    .map(({ value }) => value)
    .sort();
}

/** Of several of one time, the one with the greatest name. */
function newestStatus(life: Life, person: Person): string | undefined {
  const said = life.statuses.filter(({ about }) => about === person.id);
  return said.sort((a, b) => b.at - a.at || (a.id < b.id ? 1 : -1))[0]?.status;
}

function checkPerson(life: Life, person: Person): void {
  for (const { node } of life.members) {
    const shown = node.desk.show(person.id);
    assert.equal(shown.status, newestStatus(life, person), `the status of ${person.id} on ${node.node.name}`);
    for (const field of FIELDS) {
      // For its home alone, by a grant that nobody has here.
      if (field === 'case_notes') continue;
      const expected = standing(life, person.id, field);
      const conflict = shown.conflicts.find((one) => one.field === field);
      const found =
        conflict === undefined ? [shown.fields[field]].filter((one) => one !== undefined) : conflict.values;
      assert.deepEqual(
        [...found].sort(),
        expected,
        `lost update: ${field} of ${person.id} on ${node.node.name}`,
      );
      assert.ok(expected.length === 0 || expected.includes(shown.fields[field] ?? ''), 'made up');
    }
  }
}

function textsOf({ node }: RecordNode): string {
  return node.log
    .feeds()
    .flatMap(({ info, seq }) => Array.from({ length: seq }, (_, at) => node.log.entryAt(info.id, at + 1)))
    .flatMap((entry) => entry?.parts ?? [])
    .map((part) => (part === null ? '' : Buffer.from(part).toString('latin1')))
    .join('\n');
}

function checkErased(life: Life, person: Person): void {
  const gone = [
    ...life.edits.filter(({ record }) => record === person.id).map(({ value }) => value),
    ...[...life.notes].flatMap(([text, about]) => (about === person.id ? [text] : [])),
  ];
  for (const node of life.world.nodes) {
    const texts = textsOf(node);
    for (const value of gone)
      assert.ok(!texts.includes(value), `${value} of what ended is left on ${node.node.name}`);
    if (node === life.reader) continue;
    assert.equal(node.desk.show(person.id).gone, true, 'ended for one and not for all');
    assert.equal(node.desk.show(person.id).fields['full_name'], undefined);
    const { waiting, missing } = node.desk.erasure(person.id);
    assert.equal(waiting, 0, 'some part waits for ever');
    assert.deepEqual(missing, [], 'somebody has erased and not signed, or is not believed');
  }
}

function checkReader(life: Life): void {
  const texts = textsOf(life.reader);
  for (const { field, value, record } of life.edits) {
    const isOpen = field === 'full_name' || field === 'home_state';
    if (!isOpen) assert.ok(!texts.includes(value), `a reader’s node holds ${field}`);
    const person = life.persons.find(({ id }) => id === record);
    if (person?.hidden === true) assert.ok(!texts.includes(value), 'a reader’s node holds what is withheld');
  }
  for (const text of life.notes.keys())
    assert.ok(!texts.includes(text), 'a reader’s node holds the text of a note');
}

/** Readers see what members' nodes would show them, and that is what the table says. */
function checkOpen(life: Life, person: Person): void {
  const [first] = life.members;
  assert.ok(first !== undefined);
  const ask = (node: RecordNode): unknown => {
    try {
      return node.desk.show(person.id, 'reader').fields;
    } catch (error) {
      assert.ok(isKithError(error, 'unknown-record'));
      return undefined;
    }
  };
  const open = ask(life.reader);
  for (const { node } of life.members)
    assert.deepEqual(ask(node), open, 'a public desk shows something else');
  if (person.hidden) assert.equal(open, undefined, 'who opted out is shown');
  const full = first.node.desk.show(person.id);
  if (person.hidden || full.conflicts.length > 0) return;
  assert.deepEqual(open, readerView('person', full.fields, START_MS), 'readers see another state');
}

function stateOf(node: RecordNode): unknown {
  const { database } = node;
  const records = allOf(node)
    .map(({ id, fields, conflicts, status }) => ({ id, fields, conflicts, status }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
  const rows = ['records', 'record_places', 'record_refs', 'record_confirmations'].map(
    (table) => database.sql(`SELECT count(*) AS rows FROM ${table}`).get()?.['rows'],
  );
  return { records, rows };
}

/** Without what its home alone may see: that a colleague’s node holds only with a grant. */
function shownBy({ desk }: RecordNode, { id }: Person): unknown {
  const { fields, conflicts } = desk.show(id);
  const { case_notes: _, ...others } = fields;
  return { others, conflicts: conflicts.filter(({ field }) => field !== 'case_notes') };
}

const STEPS = 60;

export function playRecordSeed(seed: number): void {
  const life = new Life(seed);
  for (let step = 0; step < STEPS; step += 1) life.step();
  life.world.setClock(START_MS + DAY_MS);
  life.world.settle();
  for (const person of life.persons) {
    if (person.ended) checkErased(life, person);
    else {
      checkPerson(life, person);
      checkOpen(life, person);
    }
  }
  checkReader(life);
  for (const node of life.world.nodes) {
    const before = stateOf(node);
    node.node.log.rebuild();
    assert.deepEqual(stateOf(node), before, 'a rebuild gives something else');
  }
  const [one, two] = life.members;
  assert.ok(one !== undefined && two !== undefined);
  for (const person of life.persons) {
    assert.deepEqual(
      shownBy(one.node, person),
      shownBy(two.node, person),
      'nodes that hold the same show another',
    );
  }
}
