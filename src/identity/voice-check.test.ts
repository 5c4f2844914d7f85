import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DeviceKey, NetworkId } from '../base/ids.ts';
import { formatVoiceDigits, voiceDigits } from './voice-check.ts';

const id = (byte: string): string => byte.repeat(32);
const network = id('aa') as NetworkId;
const [one, two, three] = ['01', '02', '03'].map((byte) => id(byte) as DeviceKey) as [
  DeviceKey,
  DeviceKey,
  DeviceKey,
];

test('twelve digits, pinned: two versions of kith say the same', async () => {
  assert.equal(await voiceDigits(network, [one], [two, three]), '463138598809');
});

test('both people see the same digits, however the devices are listed', async () => {
  const digits = await voiceDigits(network, [one], [two, three]);
  assert.equal(await voiceDigits(network, [two, three], [one]), digits);
  assert.equal(await voiceDigits(network, [one], [three, two, three]), digits);
});

test('other digits for another network, another key, a missing device, and a device on the other side', async () => {
  const seen = await Promise.all([
    voiceDigits(network, [one], [two, three]),
    voiceDigits(id('ab') as NetworkId, [one], [two, three]),
    voiceDigits(network, [id('04') as DeviceKey], [two, three]),
    voiceDigits(network, [one], [two, id('04') as DeviceKey]),
    voiceDigits(network, [one], [two]),
    voiceDigits(network, [one, two], [three]),
  ]);
  assert.equal(new Set(seen).size, seen.length);
  for (const digits of seen) assert.match(digits, /^\d{12}$/);
});

test('nobody compares with himself or with nobody', async () => {
  await assert.rejects(voiceDigits(network, [one, two], [two, one]), /bug/);
  await assert.rejects(voiceDigits(network, [], [one]), /bug/);
});

test('shown in threes of four, unlike a code to join with', () => {
  assert.equal(formatVoiceDigits('012345678901'), '0123 4567 8901');
});
