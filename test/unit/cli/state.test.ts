import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { lockState, stackOf, StateInUse } from '../../../src/cli/dev/lock.js';
import { startOf } from '../../../src/config/folder-lock.js';
import { choosePorts, claims } from '../../../src/cli/dev/ports.js';

const temporary = () => mkdtempSync(join(tmpdir(), 'countersign-unit-'));

describe('the lock of a state folder', () => {
  it('is held until it is released', () => {
    const state = temporary();
    const release = lockState(state);
    expect(stackOf(state)).toBe(process.pid);
    release();
    expect(stackOf(state)).toBeUndefined();
    expect(readdirSync(state)).toEqual([]);
  });

  it('is refused while another living process holds it, and swept away after that', async () => {
    const state = temporary();
    const other = spawn('sleep', ['60']);
    const gone = new Promise((resolve) => other.once('exit', resolve));
    await new Promise((resolve) => other.once('spawn', resolve));
    const pid = other.pid ?? 0;
    writeFileSync(join(state, `stack.${pid}.lock`), startOf(pid) ?? 'none');
    expect(() => lockState(state)).toThrow(StateInUse);
    expect(() => lockState(state)).toThrow(new RegExp(`pid ${pid}`));
    other.kill('SIGKILL');
    await gone;
    lockState(state)();
    expect(readdirSync(state)).toEqual([]);
  });

  it('is not held by a process that was given the pid later', () => {
    const state = temporary();
    writeFileSync(join(state, `stack.${process.ppid}.lock`), 'another start');
    lockState(state)();
    expect(readdirSync(state)).toEqual([]);
  });
});

describe('the ports of a stack', () => {
  const releases: (() => void)[] = [];
  afterEach(() => releases.splice(0).forEach((release) => release()));

  async function choose(...asked: Parameters<typeof choosePorts>): ReturnType<typeof choosePorts> {
    const chosen = await choosePorts(...asked);
    releases.push(chosen.release);
    return chosen;
  }

  it('differ from each other, and are those of last time', async () => {
    const state = temporary();
    const { ports } = await choose(state);
    expect(new Set(Object.values(ports)).size).toBe(Object.keys(ports).length);
    expect(await choose(state)).toMatchObject({ ports, moved: [] });
  });

  it('move away from one that another stack has chosen and does not listen on yet', async () => {
    const state = temporary();
    const { ports } = await choose(state);
    const other = join(claims, `port-${ports.ehr}.${process.ppid}.lock`);
    writeFileSync(other, startOf(process.ppid) ?? '');
    try {
      expect((await choose(state)).moved).toEqual(['ehr']);
    } finally {
      rmSync(other);
    }
  });

  it.each(['127.0.0.1', '::1'])('move away from one that is taken on %s, unless it was asked for', async (host) => {
    const state = temporary();
    const { ports } = await choose(state);
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(ports.api, host, resolve));
    try {
      const next = await choose(state);
      expect(next.moved).toEqual(['api']);
      expect({ ...next.ports, api: 0 }).toEqual({ ...ports, api: 0 });
      await expect(choose(state, { api: ports.api })).rejects.toThrow(`Port ${ports.api} is taken`);
    } finally {
      await new Promise((resolve) => holder.close(resolve));
    }
  });

  it('come from the defaults when the file of last time is unreadable', async () => {
    const state = temporary();
    writeFileSync(join(state, 'ports.json'), '{"api":');
    expect(Object.keys((await choose(state)).ports)).toContain('api');
  });
});
