/** A whole stack of processes that can be killed with -9, each of which comes back by itself. */
import { execFileSync, fork, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { z } from 'zod';
import { readSummary } from '../../src/cli/dev/read-summary.js';
import type { DevSummary } from '../../src/cli/dev/summary.js';
import { until } from './until.js';

export const victims = ['api', 'governance', 'ehr', 'signer', 'postgres', 'temporal'] as const;
/** Who is killed. The sandbox EHR and the identity provider never are: they tell what happened. */
export type Victim = (typeof victims)[number];

/** As in `processes` of dev.json. */
const processOf: Readonly<Record<Victim, string>> = {
  api: 'api',
  governance: 'worker-governance',
  ehr: 'worker-ehr',
  signer: 'signer',
  postgres: 'postgres',
  temporal: 'temporal',
};

export interface FaultStack {
  readonly dev: DevSummary;
  /** The superuser: looks on, and holds transactions. Breaks with the server, and connects again by itself. */
  readonly admin: pg.Pool;
  /** kill -9 of the program itself, with all that it forked. Resolves at once. */
  kill(victim: Victim): Killed;
  /** SIGSTOP or SIGCONT. */
  signal(victim: Victim, signal: 'SIGSTOP' | 'SIGCONT'): void;
  /** A second worker of the ehr queue beside the one that the stack keeps, with the same variables. */
  secondEhrWorker(): Promise<{ readonly end: () => Promise<void> }>;
  end(): Promise<void>;
}

export interface Killed {
  /** Waits until the supervisor has it running again. */
  back(): Promise<void>;
}

const readyLine = z.object({ ready: z.literal(true), state: z.string().optional() });

export async function startFaultStack(): Promise<FaultStack> {
  const supervisor = fork('test/support/fault-stack-main.js', {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    execArgv: [],
  });
  let told = '';
  supervisor.stderr?.on('data', (chunk: Buffer) => (told += chunk.toString()));
  const { state = '' } = await ready(supervisor, () => told);
  const dev = readSummary(state);
  if (!dev) throw new Error('the stack told nothing of itself');
  const admin = new pg.Pool({ connectionString: dev.urls.database, max: 4 }).on('error', () => undefined);

  const keptPid = (victim: Victim): number | undefined => readSummary(state)?.processes[processOf[victim]];
  const needed = (victim: Victim): number => {
    const pid = keptPid(victim);
    if (pid === undefined) throw new Error(`${victim} does not run: ${told.slice(-2_000)}`);
    return pid;
  };

  return {
    dev,
    admin,
    kill(victim) {
      const before = needed(victim);
      for (const pid of programOf(before)) send(pid, 'SIGKILL');
      return {
        async back() {
          await until(async () => {
            if (supervisor.exitCode !== null) throw new Error(`the stack gave up: ${told.slice(-2_000)}`);
            const now = keptPid(victim);
            return now === undefined || now === before ? undefined : now;
          }, 60_000);
        },
      };
    },
    signal(victim, signal) {
      for (const pid of programOf(needed(victim))) send(pid, signal);
    },
    async secondEhrWorker() {
      const child = fork('dist/worker/main.js', ['ehr'], {
        env: environmentOf(needed('ehr')),
        stdio: ['ignore', 'pipe', 'ignore', 'ipc'],
        execArgv: [],
      });
      await ready(child, () => '');
      return { end: () => ended(child) };
    },
    async end() {
      await admin.end();
      await ended(supervisor);
    },
  };
}

async function ready(child: ChildProcess, told: () => string): Promise<z.infer<typeof readyLine>> {
  let written = '';
  return new Promise((resolve, reject) => {
    child.stdout?.on('data', (chunk: Buffer) => {
      written += chunk.toString();
      const line = written.split('\n').find((each) => each.startsWith('{"ready":true'));
      if (line !== undefined) resolve(readyLine.parse(JSON.parse(line)));
    });
    child.once('exit', () => reject(new Error(`ended before it was ready: ${told().slice(-2_000)}`)));
  });
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await gone;
}

/**
 * The process that the supervisor started, or, where that is the lifeline of a foreign program, the program and all that
 * it forked: a server is dead when its last process is.
 */
function programOf(pid: number): readonly number[] {
  const rows = execFileSync('ps', ['-eo', 'pid=,ppid=,args='])
    .toString()
    .trim()
    .split('\n')
    .map((row) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(row))
    .map((match) => ({ pid: Number(match?.[1]), parent: Number(match?.[2]), args: match?.[3] ?? '' }));
  const isLifeline = ({ args }: { readonly args: string }) => args.includes('lifeline.sh') || args.startsWith('cat');
  const [kept] = rows.filter((row) => row.pid === pid);
  if (kept === undefined || !isLifeline(kept)) return [pid];
  const family = new Set([pid]);
  for (let size = 0; size !== family.size;) {
    size = family.size;
    for (const row of rows) if (family.has(row.parent) && !isLifeline(row)) family.add(row.pid);
  }
  family.delete(pid);
  return [...family];
}

/** It may have ended since we looked. */
function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

/** The variables that a living process was started with. */
function environmentOf(pid: number): NodeJS.ProcessEnv {
  const pairs = readFileSync(join('/proc', String(pid), 'environ'), 'utf8')
    .split('\0')
    .filter(Boolean);
  return Object.fromEntries(pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]));
}
