import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DeviceKey } from '../../base/ids.ts';
import { ASKED_MS, Joiners, TURN_MS } from './joiners.ts';

const [ben, cho, dia] = ['b', 'c', 'd'].map((letter) => letter.repeat(64) as DeviceKey) as [
  DeviceKey,
  DeviceKey,
  DeviceKey,
];
const anybody = (): boolean => true;

function asking(...devices: readonly DeviceKey[]): Joiners {
  const joiners = new Joiners();
  for (const device of devices) joiners.asked(device, 0);
  return joiners;
}

describe('those who want a room’s keys', () => {
  it('are let to them one after the other, as they came', () => {
    const joiners = asking(ben, cho, dia);
    assert.equal(joiners.next(5, 0, anybody), ben);
    assert.equal(joiners.next(5, 10, anybody), undefined, 'it is Ben’s turn');
    joiners.came(ben);
    assert.equal(joiners.next(6, 20, anybody), cho);
    joiners.came(cho);
    assert.equal(joiners.next(7, 30, anybody), dia);
    joiners.came(dia);
    assert.equal(joiners.next(8, 40, anybody), undefined);
  });

  it('lose their turn when they do not use it, and may have another', () => {
    const joiners = asking(ben, cho);
    assert.equal(joiners.next(5, 0, anybody), ben);
    assert.equal(joiners.next(5, TURN_MS, anybody), cho);
    assert.equal(joiners.next(5, 2 * TURN_MS, anybody), ben);
  });

  it('are told anew when somebody else changed the keys meanwhile', () => {
    const joiners = asking(ben);
    assert.equal(joiners.next(5, 0, anybody), ben);
    assert.equal(joiners.next(6, 10, anybody), ben);
  });

  it('are told again when they ask again, since what they were told was lost', () => {
    const joiners = asking(ben, cho);
    assert.equal(joiners.next(5, 0, anybody), ben);
    joiners.asked(ben, 1000);
    assert.equal(joiners.next(5, 1000, anybody), ben);
  });

  it('are forgotten when they went, or may not come', () => {
    const joiners = asking(ben, cho);
    assert.equal(
      joiners.next(5, 0, (device) => device !== ben),
      cho,
    );
    assert.equal(joiners.next(6, ASKED_MS + 1, anybody), undefined);
  });
});
