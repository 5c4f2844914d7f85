/** A node made of nothing, for tests of the API and of the command line: fixed answers, and a note of each call. */
import { KithError } from '../../src/base/errors.ts';
import type { FileVersion, FolderStatus, ListedFile } from '../../src/node/facade-files.ts';
import type {
  Alarm,
  Device,
  Diagnosis,
  ExtensionEntry,
  InboxLetter,
  Hub,
  Invite,
  Joined,
  JoinStep,
  LetterDetail,
  LogLine,
  MapNode,
  Member,
  NodeEvent,
  NodeFacade,
  NodeState,
  NodeStatus,
  Peer,
  Quarantined,
  Revoked,
  RoomMessage,
  RoomStatus,
} from '../../src/node/facade.ts';

export const AT = '2026-11-21T10:00:00.000Z';
export const ID_A = 'a1'.repeat(32);
export const ID_B = 'b2'.repeat(32);
export const NETWORK_ID = 'c3'.repeat(32);

export const AUNG: Member = {
  member: 1,
  name: 'Aung',
  org: 'MSF',
  place: 'Camp North',
  role: 'admin',
  grants: ['medical'],
  status: 'active',
  lastHeard: AT,
  verified: false,
  you: true,
};
export const BO: Member = {
  ...AUNG,
  member: 2,
  name: 'Bo',
  role: 'member',
  grants: [],
  you: false,
  lastHeard: null,
};

export const JOINED: Joined = {
  network: 'Camp',
  networkId: NETWORK_ID,
  member: 1,
  name: 'Aung',
  role: 'admin',
};
/** Of an entry: its feed and its place in it. */
export const ENTRY_ID = `${ID_B}:3`;
const DEVICE: Device = {
  device: ID_A,
  member: 1,
  name: 'Aung',
  status: 'active',
  here: true,
  linked: true,
  lastHeard: AT,
};
const PEER: Peer = {
  member: 2,
  name: 'Bo',
  device: ID_B,
  link: 'direct',
  rttMs: 1.25,
  address: '/ip4/192.168.1.20/tcp/5484',
  direction: 'outbound',
  since: AT,
  status: 'here',
  conduct: null,
};
const MAP_NODE: MapNode = {
  member: 2,
  name: 'Bo',
  org: 'MSF',
  place: 'Camp North',
  role: 'member',
  device: ID_B,
  status: 'here',
  neighbours: [{ member: 1, name: 'Aung', device: ID_A }],
  lastHeard: AT,
  addresses: ['/ip4/192.168.1.20/tcp/5484'],
  capacity: { min: 4, max: 8 },
  entries: 42,
  conduct: null,
  you: false,
};
const FINDING: Diagnosis['findings'][number] = {
  code: 'alone',
  severity: 'notice',
  about: 'this node',
  message: 'No other node was found so far.',
  next: 'Wait.',
};
const HUB: Hub = {
  address: '/ip4/192.0.2.7/tcp/5484/p2p/12D3KooW',
  member: 2,
  name: 'Bo',
  self: false,
  linked: true,
  serves: true,
};
const INVITE: Invite = {
  id: ID_A,
  form: 'link',
  role: 'member',
  name: '',
  expires: '2026-11-22T10:00:00.000Z',
  uses: 1,
  used: 0,
  status: 'open',
  by: 1,
};
const QUARANTINED: Quarantined = {
  feed: ID_B,
  device: ID_B,
  member: 2,
  name: 'Bo',
  lane: 'data',
  from: 5,
  to: 9,
  entries: 5,
  bytes: 1234,
  firstAt: AT,
  lastAt: AT,
};
const REVOKED: Revoked = {
  member: 2,
  name: 'Bo',
  scope: 'member',
  devices: [ID_B],
  held: { entries: 40, feeds: [{ feed: ID_B, device: ID_B, lane: 'data', entries: 4 }] },
};
export const ENTRY: ExtensionEntry = {
  id: ENTRY_ID,
  kind: 'x-test',
  feed: ID_B,
  seq: 3,
  member: 1,
  device: ID_A,
  time: AT,
  audience: 'members',
  payload: new TextEncoder().encode('hello'),
};
const INBOX_LETTER: InboxLetter = {
  id: 'd4'.repeat(16),
  from: 2,
  fromName: 'Bo',
  text: 'See you at noon',
  sentAt: AT,
  arrivedAt: AT,
  read: false,
};
export const LETTER: LetterDetail = {
  ...INBOX_LETTER,
  direction: 'sent',
  status: 'carried',
  carriers: [2, 3],
  recipients: [{ member: 2, name: 'Bo', status: 'carried', at: AT }],
  arrivedAt: null,
  expires: AT,
};
const ROOM: RoomStatus = {
  room: ID_A,
  name: 'Doctors',
  state: 'active',
  host: 1,
  term: 2,
  quorum: 2,
  voters: 2,
  confirmed: 1,
  waiting: 0,
  order: [1, 2],
  members: [
    { member: 1, name: 'Aung', state: 'voter' },
    { member: 2, name: 'Bo', state: 'voter' },
  ],
  leaving: [],
  candidates: [
    {
      member: 1,
      reached: 2,
      meanMs: 1.5,
      closeness: 600,
      centrality: 1,
      why: '1.5 ms there and back on average',
    },
  ],
  invitedBy: null,
  continuedAs: null,
  continues: null,
  keys: { state: 'in', epoch: 2, differing: [] },
  words: 'Aung puts in order; 2 of 2 have to have a message.',
};
export const FILE: ListedFile = {
  folder: 'ab'.repeat(32),
  folderName: 'offered by Aung',
  path: 'a.txt',
  version: 'cd'.repeat(32),
  size: 5,
  modifiedAt: AT,
  from: 1,
  holders: [1, 2],
  reachable: [1],
  sure: 'reachable',
  conflict: false,
};

