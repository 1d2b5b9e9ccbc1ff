import { describe, expect, it } from '@jest/globals';
import { startRounds } from '../../../src/signer/rounds.js';

describe('rounds', () => {
  it('answer many questions with one round, and a question during a round with one more', async () => {
    const ends: ((pause: number) => void)[] = [];
    const begins: (() => void)[] = [];
    const secondBegins = new Promise<void>((resolve) => begins.push(() => undefined, resolve));
    const rounds = startRounds(() => {
      begins[ends.length]?.();
      return new Promise((resolve) => ends.push(resolve));
    });
    rounds.ask();
    rounds.ask();
    rounds.ask();
    expect(ends).toHaveLength(1);
    ends[0]?.(0);
    await secondBegins;
    ends[1]?.(0);
    await rounds.stop();
    expect(ends).toHaveLength(2);
  });

  it('begin no more when stopped', async () => {
    let begun = 0;
    const rounds = startRounds(async () => {
      begun += 1;
      return 0;
    });
    rounds.ask();
    await rounds.stop();
    rounds.ask();
    expect(begun).toBe(1);
  });
});
