import { describe, expect, it } from '@jest/globals';
import { KeyCache } from '../../../src/keys/key-cache.js';

const key = (byte: number) => new Uint8Array([byte]);

function cache(options: { capacity?: number; lifetime?: number } = {}) {
  const at = { now: 0 };
  return { at, keys: new KeyCache({ clock: () => at.now, ...options }) };
}

describe('the cache of opened keys', () => {
  it('forgets a key after five minutes, and not before', () => {
    const { at, keys } = cache();
    keys.put('dek/clinic/a/history', key(1));
    at.now = 299_999;
    expect(keys.get('dek/clinic/a/history')).toEqual(key(1));
    at.now = 300_000;
    expect(keys.get('dek/clinic/a/history')).toBeUndefined();
    at.now = 0; // gone is gone, whatever the clock says later
    expect(keys.get('dek/clinic/a/history')).toBeUndefined();
  });

  it('is not kept alive by reading', () => {
    const { at, keys } = cache({ lifetime: 10 });
    keys.put('k', key(1));
    for (at.now = 1; at.now < 10; at.now += 1) keys.get('k');
    expect(keys.get('k')).toBeUndefined();
  });

  it('forgets both keys of a destroyed action at once, and no other’s', () => {
    const { keys } = cache();
    for (const name of ['dek/clinic/a/history', 'dek/clinic/a/content', 'dek/clinic/ab/history', 'dek/other/a/history'])
      keys.put(name, key(1));
    keys.forget('dek/clinic/a/');
    expect(keys.get('dek/clinic/a/history')).toBeUndefined();
    expect(keys.get('dek/clinic/a/content')).toBeUndefined();
    expect(keys.get('dek/clinic/ab/history')).toEqual(key(1));
    expect(keys.get('dek/other/a/history')).toEqual(key(1));
  });

  it('holds no more than it has room for: the oldest leaves', () => {
    const { keys } = cache({ capacity: 2 });
    keys.put('a', key(1));
    keys.put('b', key(2));
    keys.put('a', key(3)); // put again: the youngest now
    keys.put('c', key(4));
    expect([keys.get('a'), keys.get('b'), keys.get('c')]).toEqual([key(3), undefined, key(4)]);
  });
});