const FILE_VERSION: FileVersion = {
  version: FILE.version,
  path: 'a.txt',
  state: 'file',
  size: 5,
  modifiedAt: AT,
  from: 1,
  fromName: 'Aung',
  current: true,
  here: true,
  sure: 'here',
};

export const FOLDER: FolderStatus = {
  folder: FILE.folder,
  name: 'Reports',
  path: null,
  mode: 'list',
  files: 1,
  bytes: 5,
  missing: 0,
  conflicts: 0,
  paused: false,
  inStep: true,
  away: null,
  problems: [],
  members: [],
};

const ROOM_MESSAGE: RoomMessage = {
  index: 3,
  id: 'd4'.repeat(16),
  from: 2,
  fromName: 'Bo',
  text: 'Water is back',
  state: 'confirmed',
  mark: 'confirmed',
  sentAt: AT,
  carriedBy: null,
};
export const RECORD = {
  id: '00112233aabbccdd.kith/k7q2-m9xd-04tz',
  kind: 'person' as const,
  fields: { full_name: 'Ma Hla', age: '34' },
  home: 'Red Cross',
  status: 'believed_alive' as const,
  gone: false,
  conflicts: [{ field: 'age', values: ['34', '35'] }],
  linked: [],
  notes: [],
  public: true,
  asOf: AT,
};
const REFRESHED = [
  { step: 'asking' as const, member: 2, name: 'Bo' },
  { step: 'asked' as const, member: 2, name: 'Bo', outcome: 'answered' as const, entries: 3 },
  {
    step: 'done' as const,
    member: 2,
    name: 'Bo',
    asked: [{ member: 2, name: 'Bo', outcome: 'answered' as const, entries: 3 }],
    entries: 3,
    asOf: AT,
  },
];
const ERASURE = { id: RECORD.id, confirmed: [1], missing: [2], waiting: 0 };
const RECORD_HISTORY = {
  id: RECORD.id,
  items: [
    {
      at: AT,
      member: 1,
      name: 'Aung',
      org: 'Red Cross',
      otherOrg: false,
      op: 'write' as const,
      fields: [{ field: 'full_name', class: 'public', value: 'Ma Hla' }],
      hiddenParts: 1,
      refused: false,
    },
  ],
  accesses: [{ at: AT, action: 'read' as const, fields: ['author_phone'] }],
};

