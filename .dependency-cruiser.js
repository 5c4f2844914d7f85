/**
 * Who may import whom. The first table is the layers' doors: a folder of src/ and the folders whose files it may
 * import; tests, bench/ and scripts/ are exempt.
 */
const FEATURES = ['identity', 'sealing', 'log', 'net', 'mail', 'rooms', 'files', 'records', 'alarms'];

/** @type {Record<string, string[]>} */
const LAYERS = {
  base: [],
  identity: ['base'],
  sealing: ['base', 'identity'],
  log: ['base', 'identity'],
  net: ['base', 'identity'],
  mail: ['base', 'identity', 'sealing', 'log', 'net'],
  rooms: ['base', 'identity', 'sealing', 'log', 'net'],
  files: ['base', 'identity', 'sealing', 'log', 'net'],
  records: ['base', 'identity', 'log'],
  alarms: ['base', 'identity', 'log', 'net'],
  store: ['base'],
  node: ['base', ...FEATURES, 'store'],
  api: ['base'],
  cli: [],
  web: [],
};

/** Single doors into folders that are closed otherwise. @type {Record<string, string[]>} */
const DOORS = {
  store: [
    `^src/(${FEATURES.join('|')})/(ports|types)[^/]*\\.ts$`,
    '^src/files/folder/ports\\.ts$',
    '^src/sealing/letters/ports\\.ts$',
  ],
  // `kith up` starts a node and its API together.
  node: ['^src/api/(desk/)?listen\\.ts$'],
  api: ['^src/node/facade\\.ts$'],
  cli: ['^src/api/contract'],
  web: ['^src/api/contract'],
};

/** Packages and modules that one folder alone knows. */
const OWNERS = [
  {
    name: 'libp2p',
    folder: 'src/net/libp2p',
    what: '^node_modules/(libp2p|@libp2p|@chainsafe|@multiformats)/',
  },
  { name: 'mls', folder: 'src/sealing/mls', what: '^node_modules/(ts-mls|@hpke)/' },
  { name: 'sqlite', folder: 'src/store', what: '^(node:)?sqlite$' },
];

const TESTS = '(^test/|\\.test\\.ts$)';
/** Started by name, so nobody needs to import them. */
const ENTRIES = '^(bin/|scripts/|bench/|src/main\\.ts$|src/web/|[^/]+\\.js$)|\\.d\\.ts$';

const layerRules = Object.entries(LAYERS).map(([folder, allowed]) => ({
  name: `layer-${folder}`,
  comment: `src/${folder}/ may import ${['itself', ...allowed].join(', ')} (CONTRIBUTING.md has the table).`,
  severity: 'error',
  from: { path: `^src/${folder}/`, pathNot: TESTS },
  to: {
    path: '^(src|bin|scripts|bench)/',
    pathNot: [folder, ...allowed].map((name) => `^src/${name}/`).concat(DOORS[folder] ?? []),
  },
}));

const ownerRules = OWNERS.map(({ name, folder, what }) => ({
  name: `only-${folder.replaceAll('/', '-')}-knows-${name}`,
  severity: 'error',
  from: { path: '^src/', pathNot: [`^${folder}/`, TESTS] },
  to: { path: what },
}));

export default {
  forbidden: [
    ...layerRules,
    ...ownerRules,
    {
      name: 'layer-unknown',
      comment: 'A new folder of src/ needs a row in the table of layers.',
      severity: 'error',
      from: { path: '^src/[^/]+/', pathNot: [...Object.keys(LAYERS).map((name) => `^src/${name}/`), TESTS] },
      to: {},
    },
    {
      name: 'layer-main',
      comment: 'src/main.ts starts the command line, or the node with its API; nothing imports it.',
      severity: 'error',
      from: { path: '^src/main\\.ts$' },
      to: { path: '^(src|bin|scripts|bench)/', pathNot: ['^src/(cli|node|api)/', '^src/version\\.ts$'] },
    },
    {
      name: 'nobody-imports-main',
      severity: 'error',
      from: { pathNot: TESTS },
      to: { path: '^src/main\\.ts$' },
    },
    {
      name: 'api-sees-a-type-of-the-node',
      comment: 'The API gets its node handed in; of node/ it knows the type of the facade.',
      severity: 'error',
      from: { path: '^src/api/', pathNot: TESTS },
      to: { path: '^src/node/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'store-sees-port-types',
      comment: 'Features hand their ports to the store as types; no code of theirs runs there.',
      severity: 'error',
      from: { path: '^src/store/', pathNot: TESTS },
      to: { path: `^src/(${FEATURES.join('|')})/`, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-test-code-in-the-program',
      severity: 'error',
      from: { path: '^(src|bin|scripts)/', pathNot: TESTS },
      to: { path: TESTS },
    },
    {
      name: 'no-circular',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-orphans',
      severity: 'error',
      from: { orphan: true, pathNot: [ENTRIES, TESTS] },
      to: {},
    },
    {
      name: 'no-dev-dependency-in-the-program',
      comment: 'What the program imports must be installed with it.',
      severity: 'error',
      from: { path: '^(src|bin)/', pathNot: TESTS },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'not-to-unresolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '^(hypercore|pouchdb-node|@libp2p/(gossipsub|identify))$' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|\\.cache|test/.*/fixtures|(bench|runtime)/node_modules)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
