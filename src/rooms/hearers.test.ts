import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DeviceKey } from '../base/ids.ts';
import { Hearers } from './hearers.ts';

const devices = Array.from({ length: 20 }, (_, at) => String(at).padStart(64, '0') as DeviceKey);
const [host = ''] = devices;

describe('what the host puts before all in a moment', () => {
  it('is said to the host and a few others, to all of them in turn', () => {
    const hearers = new Hearers();
    const heard = new Set<DeviceKey>();
    for (let round = 0; round < 7; round += 1) {
      const to = hearers.saidTo(devices, host);
      assert.equal(to[0], host);
      assert.equal(new Set(to).size, 4);
      for (const device of to) heard.add(device);
    }
    assert.equal(heard.size, devices.length);
  });

  it('is said to all where no host is reached', () => {
    const hearers = new Hearers();
    assert.deepEqual(hearers.saidTo(devices, undefined), devices);
    assert.deepEqual(hearers.saidTo(devices.slice(1), host), devices.slice(1));
  });

  it('is asked of a few at a time where no host is reached', () => {
    const hearers = new Hearers();
    const [first, second] = [hearers.askedOf(devices, undefined), hearers.askedOf(devices, undefined)];
    assert.equal(new Set([...first, ...second]).size, 16);
  });
});