const ALARM: Alarm = {
  id: ID_A,
  phase: 'active',
  drill: false,
  status: 'Actual',
  scope: 'public',
  headline: 'Fire at gate 2',
  text: 'Fire at gate 2',
  instruction: '',
  event: 'Alarm',
  severity: 'Severe',
  urgency: 'Immediate',
  certainty: 'Observed',
  areas: ['Camp North'],
  by: 1,
  byName: 'Aung',
  raisedAt: AT,
  expires: '2026-11-22T10:00:00.000Z',
  received: [2],
  seen: [],
  missing: [],
  members: [{ member: 2, name: 'Bo', receivedAt: AT, seenAt: null }],
  escalateAfterMs: 600_000,
  escalated: null,
  cancelled: null,
  seenHere: true,
  cap: null,
  messages: [{ id: ID_A, type: 'Alert', by: 1, byName: 'Aung', at: AT, text: 'Fire at gate 2' }],
  refused: [],
};
export const LOG_LINE: LogLine = {
  time: AT,
  level: 'info',
  source: 'net',
  message: 'linked',
  fields: { member: 2, address: '/ip4/192.168.1.20/tcp/5484' },
};

export interface FakeNode extends NodeFacade {
  /** Names of calls with their arguments, signals left out. */
  readonly calls: (readonly [name: string, ...args: unknown[]])[];
  state: NodeState;
  passphrase: string | undefined;
  emit(event: NodeEvent): void;
  readonly listeners: ReadonlySet<(event: NodeEvent) => void>;
  /** Aborted calls that were told so through their signal. */
  aborted: number;
  onStop: () => void;
}

/** What tests replace, by `group.method`. Whatever it gives, the call gives. */
export type Overrides = Readonly<Record<string, (...args: never[]) => unknown>>;

