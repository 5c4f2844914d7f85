import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import { SHELLS } from './completion.ts';
import { fakeHost, type FakeHost } from '../../test/fakes/fake-run.ts';

let host: FakeHost;
let script = '';
before(async () => {
  host = await fakeHost();
  script = (await host.run(['completion', 'bash'])).stdout;
});
after(() => host.close());

const hasBash = spawnSync('bash', ['-c', 'exit 0']).status === 0;

/** What bash offers after these words, the last of which is being typed. */
function offers(...words: string[]): string[] {
  const line = `${script}
COMP_WORDS=(kith ${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${String(words.length)}
_kith; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return execFileSync('bash', ['-c', line], { encoding: 'utf8' })
    .split('\n')
    .filter((word) => word !== '')
    .sort();
}

describe('completion', () => {
  it('has a script for each shell, with every command', async () => {
    for (const shell of SHELLS) {
      const { code, stdout } = await host.run(['completion', shell]);
      assert.equal(code, 0);
      for (const word of ['up', 'members', 'revoke', 'withdraw'])
        assert.match(stdout, new RegExp(`\\b${word}\\b`));
      assert.doesNotMatch(stdout, /temporary/);
    }
  });

  it('offers commands, verbs, options and choices in bash', { skip: !hasBash }, () => {
    assert.deepEqual(offers('st'), ['status', 'stop']);
    assert.deepEqual(offers('members', 'r'), ['rename', 'revoke', 'role']);
    assert.deepEqual(offers('--data', 'up', 'members', 'ver'), ['verify']);
    assert.deepEqual(offers('invite', '--r'), ['--role']);
    assert.deepEqual(offers('invite', '--role', ''), ['admin', 'member', 'reader', 'relay']);
    assert.deepEqual(offers('members', 'role', '3', 'a'), ['admin']);
    assert.deepEqual(offers('members', 'show', '--j'), ['--json']);
    assert.deepEqual(offers('invite', '--name', 'li'), []);
  });
});
