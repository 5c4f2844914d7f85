/** Nodes with a registry over SQLite, without links: what each has heard of the others is up to the test. */
import { silentLogger } from '../../src/base/ports.ts';
import type { NetworkId } from '../../src/base/ids.ts';
import type { LogStore } from '../../src/log/ports.ts';
import { openNodeRecords, type NodeRecords } from '../../src/node/records.ts';
import { KIND_NAMES, type KindName, type RecordDesk, type RecordService } from '../../src/records/index.ts';
import { openDatabase, type Database } from '../../src/store/database.ts';
import { openExtensionStore } from '../../src/store/extension-store.ts';
import { openLogStore } from '../../src/store/log-store.ts';
import { createSealer } from '../../src/sealing/index.ts';
import { isNarrow } from '../../src/identity/roles.ts';
import { SeededRng } from '../sim/rng.ts';
import { ManualTimers } from '../sim/manual-timers.ts';
import { FAST_SIGNATURES, LogWorld, syncAll, type LogNode, type Signatures } from './log-world.ts';

export interface RecordNode {
  readonly node: LogNode;
  readonly database: Database;
  readonly service: RecordService;
  readonly desk: RecordDesk;
}

export class RecordWorld {
  readonly world: LogWorld;
  readonly founder: RecordNode;
  readonly #databases = new Map<LogStore, Database>();
  readonly #records = new Map<LogStore, NodeRecords>();
  readonly #rng: SeededRng;
  readonly #signatures: Signatures;
  /** Small lives come by where long histories do. */
  readonly #longFrom: number;
  readonly nodes: RecordNode[] = [];

  /** @param file where a node's database lies; in memory, when nothing is said. */
  constructor(
    options: {
      readonly longFrom?: number;
      readonly seed?: number;
      readonly file?: () => string;
      readonly signatures?: Signatures;
    } = {},
  ) {
    this.#longFrom = options.longFrom ?? 3;
    this.#signatures = options.signatures ?? FAST_SIGNATURES;
    this.#rng = new SeededRng((options.seed ?? 1) + 1000);
    this.world = new LogWorld({
      seed: options.seed ?? 1,
      signatures: this.#signatures,
      stores: () => {
        const database = openDatabase(options.file?.() ?? ':memory:');
        const store = openLogStore(database, sealerOf('parts'), isNarrow);
        this.#databases.set(store, database);
        return { store, index: openExtensionStore(database) };
      },
      projections: (node, network) => {
        const records = this.#open(node, network);
        return records === undefined ? [] : [records.projection];
      },
    });
    this.founder = this.#enter(this.world.founder);
  }

  admit(name: string, role: 'admin' | 'member' | 'reader' = 'member', org = 'Org'): RecordNode {
    const node = this.#enter(this.world.admit(name, role));
    if (org !== 'Org' && role !== 'reader') {
      node.node.log.act({ kind: 'rename', member: node.node.member, profile: { name, org, place: '' } });
    }
    this.sync();
    return node;
  }

  grant(to: RecordNode, grant: string): void {
    this.founder.node.log.act({ kind: 'grant', member: to.node.member, grant, given: true });
    this.sync();
  }

  /** Everybody hears everybody, and does what there is to do, until nothing is new. */
  sync(...nodes: readonly RecordNode[]): void {
    const all = nodes.length === 0 ? this.nodes : nodes;
    syncAll(...all.map(({ node }) => node));
  }

  /** Sync and sweeps until all is quiet. */
  settle(): void {
    for (let round = 0; round < 6; round += 1) {
      this.sync();
      for (const { desk } of this.nodes) {
        while (desk.sweep());
        desk.confirm();
        const word = desk.erasedWord();
        if (word !== undefined) this.founder.desk.takeErasedWord(word);
      }
    }
    this.sync();
  }

  setClock(ms: number): void {
    for (const { node } of this.nodes) node.nowMs.value = ms;
  }

  #open(node: LogNode, network: NetworkId): NodeRecords | undefined {
    const database = this.#databases.get(node.store);
    if (database === undefined) return undefined;
    const records = openNodeRecords({
      database,
      sealer: createSealer(KEY),
      network,
      store: node.store,
      signer: node.signer,
      verifier: this.#signatures.verifier,
      clock: { nowMs: () => node.nowMs.value, monotonicMs: () => 0 },
      timers: new ManualTimers(),
      rng: this.#rng,
      logger: silentLogger,
      longFrom: this.#longFrom,
      roll: () => node.log.membership,
    });
    this.#records.set(node.store, records);
    return records;
  }

  #enter(node: LogNode): RecordNode {
    const [database, records] = [this.#databases.get(node.store), this.#records.get(node.store)];
    if (database === undefined || records === undefined) throw new Error('a node of this world');
    const service = records.open(node.log);
    const entered = { node, database, service, desk: service.desk };
    this.nodes.push(entered);
    return entered;
  }
}

/** Every record that is not gone, as this node may show it. */
export function allOf({ desk }: RecordNode, ...kinds: readonly KindName[]): RegistryHit[] {
  return (kinds.length === 0 ? KIND_NAMES : kinds).flatMap((kind) =>
    desk.search({ text: '', kind, limit: Infinity, as: 'member' }),
  );
}

type RegistryHit = ReturnType<RecordDesk['search']>[number];

const KEY = new Uint8Array(32).fill(7);

function sealerOf(table: string): {
  seal(key: string, bytes: Uint8Array): Uint8Array;
  open(key: string, sealed: Uint8Array): Uint8Array;
} {
  const sealer = createSealer(KEY);
  return {
    seal: (key, bytes) => sealer.seal({ table, key }, bytes),
    open: (key, sealed) => sealer.open({ table, key }, sealed),
  };
}