export function fakeNode(overrides: Overrides = {}, state: NodeState = 'running'): FakeNode {
  const calls: FakeNode['calls'] = [];
  const listeners = new Set<(event: NodeEvent) => void>();

  /** A call that works in some states, notes itself, and answers with `result` or what a test put in its place. */
  function call<Args extends unknown[], Result>(
    name: string,
    result: (...args: Args) => Result,
    states: readonly NodeState[] = ['running'],
  ): (...args: Args) => Promise<Result> {
    return async (...args) => {
      calls.push([name, ...args.filter((arg) => !(arg instanceof AbortSignal))]);
      mustBeIn(node.state, states);
      const override = overrides[name] as ((...given: Args) => Result) | undefined;
      return await (override ?? result)(...args);
    };
  }

  const any = ['empty', 'locked', 'running'] as const;
  const node: FakeNode = {
    calls,
    listeners,
    state,
    passphrase: undefined,
    aborted: 0,
    onStop: () => undefined,
    emit(event) {
      for (const listener of listeners) listener(event);
    },
    status: call('status', () => statusOf(node), any),
    metrics: call('metrics', () => '# TYPE kith_entries gauge\nkith_entries 42\n', any),
    stop: call(
      'stop',
      () => {
        node.onStop();
      },
      any,
    ),
    network: {
      found: call(
        'network.found',
        ({ network, profile }: { network: string; profile: { name: string } }) => {
          node.state = 'running';
          return { ...JOINED, network, name: profile.name };
        },
        ['empty'],
      ),
      join: call('network.join', (_request: unknown, signal: AbortSignal) => joinSteps(node, signal), [
        'empty',
      ]),
    },
    invites: {
      create: call(
        'invites.create',
        ({ form, role, name, uses }: Parameters<NodeFacade['invites']['create']>[0]) => ({
          id: ID_A,
          link: form === 'link' ? 'kith:invite-link' : null,
          code: form === 'code' ? '417302998215' : null,
          role,
          name,
          expires: INVITE.expires,
          uses,
        }),
      ),
      list: call('invites.list', () => [INVITE]),
      withdraw: call('invites.withdraw', () => ({ ...INVITE, status: 'withdrawn' as const })),
    },
    members: {
      list: call('members.list', () => [AUNG, BO]),
      show: call('members.show', (who: string) => ({ ...memberOf(who), since: AT, devices: [DEVICE] })),
      rename: call('members.rename', (who: string, change: { name?: string | undefined }) => ({
        ...memberOf(who),
        ...Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined)),
      })),
      setRole: call('members.setRole', (who: string, role: Member['role']) => ({ ...memberOf(who), role })),
      setGrant: call('members.setGrant', (who: string, grant: string, given: boolean) => ({
        ...memberOf(who),
        grants: given ? [grant] : [],
      })),
      revoke: call('members.revoke', () => REVOKED),
      verification: call('members.verification', (who: string) => verificationOf(who, false)),
      confirmVerification: call('members.confirmVerification', (who: string) => verificationOf(who, true)),
      quarantine: call('members.quarantine', () => [QUARANTINED]),
      accept: call('members.accept', () => ({ feed: ID_B, accepted: 5 })),
    },
    devices: {
      list: call('devices.list', () => [DEVICE]),
      link: call('devices.link', () => ({
        link: 'kith:device-link',
        expires: '2026-11-21T11:00:00.000Z',
        member: 1,
        name: 'Aung',
      })),
      revoke: call('devices.revoke', () => ({ ...REVOKED, scope: 'device' as const })),
    },
    doctor: {
      examine: call('doctor.examine', () => ({ healthy: true, steps: [], findings: [FINDING] }), [
        'empty',
        'running',
      ]),
    },
    hubs: {
      list: call('hubs.list', () => [HUB]),
      add: call('hubs.add', () => [HUB]),
      remove: call('hubs.remove', () => []),
    },
    links: {
      peers: call('links.peers', () => [PEER]),
      add: call('links.add', () => (node.state === 'empty' ? null : PEER), ['empty', 'running']),
      bye: call('links.bye', () => ({ told: 2 })),
    },
    map: {
      nodes: call('map.nodes', () => [MAP_NODE]),
      path: call('map.path', (who: string) => {
        const { member, name } = memberOf(who);
        return {
          to: member,
          name,
          path: [
            { member: 1, name: 'Aung', device: ID_A },
            { member, name, device: ID_B },
          ],
        };
      }),
    },
    log: {
      lines: call(
        'log.lines',
        ({ follow }: { follow: boolean }, signal: AbortSignal) => logLines(node, follow, signal),
        any,
      ),
    },
    bundles: {
      export: call('bundles.export', ({ path }: { path: string }) =>
        work({ path, entries: 10, letters: 2, bytes: 4096 }, 10),
      ),
      import: call('bundles.import', ({ path }: { path: string }) =>
        work({ path, read: 10, added: 7, refused: { 'unknown-device': 3 }, letters: 2 }, 10),
      ),
    },
    exchange: {
      import: call('exchange.import', ({ path }: { path: string }) =>
        work({ path, ...IMPORTED, errors: [FAULT], notices: [], errorsLeftOut: 0, noticesLeftOut: 0 }, 10),
      ),
      export: call('exchange.export', ({ path }: { path: string | undefined }) => exported(path)),
    },
    safety: {
      backup: call('safety.backup', ({ path }: { path: string }) =>
        work({ path, bytes: 9000, entries: 42 }, 42),
      ),
      restore: call(
        'safety.restore',
        () => {
          node.state = 'running';
          return work({ ...JOINED, entries: 42 }, 42);
        },
        ['empty'],
      ),
      lock: call(
        'safety.lock',
        ({ newPassphrase }: { newPassphrase: string | undefined }) => {
          node.passphrase = newPassphrase ?? node.passphrase;
          if (node.passphrase === undefined) throw new KithError('no-passphrase', 'No passphrase is set.');
          node.state = 'locked';
        },
        ['empty', 'running'],
      ),
      unlock: call(
        'safety.unlock',
        ({ passphrase }: { passphrase: string }) => {
          if (node.passphrase !== undefined && passphrase !== node.passphrase) {
            throw new KithError('wrong-passphrase', 'The passphrase does not open the data folder.');
          }
          node.state = 'running';
          return statusOf(node);
        },
        any,
      ),
    },
    entries: {
      append: call('entries.append', (drafts: readonly unknown[]) =>
        drafts.map((_, index) => ({ id: `${ID_B}:${String(index + 1)}`, feed: ID_B, seq: index + 1 })),
      ),
      page: call('entries.page', () => ({
        entries: [ENTRY, { ...ENTRY, payload: null }],
        next: 'c2',
        more: false,
      })),
      erase: call('entries.erase', (ids: readonly string[]) => ({ erased: ids.length })),
    },
    letters: {
      send: call('letters.send', () => ({ id: LETTER.id, status: 'saved' as const })),
      show: call('letters.show', () => LETTER),
      sent: call('letters.sent', () => ({ letters: [LETTER], before: LETTER.id })),
      inbox: call('letters.inbox', () => ({ letters: [INBOX_LETTER], before: null, after: '7', unread: 1 })),
      markRead: call('letters.markRead', (ids: readonly string[]) => ({ marked: ids.length })),
      settings: call('letters.settings', () => ({ readReceipts: true })),
      change: call('letters.change', (settings: { readReceipts: boolean }) => settings),
    },
    rooms: {
      create: call('rooms.create', () => ROOM),
      list: call('rooms.list', () => [ROOM]),
      status: call('rooms.status', () => ROOM),
      accept: call('rooms.accept', () => ROOM),
      post: call('rooms.post', () => ({ id: ROOM_MESSAGE.id, state: 'waiting' as const })),
      read: call('rooms.read', () => ({ messages: [ROOM_MESSAGE], before: null, coming: false })),
      add: call('rooms.add', () => ROOM),
      remove: call('rooms.remove', () => ROOM),
      leave: call('rooms.leave', () => ({ ...ROOM, state: 'left' as const })),
      continue: call('rooms.continue', () => ({ ...ROOM, continues: ID_A })),
    },
    files: {
      list: call('files.list', () => ({ files: [FILE], after: null })),
      get: call('files.get', ({ path }: { path: string }) =>
        work({ path, version: FILE.version, size: 5 }, 5),
      ),
      stop: call('files.stop', () => ({ stopped: true })),
      send: call('files.send', () => work({ version: FILE.version, path: 'a.txt', size: 5, to: [2] }, 5)),
      settings: call('files.settings', () => ({ downBytesPerSecond: 0, upBytesPerSecond: 0 })),
      set: call(
        'files.set',
        (settings: { downBytesPerSecond: number; upBytesPerSecond: number }) => settings,
      ),
      keeping: call('files.keeping', () => ({ days: 30, bytes: 1000 })),
      keep: call('files.keep', (keeping: { days: number; bytes: number }) => keeping),
      versions: call('files.versions', () => [FILE_VERSION]),
      folders: call('files.folders', () => [FOLDER]),
      folder: call('files.folder', () => FOLDER),
      addFolder: call('files.addFolder', () => FOLDER),
      joinFolder: call('files.joinFolder', () => FOLDER),
      changeFolderMembers: call('files.changeFolderMembers', () => FOLDER),
      leaveFolder: call('files.leaveFolder', () => ({ ...FOLDER, mode: null })),
      restore: call('files.restore', () => ({ path: 'a.txt', version: FILE.version, size: 5 })),
      conflicts: call('files.conflicts', () => [FILE_VERSION]),
      resume: call('files.resume', () => FOLDER),
    },
    alarms: {
      raise: call('alarms.raise', ({ drill }: { drill: boolean }) => ({ ...ALARM, drill })),
      raiseCap: call('alarms.raiseCap', () => ALARM),
      update: call('alarms.update', () => ALARM),
      cancel: call('alarms.cancel', () => ({
        ...ALARM,
        phase: 'cancelled' as const,
        cancelled: { by: 1, byName: 'Aung', at: AT, text: 'It is out', received: [2] },
      })),
      ack: call('alarms.ack', () => ALARM),
      list: call('alarms.list', () => [ALARM]),
      status: call('alarms.status', () => ALARM),
      cap: call('alarms.cap', () => '<alert/>\n'),
    },
    records: {
      add: call('records.add', () => RECORD),
      edit: call('records.edit', () => RECORD),
      note: call('records.note', () => RECORD),
      show: call('records.show', () => RECORD),
      showPublic: call('records.showPublic', () => RECORD),
      search: call('records.search', () => [{ ...RECORD, score: 0.9, reasons: ['names: alike'] }]),
      matches: call('records.matches', () => [
        { ...RECORD, mode: 'duplicates' as const, score: 0.9, reasons: ['names: alike'] },
      ]),
      link: call('records.link', () => RECORD),
      history: call('records.history', () => RECORD_HISTORY),
      expire: call('records.expire', () => ERASURE),
      erasure: call('records.erasure', () => ERASURE),
      asOf: call('records.asOf', () => RECORD.asOf),
      refresh: call('records.refresh', () => streamOf(REFRESHED)),
    },
    events: {
      subscribe(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
  };
  return node;
}

