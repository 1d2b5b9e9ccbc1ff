import { describe, expect, it } from '@jest/globals';
import { pause, retryDelay } from '../../../client/src/retry.js';

describe('the client comes again', () => {
  it.each([
    [1, null, 0, 200],
    [2, null, 0, 400],
    [4, null, 0, 1_600],
    [1, null, 1, 300],
    [1, '2', 0, 2_000],
    [1, '2', 1, 2_100],
    [1, 'Wed, 21 Oct 2026 07:28:00 GMT', 0, 200],
    [1, '-5', 0, 200],
    [1, '9999', 0, 10_000],
    [20, null, 1, 10_000],
  ])('attempt %i, Retry-After %s, chance %d: after %d ms', (attempt, retryAfter, chance, expected) => {
    expect(retryDelay(attempt, retryAfter, () => chance)).toBe(expected);
  });

  it('not at all when its caller stopped', async () => {
    const stop = new AbortController();
    const paused = pause(60_000, stop.signal);
    stop.abort(new Error('enough'));
    await expect(paused).rejects.toThrow('enough');
    await expect(pause(60_000, stop.signal)).rejects.toThrow('enough');
  });
});
