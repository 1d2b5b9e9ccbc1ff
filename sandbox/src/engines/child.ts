/** Starting, watching and ending processes so that none outlives us. */
import { fork, spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const lifeline = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), 'data', 'lifeline.sh');

export interface RunningChild {
  readonly name: string;
  readonly pid: number;
  /** Resolves when the process is gone, with its code or signal. */
  readonly exited: Promise<number | NodeJS.Signals>;
  /** The last of what it wrote to standard error. */
  readonly tail: () => string;
  /** Asks it to stop and waits. Stopping twice is stopping once. */
  readonly stop: () => Promise<void>;
  /** kill -9, for tests. */
  readonly kill: () => Promise<void>;
}

export interface ForeignOptions {
  readonly name: string;
  readonly file: string;
  readonly args: readonly string[];
  readonly stateDir: string;
  readonly signal?: 'TERM' | 'INT';
  readonly ids?: { readonly uid: number; readonly gid: number };
}

/** A foreign program under the lifeline: in a session of its own, so that Ctrl-C reaches only us. */
export async function startForeign({
  name,
  file,
  args,
  stateDir,
  signal = 'TERM',
  ids,
}: ForeignOptions): Promise<RunningChild> {
  const pidFile = join(stateDir, `${name}.pid`);
  await endLeftover(pidFile, file);
  const child = spawn('/bin/sh', [lifeline, file, ...args], {
    detached: true,
    stdio: ['pipe', 'ignore', 'pipe'],
    env: { ...process.env, LIFELINE_SIGNAL: signal, ...(ids === undefined && { LIFELINE_PIDFILE: pidFile }) },
    ...(ids !== undefined && { ...ids, cwd: '/' }),
  });
  child.stdin?.on('error', () => undefined);
  return watched(name, child, () => rmSync(pidFile, { force: true }));
}

export interface OwnOptions {
  readonly name: string;
  readonly module: string;
  readonly args?: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly logFile: string;
}

/** One of our own programs, forked with IPC so that it ends when we do; resolves with the facts of its ready line. */
export async function startOwn({
  name,
  module,
  args = [],
  env,
  logFile,
}: OwnOptions): Promise<{ readonly child: RunningChild; readonly ready: Readonly<Record<string, unknown>> }> {
  mkdirSync(dirname(logFile), { recursive: true });
  const log = createWriteStream(logFile, { flags: 'a', mode: 0o600 });
  const forked = fork(module, [...args], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env,
    execArgv: [],
  });
  forked.stderr?.pipe(log, { end: false });
  const child = watched(name, forked, () => log.end());
  const ready = new Promise<Readonly<Record<string, unknown>>>((resolve) => {
    if (!forked.stdout) return;
    createInterface(forked.stdout).on('line', (line) => {
      const facts = readyFacts(line);
      if (facts) resolve(facts);
      else log.write(`${line}\n`);
    });
  });
  const died = child.exited.then((how): never => {
    throw new Error(`${name} ended (${how}) before it was ready: ${child.tail() || 'it said nothing'}`);
  });
  return { child, ready: await Promise.race([ready, died]) };
}

function readyFacts(line: string): Readonly<Record<string, unknown>> | undefined {
  if (!line.startsWith('{"ready":true')) return undefined;
  const facts: unknown = JSON.parse(line);
  return typeof facts === 'object' && facts !== null ? { ...facts } : undefined;
}

function watched(name: string, child: ChildProcess, atExit: () => void): RunningChild {
  let tail = '';
  child.stderr?.on('data', (chunk: Buffer) => (tail = (tail + chunk.toString()).slice(-2_000)));
  const exited = new Promise<number | NodeJS.Signals>((resolve) => {
    child.once('error', () => resolve(1));
    child.once('exit', (code, signal) => {
      atExit();
      resolve(code ?? signal ?? 1);
    });
  });
  exited.catch(() => undefined);
  const send = (signal: NodeJS.Signals) => async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    const timer = setTimeout(() => child.kill('SIGKILL'), 15_000);
    await exited;
    clearTimeout(timer);
  };
  return { name, pid: child.pid ?? 0, exited, tail: () => tail.trim(), stop: send('SIGTERM'), kill: send('SIGKILL') };
}

/** Ends a program that a killed run left behind, recognised by pid and command line together. */
async function endLeftover(pidFile: string, file: string): Promise<void> {
  if (!existsSync(pidFile)) return;
  const pid = Number(readFileSync(pidFile, 'utf8'));
  for (let round = 0; commandOf(pid)?.includes(file) === true; round++) {
    process.kill(pid, round < 50 ? 'SIGTERM' : 'SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  rmSync(pidFile, { force: true });
}

/** Command line of a live process; undefined for none and for a zombie. */
export function commandOf(pid: number): string | undefined {
  try {
    if (/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))) return undefined;
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return undefined;
  }
}

/** The preferred port of 127.0.0.1 if it is free, else another. */
export function freePort(preferred = 0): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', () => (preferred === 0 ? reject(new Error('no port is free')) : resolve(freePort(0))));
    probe.listen(preferred, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}