function mustBeIn(state: NodeState, states: readonly NodeState[]): void {
  if (states.includes(state)) return;
  if (state === 'locked')
    throw new KithError('locked', 'This node is locked.', { next: 'Give the passphrase: kith unlock' });
  if (state === 'empty') throw new KithError('no-network', 'This node belongs to no network yet.');
  throw new KithError('already-in-network', 'This node belongs to a network already.');
}

function statusOf({ state, passphrase }: FakeNode): NodeStatus {
  const running = state === 'running';
  return {
    state,
    ready: running,
    network: running ? 'Camp' : null,
    networkId: running ? NETWORK_ID : null,
    member: running ? 1 : null,
    name: running ? 'Aung' : null,
    role: running ? 'admin' : null,
    revoked: false,
    neighbours: running ? 1 : 0,
    inStep: running,
    members: running ? 2 : 0,
    entries: running ? 42 : 0,
    quarantined: 0,
    listening: ['/ip4/127.0.0.1/tcp/5484/p2p/12D3KooW'],
    membershipAsOf: running ? AT : null,
    rollHead: running ? '3f2a91c0' : null,
    passphrase: passphrase !== undefined,
    joining: false,
    data: '/data/kith',
    version: '0.1.0',
    startedAt: AT,
  };
}

/** As a node would: by number, or by a name that fits one alone. */
function memberOf(who: string): Member {
  if (who.toLowerCase() === 'a') {
    throw new KithError('ambiguous', '"a" may be 1 Aung or 4 Aye.', { next: 'Say the number.' });
  }
  const found = [AUNG, BO].find(
    ({ member, name }) => String(member) === who || name.toLowerCase() === who.toLowerCase(),
  );
  if (found === undefined)
    throw new KithError('unknown-member', `There is no member "${who}".`, { next: 'See: kith members' });
  return found;
}

