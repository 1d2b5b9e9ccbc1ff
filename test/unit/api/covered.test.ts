import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Refusal } from '../../../src/action/refusal.js';
import { onceCovered } from '../../../src/api/covered.js';

const notYet = () => new Refusal('evidence.not_yet', 'Not yet.');
const never = new AbortController().signal;

/** Refuses so many times, then answers; counts how often it was asked. */
function asked(refusals: number) {
  let times = 0;
  const ask = async (): Promise<string> => {
    times += 1;
    if (times <= refusals) throw notYet();
    return 'covered';
  };
  return { ask, times: () => times };
}

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

describe('a caller who asks for what a checkpoint must cover', () => {
  it('is answered at once when one does', async () => {
    const { ask, times } = asked(0);
    expect(await onceCovered(ask, never)).toBe('covered');
    expect(times()).toBe(1);
  });

  it('waits until one does', async () => {
    const { ask } = asked(20);
    const answer = onceCovered(ask, never);
    await jest.advanceTimersByTimeAsync(2_000);
    expect(await answer).toBe('covered');
  });

  it('is told to come again after five seconds', async () => {
    const { ask } = asked(Infinity);
    const answer = onceCovered(ask, never).catch((error: unknown) => error);
    await jest.advanceTimersByTimeAsync(5_200);
    expect(await answer).toMatchObject({ code: 'evidence.not_yet' });
  });

  it('is not waited for when they have gone', async () => {
    const { ask, times } = asked(Infinity);
    await expect(onceCovered(ask, AbortSignal.abort())).rejects.toMatchObject({ code: 'evidence.not_yet' });
    expect(times()).toBe(1);
  });

  it('hears every other no at once', async () => {
    const over = new Refusal('action.release_over', 'Over.');
    const ask = jest.fn(async () => Promise.reject(over));
    await expect(onceCovered(ask, never)).rejects.toBe(over);
    expect(ask).toHaveBeenCalledTimes(1);
  });
});
