/** Letters between real nodes: whoever is away, whoever is killed. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { join } from 'node:path';
import { isKithError, type InboxLetter, type Input, type LetterDetail } from '../../src/api/contract.ts';
import type { NodeProcess } from '../../scripts/nodes/node-process.ts';
import { until } from '../../scripts/nodes/until.ts';
import { scene, step, type Stage } from '../support/stage.ts';

const ALONE = ['--no-mdns', '--listen', '127.0.0.1:0'];
/** R3 asks for 200; `npm test` does a few. */
const KILLS = Number(process.env['KITH_KILLS'] ?? 2);

async function inbox(node: NodeProcess): Promise<InboxLetter[]> {
  return (await node.call('inbox', { limit: 1000 })).letters;
}

async function addressOf(node: NodeProcess): Promise<string> {
  return (await node.call('status', {})).listening[0] ?? '';
}

async function link(from: NodeProcess, to: NodeProcess): Promise<void> {
  await from.call('addPeer', { address: await addressOf(to) });
}

async function numberOf(node: NodeProcess): Promise<string> {
  return String((await node.call('status', {})).member);
}

/** All know each other's keys: a letter to one who is away can be sealed. */
async function threeWhoKnowEachOther(stage: Stage): Promise<[NodeProcess, NodeProcess, NodeProcess]> {
  const ada = await stage.founder('Ada', ALONE);
  const ben = await stage.joiner(ada, 'Ben', ALONE);
  const cho = await stage.joiner(ada, 'Cho', ALONE);
  for (const [from, to] of [
    [ada, ben],
    [ben, cho],
    [cho, ada],
  ] as const) {
    const { id } = await from.call('sendLetter', { to: [await numberOf(to)], text: `hello ${to.name}` });
    await until(`${to.name} has a letter of ${from.name}`, async () =>
      (await inbox(to)).some((l) => l.id === id),
    );
  }
  return [ada, ben, cho];
}

