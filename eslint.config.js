import js from '@eslint/js';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

const TESTS = ['**/*.test.ts', 'test/**'];

/** Code that decides: it may neither ask the world nor change it, or a run could not be repeated. */
const PURE = [
  'src/base/**/*.ts',
  'src/identity/**/*.ts',
  'src/log/**/*.ts',
  'src/records/{names,matching}/**/*.ts',
  'src/rooms/{consensus,order,timeline}/**/*.ts',
  'src/**/{core,fold}.ts',
  'src/**/{core,fold}-*.ts',
  'src/**/*-core.ts',
  'src/*/core*/**/*.ts',
];
const SHELL = ['src/**/service.ts', ...TESTS];

const PORTS = 'comes in through a port (src/base/ports.ts)';

const AMBIENT_GLOBALS = [
  'process',
  'performance',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'queueMicrotask',
  'fetch',
  'crypto',
  'WebSocket',
].map((name) => ({ name, message: `Core code is pure: this ${PORTS}.` }));

const AMBIENT_CALLS = [
  { selector: "MemberExpression[object.name='Date'][property.name='now']", message: `The time ${PORTS}.` },
  { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: `The time ${PORTS}.` },
  { selector: "CallExpression[callee.name='Date']", message: `The time ${PORTS}.` },
  {
    selector: "MemberExpression[object.name='Temporal'][property.name='Now']",
    message: `The time ${PORTS}.`,
  },
];

const MATH_RANDOM = {
  selector: "MemberExpression[object.name='Math'][property.name='random']",
  message: `Randomness ${PORTS}.`,
};

const RANDOM_CRYPTO = {
  name: 'node:crypto',
  importNames: [
    'default',
    'generateKey',
    'generateKeyPair',
    'generateKeyPairSync',
    'generateKeySync',
    'generatePrime',
    'generatePrimeSync',
    'getRandomValues',
    'randomBytes',
    'randomFill',
    'randomFillSync',
    'randomInt',
    'randomUUID',
    'webcrypto',
  ],
  message: `Randomness ${PORTS}.`,
};

/** Of Node's own modules these neither do IO nor know the time. */
const AMBIENT_MODULES = {
  regex: '^(node:(?!(assert|assert/strict|buffer|crypto|util)$)|pino|prom-client)',
  message: `Core code is pure: what this does ${PORTS}.`,
};

export default defineConfig(
  { ignores: ['**/node_modules/', '**/dist/', '**/.cache/', 'test/**/fixtures/', 'src/web/vendor/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    extends: [js.configs.recommended, tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/consistent-type-exports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/no-confusing-void-expression': [
        'error',
        { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true },
      ],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', ignoreRestSiblings: true }],
      // `parseId<DeviceKey>(text)`: the caller says which of the branded identifiers it expects.
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      // An async method turns what it throws into a rejection, as its callers expect of a promise.
      '@typescript-eslint/require-await': 'off',
      // A third of the time for what cannot be here (enums), and for EventEmitters that are none by name.
      '@typescript-eslint/no-unsafe-enum-assignment': 'off',
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      // TypeScript knows better which names exist.
      'no-undef': 'off',
      eqeqeq: 'error',
      'no-console': 'error',
      'no-warning-comments': ['error', { terms: ['todo', 'fixme', 'xxx'] }],
      // A switch over a closed type is one decision.
      complexity: ['error', { max: 15, variant: 'modified' }],
      'max-depth': ['error', 4],
      'max-params': ['error', 6],
      'max-lines': ['error', { max: 500, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 80, skipBlankLines: true, skipComments: true }],
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/node/**', ...TESTS],
    rules: {
      'no-restricted-syntax': ['error', MATH_RANDOM],
      'no-restricted-imports': ['error', { paths: [RANDOM_CRYPTO] }],
    },
  },
  {
    files: PURE,
    ignores: SHELL,
    rules: {
      'no-restricted-globals': ['error', ...AMBIENT_GLOBALS],
      'no-restricted-syntax': ['error', MATH_RANDOM, ...AMBIENT_CALLS],
      'no-restricted-imports': ['error', { paths: [RANDOM_CRYPTO], patterns: [AMBIENT_MODULES] }],
    },
  },
  {
    files: TESTS,
    rules: {
      '@typescript-eslint/no-floating-promises': [
        'error',
        {
          allowForKnownSafeCalls: [
            { from: 'package', name: ['test', 'it', 'describe', 'suite'], package: 'node:test' },
          ],
        },
      ],
      // Stages and contracts hand out plain closures by the handful.
      '@typescript-eslint/unbound-method': 'off',
      'max-lines': 'off',
      'max-lines-per-function': 'off',
    },
  },
  {
    // Rivals come without types.
    files: ['bench/**'],
    rules: {
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
  { files: ['bench/**', 'scripts/**', 'src/cli/**'], rules: { 'no-console': 'off' } },
  {
    // Types are in comments here, and their casts are not seen by these.
    files: ['bin/**'],
    rules: {
      '@typescript-eslint/no-require-imports': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
    },
  },
);
