import { describe, expect, it } from '@jest/globals';
import type { RunningChild } from '@countersign/sandbox';
import { supervise } from '../../../src/cli/dev/supervise.js';

/** A process that ends when the test says so. */
function scripted(pid: number): RunningChild & { readonly die: () => void } {
  let end = (_how: number | NodeJS.Signals): void => undefined;
  const exited = new Promise<number | NodeJS.Signals>((resolve) => (end = resolve));
  const stop = async (): Promise<void> => end('SIGTERM');
  return { name: 'signer', pid, exited, tail: () => `last words of ${pid}`, stop, kill: stop, die: () => end(7) };
}

/** `fails`: so many starts end before the process is ready. */
function stage({ fails = 0 } = {}) {
  let left = fails;
  const children = [scripted(1)];
  const told: string[] = [];
  let now = 0;
  let gaveUp = (_reason: string): void => undefined;
  const over = new Promise<string>((resolve) => (gaveUp = resolve));
  let back = (): void => undefined;
  const [first] = children;
  if (!first) throw new Error('no child');
  const supervised = supervise({
    name: 'signer',
    child: first,
    again: async () => {
      if (left-- > 0) throw new Error('signer was not ready within 60 s');
      const child = scripted(children.length + 1);
      children.push(child);
      return child;
    },
    onChange: (what, how) => {
      told.push(what === 'died' ? `died ${how}` : what);
      if (what === 'restarted') back();
    },
    onGiveUp: gaveUp,
    policy: { restarts: 3, withinMs: 60_000, delayMs: 1 },
    clock: () => now,
  });
  return {
    supervised,
    told,
    over,
    children,
    later: (ms: number) => void (now += ms),
    async dieAndReturn() {
      const returned = new Promise<void>((resolve) => (back = resolve));
      children.at(-1)?.die();
      await returned;
    },
  };
}

describe('a supervised process', () => {
  it('is started again when it dies, and known by its new pid', async () => {
    const { supervised, told, dieAndReturn } = stage();
    await dieAndReturn();
    expect(supervised.pid()).toBe(2);
    expect(told).toEqual(['died 7', 'restarted']);
  });

  it('is given up at the fourth death within a minute, with its last words', async () => {
    const { over, children, dieAndReturn } = stage();
    for (let times = 0; times < 3; times++) await dieAndReturn();
    children.at(-1)?.die();
    expect(await over).toBe('signer ended (7) 4 times within a minute.\nlast words of 4');
  });

  it('is started again however often, when it lives for a while in between', async () => {
    const { supervised, dieAndReturn, later } = stage();
    for (let times = 0; times < 6; times++) {
      await dieAndReturn();
      later(30_000);
    }
    expect(supervised.pid()).toBe(7);
  });

  it('is started once more when what it leans on was not there yet', async () => {
    const { supervised, told, dieAndReturn } = stage({ fails: 2 });
    await dieAndReturn();
    expect(supervised.pid()).toBe(2);
    expect(told).toEqual(['died 7', 'died before it was ready', 'died before it was ready', 'restarted']);
  });

  it('is given up when it does not start again, however often it is tried', async () => {
    const { over, children } = stage({ fails: 3 });
    children[0]?.die();
    expect(await over).toBe('signer was not ready within 60 s');
    expect(children).toHaveLength(1);
  });

  it('is not started again once it was stopped, though it had just died', async () => {
    const { supervised, children, told } = stage();
    children[0]?.die();
    await supervised.stop();
    await supervised.stop();
    expect(children).toHaveLength(1);
    expect(told).not.toContain('restarted');
  });
});