scene('letters between three nodes', async (stage, t) => {
  const [ada, ben, cho] = await threeWhoKnowEachOther(stage);
  let away = '';

  await step(t, 'wait with a carrier for who is away, though the sender has gone before', async () => {
    await cho.stop();
    const { id, status } = await ada.json<LetterDetail>(['send', 'Cho', 'The truck comes at noon']);
    assert.equal(status, 'saved');
    away = id;
    const carried = await until('Ben carries it', async () => {
      const letter = await ada.json<LetterDetail>(['letter', id]);
      return letter.status === 'carried' ? letter : undefined;
    });
    assert.deepEqual(carried.carriers, [2]);
    assert.deepEqual(
      carried.recipients.map((to) => [to.member, to.status]),
      [[3, 'carried']],
    );
    assert.equal(
      (await inbox(ben)).some((letter) => letter.id === id),
      false,
    );
    await ada.stop();
    await cho.up([...ALONE, '--peer', await addressOf(ben)]);
    const [letter] = await until('Cho has it', async () => {
      const found = (await inbox(cho)).filter((one) => one.id === id);
      return found.length > 0 ? found : undefined;
    });
    assert.equal(letter?.text, 'The truck comes at noon');
    assert.equal(letter.fromName, 'Ada');
    assert.equal(letter.read, false);
  });

  await step(t, 'tell the sender that they have arrived when it comes back, and are shown once', async () => {
    await cho.stop();
    await ada.up([...ALONE, '--peer', await addressOf(ben)]);
    await until('Ada knows', async () => (await ada.call('letter', { id: away })).status === 'arrived');
    await cho.up([...ALONE, '--peer', await addressOf(ben)]);
    await link(ada, cho);
    const { id } = await cho.json<LetterDetail>(['send', 'Ada', 'I am there', '--wait']);
    assert.equal((await cho.call('letter', { id })).status, 'arrived');
    assert.equal((await inbox(cho)).filter((one) => one.id === away).length, 1);
    assert.equal((await inbox(ada)).filter((one) => one.id === id).length, 1);
  });

  await step(t, 'say when they were read, unless the reader does not want it', async () => {
    const before = await cho.json<LetterDetail>(['letter', away, '--peek']);
    assert.equal(before.read, false);
    const shown = await cho.json<LetterDetail>(['letter', away]);
    assert.equal(shown.status, 'read');
    await until(
      'Ada knows that it was read',
      async () => (await ada.call('letter', { id: away })).status === 'read',
    );
    await cho.json(['inbox', '--read-receipts', 'off']);
    const { id } = await ada.json<LetterDetail>(['send', '3', 'Read this quietly', '--wait']);
    await cho.json(['letter', id]);
    const { id: later } = await ada.json<LetterDetail>(['send', '3', 'And this', '--wait']);
    assert.equal((await ada.call('letter', { id: later })).status, 'arrived');
    assert.equal((await ada.call('letter', { id })).status, 'arrived');
  });

  await step(t, 'go to several, to all, to an organisation; from standard input', async () => {
    const { id } = await ada.json<LetterDetail>(['send', '--all', 'Water is back', '--wait']);
    const letter = await ada.call('letter', { id });
    assert.deepEqual(
      letter.recipients.map(({ member }) => member),
      [2, 3],
    );
    for (const node of [ben, cho]) assert.ok((await inbox(node)).some((one) => one.id === id));
    const text = `a long report\n${'line of the report\n'.repeat(500)}`;
    const { id: piped } = await fromStdin(ada, ['send', 'Ben', 'Cho', '-', '--wait'], text);
    for (const node of [ben, cho])
      assert.equal((await inbox(node)).find((one) => one.id === piped)?.text, text, node.name);
  });

  await step(t, 'are refused in words when they cannot be sent', async () => {
    const refusal = (input: Input<'sendLetter'>): Promise<string> =>
      ada.call('sendLetter', input).then(
        () => 'sent',
        (error: unknown) => (isKithError(error) ? error.code : String(error)),
      );
    assert.equal(await refusal({ to: ['Nobody'], text: 'hello' }), 'unknown-member');
    assert.equal(await refusal({ to: ['Ada'], text: 'hello' }), 'own-letter');
    assert.equal(await refusal({ org: 'Nowhere', text: 'hello' }), 'unknown-org');
    assert.equal(await refusal({ to: ['Ben'], text: '' }), 'empty-letter');
    assert.equal(await refusal({ to: ['Ben'], text: 'hello', lastsMs: 91 * 86_400_000 }), 'bad-expiry');
    assert.equal(await refusal({ text: 'hello' }), 'no-recipients');
    await assert.rejects(ada.call('letter', { id: 'ffffffff' }), { code: 'unknown-letter' });
    const unknown = await ada.kith(['send', 'Nobody', 'hello']);
    assert.equal(unknown.code, 1);
    assert.match(unknown.stderr, /no member “Nobody”/);
    const { code, stderr } = await ada.kith(['send', 'Ben', 'x'.repeat(65_537)]);
    assert.equal(code, 1);
    assert.match(stderr, /65,536 bytes/);
    const usage = await ada.kith(['send', 'hello']);
    assert.equal(usage.code, 2);
  });

  await step(t, 'that were sent are listed, the newest first, each as it is known to stand', async () => {
    const all = await ada.list<LetterDetail>(['letter', '--limit', '1000']);
    assert.ok(all.length > 4 && all.every(({ direction }) => direction === 'sent'));
    assert.ok(all.some(({ id, status }) => id === away && status === 'read'));
    const times = all.map(({ sentAt }) => Date.parse(sentAt));
    assert.deepEqual(
      times,
      times.toSorted((a, b) => b - a),
    );
    for (const { id, status, carriers, recipients } of all.slice(0, 4)) {
      const one = await ada.call('letter', { id });
      assert.deepEqual([status, carriers, recipients], [one.status, one.carriers, one.recipients]);
    }
    await cho.stop();
    const { id, status } = await ada.json<LetterDetail>(['send', 'Cho', 'Not there\nyet']);
    assert.equal(status, 'saved');
    const first = await ada.call('sentLetters', { limit: 2 });
    assert.equal(first.letters[0]?.id, id);
    assert.ok(['saved', 'carried'].includes(first.letters[0].status), 'never more than is proven');
    const older = await ada.list<LetterDetail>(['letter', '--before', first.before ?? '', '--limit', '2']);
    assert.deepEqual(
      older.map((letter) => letter.id),
      all.slice(1, 3).map((letter) => letter.id),
    );
    const { stdout, stderr } = await ada.kith(['letter', '-n', '1']);
    assert.match(stdout, new RegExp(`^${id.slice(0, 8)}  .*(saved|carried by 1)  3 Cho +Not there …$`, 'm'));
    assert.match(stderr, new RegExp(`Older ones: .*letter --before ${id}`));
    await assert.rejects(ada.call('sentLetters', { before: 'f'.repeat(32) }), { code: 'bad-cursor' });
    assert.equal((await ada.kith(['letter', id, '--before', id])).code, 2);
    await cho.up([...ALONE, '--peer', await addressOf(ben)]);
    await until('Cho has it', async () => (await inbox(cho)).some((letter) => letter.id === id));
  });

  await step(t, 'are paged, searched and followed', async () => {
    const all = await inbox(cho);
    const newest = await cho.list<InboxLetter>(['inbox', '--limit', '2']);
    assert.deepEqual(
      newest.map(({ id }) => id),
      all.slice(-2).map(({ id }) => id),
    );
    const { before } = await cho.call('inbox', { limit: 2 });
    const { letters: older } = await cho.call('inbox', { limit: 2, before: before ?? '' });
    assert.deepEqual(
      older.map(({ id }) => id),
      all.slice(-4, -2).map(({ id }) => id),
    );
    const found = await cho.list<InboxLetter>(['inbox', '--search', 'TRUCK', '--since', '1h']);
    assert.deepEqual(
      found.map(({ id }) => id),
      [away],
    );
    const until2020 = await cho.call('inbox', { until: '2020-01-01T00:00:00.000Z' });
    assert.deepEqual(until2020.letters, []);
    const unread = await cho.list<InboxLetter>(['inbox', '--unread', '--mark-read']);
    assert.ok(unread.length > 0);
    assert.equal((await cho.call('inbox', { unread: true })).letters.length, 0);
  });
});

