import { describe, expect, it } from '@jest/globals';
import { action, person } from '../../../src/action/ids.js';
import { maxPayloads } from '../../../src/codec-server/payloads.js';
import { ViewLedger, viewWindow } from '../../../src/codec-server/view-ledger.js';

const operator = person('00000000-0000-4000-8000-000000000001');
const one = action('a'.repeat(26));
const other = action('b'.repeat(26));

function stage() {
  let now = Date.parse('2026-03-01T10:00:00Z');
  const ledger = new ViewLedger({ now: () => new Date(now), instance: 'i' });
  /** The leaves that had to be written. */
  const view = (of: typeof one | undefined, count = 1): readonly string[] => {
    const entry = ledger.enter({ operator, action: of, count });
    ledger.keep([entry]);
    return entry.keys;
  };
  return { ledger, view, pass: (ms: number) => (now += ms) };
}

describe('leaves of what an operator viewed', () => {
  it('are one for each action and few minutes', () => {
    const { view, pass } = stage();
    expect(view(one)).toEqual([`${operator}/2026-03-01T10:00:00.000Z/i/0`]);
    expect(view(one)).toEqual([]);
    expect(view(other)).toHaveLength(1);
    expect(view(undefined)).toHaveLength(1);
    pass(viewWindow);
    expect(view(one)).toEqual([`${operator}/2026-03-01T10:05:00.000Z/i/0`]);
  });

  it('are more when more was shown than one leaf tells', () => {
    const { view } = stage();
    expect(view(one, maxPayloads)).toHaveLength(1);
    expect(view(one)).toEqual([`${operator}/2026-03-01T10:00:00.000Z/i/1`]);
    expect(view(other, 2 * maxPayloads + 1)).toHaveLength(3);
  });

  it('are asked for again until they are committed, by the same key', () => {
    const { ledger } = stage();
    const first = ledger.enter({ operator, action: one, count: 1 });
    const second = ledger.enter({ operator, action: one, count: 1 });
    expect(second.keys).toEqual(first.keys);
  });
});
