import { describe, expect, it } from '@jest/globals';
import { Refusal } from '../../../src/action/refusal.js';
import { awaitCovered } from '../../../src/audit/await-covered.js';
import { formatCheckpoint } from '../../../src/audit/checkpoint.js';
import { covers } from '../../../src/audit/covering.js';
import { formatVerifier, signNote, signerOf } from '../../../src/audit/note.js';

const origin = 'dev.countersign/clinic';
const root = new Uint8Array(32);
const key = signerOf(origin, new Uint8Array(32).fill(1));
const foreign = signerOf(origin, new Uint8Array(32).fill(2));
const hospital = signerOf('dev.countersign/hospital', new Uint8Array(32).fill(3));
const trusted = { origin, keys: [hospital, key].map(formatVerifier) };
const note = (size: number, by = key, of = origin) => signNote(formatCheckpoint({ origin: of, size, root }), by);

describe('a checkpoint', () => {
  it('covers the leaves before its size', () => {
    expect([6, 7, 8].map((size) => covers(note(size), 6, trusted))).toEqual([false, true, true]);
  });

  it.each<[what: string, text: string, log: typeof trusted]>([
    ['signed by a key that nobody trusts', note(9, foreign), trusted],
    ['of another log, signed by its own trusted key', note(9, hospital, hospital.name), trusted],
    ['of this log, signed by the key of another', note(9, hospital), trusted],
    ['of another log, signed by our key', note(9, key, hospital.name), trusted],
    ['with another size than was signed', note(9).replace('\n9\n', '\n90\n'), trusted],
    ['that is none', 'covered, trust me\n', trusted],
    ['where no key is trusted', note(9), { origin, keys: [] }],
    ['where the trusted key is none', note(9), { origin, keys: ['key'] }],
  ])('covers nothing: one %s', (_what, text, log) => {
    expect(covers(text, 0, log)).toBe(false);
  });
});

describe('waiting for one', () => {
  const waiting = (covered: (asked: number) => boolean) => {
    const pauses: number[] = [];
    let asked = 0;
    const controller = new AbortController();
    return {
      pauses,
      controller,
      wait: (until: number) =>
        awaitCovered(
          {
            look: async () => covered(++asked),
            pause: async (ms) => void pauses.push(ms),
            monotonic: () => pauses.reduce((sum, ms) => sum + ms, 0),
            signal: controller.signal,
          },
          until,
        ),
    };
  };

  it('does not wait for what is there', async () => {
    const { wait, pauses } = waiting(() => true);
    await wait(0);
    expect(pauses).toEqual([]);
  });

  it('asks less and less often', async () => {
    const { wait, pauses } = waiting((asked) => asked > 6);
    await wait(10_000);
    expect(pauses).toEqual([5, 10, 20, 40, 80, 100]);
  });

  it('ends when the time is over', async () => {
    const { wait, pauses } = waiting(() => false);
    const ended: unknown = await wait(1_000).catch((error: unknown) => error);
    expect(ended instanceof Refusal && ended.code).toBe('checkpoint.not_yet');
    expect(pauses.reduce((sum, ms) => sum + ms, 0)).toBeLessThan(1_000);
  });

  it('ends when the workflow gives up', async () => {
    const { wait, controller } = waiting(() => false);
    controller.abort(new Error('cancelled'));
    await expect(wait(1_000)).rejects.toThrow('cancelled');
  });
});
