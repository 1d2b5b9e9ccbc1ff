/** `countersign dev` as people run it: the built program in a process of its own. */
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startOf } from '../../../src/config/folder-lock.js';
import { devSummarySchema, summaryFile, type DevSummary } from '../../../src/cli/dev/summary.js';

const program = join(process.cwd(), 'dist/src/cli/main.js');

export interface DevProcess {
  readonly child: ChildProcess;
  /** Resolves when it prints its line; rejects when it ends before. */
  readonly up: Promise<DevSummary>;
  readonly exited: Promise<number | NodeJS.Signals>;
  readonly told: () => string;
}

const started = new Set<ChildProcess>();

export function startDevProcess(...args: readonly string[]): DevProcess {
  const child = spawn(process.execPath, [program, 'dev', '--json', ...args], {
    env: { ...process.env, NODE_OPTIONS: '' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  started.add(child);
  let told = '';
  let out = '';
  child.stderr.on('data', (chunk: Buffer) => (told += chunk.toString()));
  const exited = new Promise<number | NodeJS.Signals>((resolve) =>
    child.once('close', (code, signal) => {
      started.delete(child);
      resolve(code ?? signal ?? 1);
    }),
  );
  const up = new Promise<DevSummary>((resolve, reject) => {
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString();
      if (out.endsWith('\n')) resolve(devSummarySchema.parse(JSON.parse(out)));
    });
    void exited.then((how) => reject(new Error(`dev ended (${how}): ${told}`)));
  });
  up.catch(() => undefined);
  return { child, up, exited, told: () => told };
}

/** For the end of a test file: ends what a failed test left running, and clears the folders away. */
export async function endStarted(): Promise<void> {
  await Promise.all(
    [...started].map(async (child) => {
      const gone = new Promise((resolve) => child.once('close', resolve));
      child.kill('SIGTERM');
      await gone;
    }),
  );
  for (const state of states) rmSync(state, { recursive: true, force: true });
}

const states: string[] = [];

export function newState(): string {
  const state = mkdtempSync(join(tmpdir(), 'countersign-dev-test-'));
  states.push(state);
  return state;
}

export interface Being {
  readonly pid: number;
  /** When it began: a pid may be given away again. */
  readonly since: string;
}

/** The supervisor, every process that it named, and all their children, as they are now. */
export function familyOf({ pid, processes }: Pick<DevSummary, 'pid' | 'processes'>): readonly Being[] {
  const rows = execFileSync('ps', ['-eo', 'pid=,ppid='])
    .toString()
    .trim()
    .split('\n')
    .map((row) => row.trim().split(/\s+/).map(Number));
  const family = new Set([pid, ...Object.values(processes)]);
  for (let size = 0; size !== family.size;) {
    size = family.size;
    for (const [child = 0, parent = 0] of rows) if (family.has(parent)) family.add(child);
  }
  return [...family].flatMap((each) => {
    const since = startOf(each);
    return since === undefined ? [] : [{ pid: each, since }];
  });
}

export function livingOf(family: readonly Being[]): readonly number[] {
  return family.filter(({ pid, since }) => startOf(pid) === since).map(({ pid }) => pid);
}

export async function until<T>(what: () => T | undefined | false | Promise<T | undefined | false>): Promise<T> {
  const patience = performance.now() + 20_000;
  for (;;) {
    const found = await what();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > patience) throw new Error('what the test waited for did not come');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export function writtenSummary(state: string): { readonly summary: DevSummary; readonly mode: number } {
  const file = join(state, summaryFile);
  return {
    summary: devSummarySchema.parse(JSON.parse(readFileSync(file, 'utf8'))),
    mode: statSync(file).mode & 0o777,
  };
}

/** Runs another command of the program to its end. */
export function countersign(...args: readonly string[]): { readonly status: number; readonly out: string } {
  const env = { ...process.env, NODE_OPTIONS: '' };
  const { status, stdout } = spawnSync(process.execPath, [program, ...args], { env });
  return { status: status ?? 1, out: stdout.toString() };
}