async function fromStdin(node: NodeProcess, args: readonly string[], text: string): Promise<LetterDetail> {
  const kith = join(import.meta.dirname, '..', '..', 'bin', 'kith');
  const child = spawn(process.execPath, [kith, ...args, '--json', '--data', node.data], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (out += chunk));
  child.stdin.end(text);
  const [code] = (await once(child, 'close')) as [number | null];
  assert.equal(code, 0);
  return JSON.parse(out) as LetterDetail;
}

scene('a letter on a USB stick, where there is no link', async (stage) => {
  const [ada, ben, cho] = await threeWhoKnowEachOther(stage);
  await Promise.all([ben.stop(), cho.stop()]);
  const { id } = await ada.json<LetterDetail>(['send', 'Cho', 'By hand']);
  await until('it is sealed', async () => {
    const { letters } = await ada.json<{ letters: number }>([
      'bundle',
      'export',
      stage.path('stick'),
      '--yes',
    ]);
    return letters > 0;
  });
  await ada.stop();
  await cho.up(ALONE);
  await cho.json(['bundle', 'import', stage.path('stick')]);
  await until('Cho has it', async () => (await inbox(cho)).some((letter) => letter.id === id));
  await cho.json(['bundle', 'import', stage.path('stick')]);
  await cho.json(['bundle', 'export', stage.path('back')]);
  await cho.stop();
  await ada.up(ALONE);
  await ada.json(['bundle', 'import', stage.path('back')]);
  await until('Ada knows', async () => (await ada.call('letter', { id })).status === 'arrived');
});

scene(
  `${String(KILLS)} times kill -9 under load of letters: none lost, none twice`,
  async (stage) => {
    const [ada, ben, cho] = await threeWhoKnowEachOther(stage);
    const nodes = [ada, ben, cho];
    const kept: { id: string; to: NodeProcess; text: string }[] = [];
    const addresses = await Promise.all(nodes.map(addressOf));
    const args = (node: NodeProcess): string[] => {
      const index = nodes.indexOf(node);
      const peers = addresses.filter((_, other) => other !== index).flatMap((address) => ['--peer', address]);
      const port = /\/tcp\/(\d+)/.exec(addresses[index] ?? '')?.[1] ?? '0';
      return ['--no-mdns', '--listen', `127.0.0.1:${port}`, ...peers];
    };
    for (let round = 0; round < KILLS; round += 1) {
      const victim = nodes[round % nodes.length];
      if (victim === undefined) break;
      const writing = writeUntil(nodes, kept, round, () => !victim.isUp);
      await pause((round * 37) % 120);
      await victim.kill();
      await writing;
      await until(`${victim.name} starts clean`, async () => {
        await victim.up(args(victim));
        return true;
      });
    }
    for (const { id, to, text } of kept) {
      const found = await until(`${to.name} has ${text}`, async () => {
        const letters = (await inbox(to)).filter((letter) => letter.id === id);
        return letters.length > 0 ? letters : undefined;
      });
      assert.equal(found.length, 1);
      assert.equal(found[0]?.text, text);
    }
    for (const node of nodes) {
      const ids = (await inbox(node)).map(({ id }) => id);
      assert.equal(new Set(ids).size, ids.length, `${node.name} shows each letter once`);
    }
  },
  { hangingMs: 240_000 + KILLS * 20_000 },
);

/** Each writes to the next; what was acknowledged counts. */
async function writeUntil(
  nodes: readonly NodeProcess[],
  kept: { id: string; to: NodeProcess; text: string }[],
  round: number,
  isOver: () => boolean,
): Promise<void> {
  await Promise.all(
    nodes.map(async (node, index) => {
      const to = nodes[(index + 1 + (round % 2)) % nodes.length];
      for (let turn = 0; turn < 20 && to !== undefined && to !== node && !isOver(); turn += 1) {
        const text = `${String(round)}/${String(index)}/${String(turn)}`;
        try {
          const { id } = await node.call('sendLetter', { to: [to.name], text });
          kept.push({ id, to, text });
        } catch {
          return;
        }
        await pause(5);
      }
    }),
  );
}