function verificationOf(who: string, verified: boolean) {
  const { member, name } = memberOf(who);
  return { member, name, digits: '123456789012', verified };
}

async function* joinSteps(node: FakeNode, signal: AbortSignal): AsyncGenerator<JoinStep> {
  yield { step: 'searching', message: 'Looking for a node of the network …', done: null, total: null };
  if (signal.aborted) return;
  yield { step: 'fetching', message: 'Fetching the log …', done: 10, total: 42 };
  node.state = 'running';
  yield { step: 'joined', ...JOINED };
}

async function* logLines(node: FakeNode, follow: boolean, signal: AbortSignal): AsyncGenerator<LogLine> {
  yield LOG_LINE;
  if (!follow) return;
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => {
      resolve();
    });
  });
  node.aborted += 1;
}

const IMPORTED = { format: 'pfif', read: 10, added: 7, updated: 1, skipped: 2 } as const;
const FAULT = { line: 3, code: 'bad-value', message: 'Line 3: “sex” is “x”.' };

async function* streamOf<Item>(items: readonly Item[]): AsyncGenerator<Item> {
  for (const item of items) yield item;
}

async function* exported(path: string | undefined) {
  await Promise.resolve();
  if (path === undefined) yield { step: 'piece', text: '<pfif:pfif/>\n' } as const;
  yield { step: 'done', path: path ?? null, bytes: 13, written: 4, withheld: 1 } as const;
}

async function* work<Result>(result: Result, total: number) {
  await Promise.resolve();
  yield { step: 'working', unit: 'entries', done: 0, total } as const;
  yield { step: 'working', unit: 'entries', done: total, total } as const;
  yield { step: 'done', ...result } as const;
}
