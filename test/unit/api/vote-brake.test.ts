import { describe, expect, it } from '@jest/globals';
import { action, person } from '../../../src/action/ids.js';
import { proofsAtOnce, voteBrake, type VoteBrake } from '../../../src/api/vote-brake.js';

const own = {
  person: person('00000000-0000-4000-8000-00000000000a'),
  action: action('a'.repeat(26)),
};
const second = 1_000;
const day = 86_400 * second;

/** Sends so many proofs that were not sent before; how many went through. */
function send(brake: VoteBrake, proofs: number, of = own): number {
  let sent = 0;
  for (let n = 0; n < proofs; n++)
    if (brake.heldFor({ ...of, proof: globalThis.crypto.randomUUID() }) === undefined) sent += 1;
  return sent;
}

function braked(): { readonly brake: VoteBrake; readonly passes: (milliseconds: number) => void } {
  let now = 0;
  return { brake: voteBrake(() => now), passes: (milliseconds) => (now += milliseconds) };
}

describe('proof after proof of one person on one action', () => {
  it('goes through twenty times, and then waits, longer each time', () => {
    const { brake, passes } = braked();
    expect(send(brake, 1_000)).toBe(proofsAtOnce);
    const held = [];
    for (let n = 0; n < 4; n++) {
      const wait = brake.heldFor({ ...own, proof: 'next' }) ?? 0;
      held.push(wait);
      passes(wait);
      expect(send(brake, 10)).toBe(1);
    }
    expect(held).toEqual([15, 30, 60, 120].map((seconds) => seconds * second));
  });

  it('comes to a hundred or so in three days, of the two thousand that a workflow takes', () => {
    const { brake, passes } = braked();
    let sent = 0;
    for (let minute = 0; minute < 3 * 24 * 60; minute++) {
      sent += send(brake, 30);
      passes(60 * second);
    }
    expect(sent).toBeGreaterThan(proofsAtOnce);
    expect(sent).toBeLessThan(120);
  });

  it('is never held for more than an hour: the true one comes through', () => {
    const { brake, passes } = braked();
    for (let n = 0; n < 100; n++) {
      send(brake, 30);
      passes(3_600 * second);
    }
    expect(send(brake, 1)).toBe(1);
    expect(brake.heldFor({ ...own, proof: 'next' })).toBe(3_600 * second);
  });

  it('says nothing about another person, nor about another action', () => {
    const { brake } = braked();
    send(brake, 30);
    expect(send(brake, 1)).toBe(0);
    expect(send(brake, 1, { ...own, person: person('00000000-0000-4000-8000-00000000000b') })).toBe(1);
    expect(send(brake, 1, { ...own, action: action('b'.repeat(26)) })).toBe(1);
  });

  it('does not count the same proof twice, and lets it through while others wait', () => {
    const { brake } = braked();
    for (let n = 0; n < 100; n++) expect(brake.heldFor({ ...own, proof: 'first' })).toBeUndefined();
    expect(send(brake, 100)).toBe(proofsAtOnce - 1);
    expect(brake.heldFor({ ...own, proof: 'first' })).toBeUndefined();
  });

  it('is forgotten when one of them counted', () => {
    const { brake } = braked();
    send(brake, 30);
    brake.release(own);
    expect(send(brake, 30)).toBe(proofsAtOnce);
  });

  it('is forgotten for whoever has been still for longest when ten thousand others came', () => {
    const { brake, passes } = braked();
    send(brake, 30);
    passes(day);
    const letters = 'abcdefghijklmnopqrstuvwxyz';
    for (let n = 0; n < 10_000; n++) {
      const ending = [n % 26, Math.floor(n / 26) % 26, Math.floor(n / 676)].map((at) => letters[at]).join('');
      send(brake, 1, { ...own, action: action(`b${'a'.repeat(22)}${ending}`) });
    }
    expect(send(brake, 30)).toBe(proofsAtOnce);
  });
});
