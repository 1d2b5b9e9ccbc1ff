/** Starting, watching and ending processes so that none outlives us. */
import { execFileSync, fork, spawn, type ChildProcess } from 'node:child_process';
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
  const pidFile = pidFileOf(stateDir, name);
  await endLeftover({ name, file, stateDir });
  const child = spawn('/bin/sh', [lifeline, file, ...args], {
    detached: true,
    stdio: ['pipe', 'ignore', 'pipe'],
    env: { ...process.env, LIFELINE_SIGNAL: signal, ...(ids === undefined && { LIFELINE_PIDFILE: pidFile }) },
    ...(ids !== undefined && { ...ids, cwd: '/' }),
  });
  child.stdin?.on('error', () => undefined);
  const running = watched(name, child);
  const withProgram = (end: () => Promise<void>) => async () => {
    await end();
    await endLeftover({ name, file, stateDir }); // if its lifeline was killed
  };
  return { ...running, stop: withProgram(running.stop), kill: withProgram(running.kill) };
}

function pidFileOf(stateDir: string, name: string): string {
  return join(stateDir, `${name}.pid`);
}

export interface OwnOptions {
  readonly name: string;
  readonly module: string;
  readonly args?: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly logFile: string;
  /** Milliseconds that it may take to be ready; then it is ended. For ever unless told. */
  readonly within?: number;
  /** Ends it while it is not ready yet. */
  readonly signal?: AbortSignal;
}

/**
 * One of our own programs, forked with IPC so that it ends when we do; resolves with the facts of its ready line.
 *
 * @throws Error naming the program, and its log file when it was not ready in time.
 */
export async function startOwn({
  name,
  module,
  args = [],
  env,
  logFile,
  within,
  signal,
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
  log.on('error', () => undefined);
  forked.once('close', () => log.end()); // not at exit: its last lines are still under way then
  const child = watched(name, forked);
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
  const given = abortion(signal, within);
  try {
    return { child, ready: await Promise.race([ready, died, given.up]) };
  } catch (error) {
    await child.kill();
    if (error === tooLate)
      throw new Error(`${name} was not ready within ${(within ?? 0) / 1_000} s; see ${logFile}`, { cause: error });
    throw error;
  } finally {
    given.clear();
  }
}

const tooLate = new Error('not ready in time');

/** Rejects when the signal says so or the time is over. */
function abortion(signal: AbortSignal | undefined, within: number | undefined) {
  let clear = (): void => undefined;
  const up = new Promise<never>((_resolve, reject) => {
    const timer = within === undefined ? undefined : setTimeout(() => reject(tooLate), within);
    const abort = (): void => reject(new Error('called off'));
    if (signal?.aborted === true) abort();
    signal?.addEventListener('abort', abort);
    clear = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    };
  });
  return { up, clear };
}

function readyFacts(line: string): Readonly<Record<string, unknown>> | undefined {
  if (!line.startsWith('{"ready":true')) return undefined;
  const facts: unknown = JSON.parse(line);
  return typeof facts === 'object' && facts !== null ? { ...facts } : undefined;
}

function watched(name: string, child: ChildProcess): RunningChild {
  let tail = '';
  child.stderr?.on('data', (chunk: Buffer) => (tail = (tail + chunk.toString()).slice(-2_000)));
  const exited = new Promise<number | NodeJS.Signals>((resolve) => {
    child.once('error', () => resolve(1));
    child.once('exit', (code, signal) => {
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
export async function endLeftover({
  name,
  file,
  stateDir,
}: Pick<ForeignOptions, 'name' | 'file' | 'stateDir'>): Promise<void> {
  const pidFile = pidFileOf(stateDir, name);
  if (!existsSync(pidFile)) return;
  const pid = Number(readFileSync(pidFile, 'utf8'));
  for (let round = 0; commandOf(pid)?.includes(file) === true; round++) {
    try {
      process.kill(pid, round < 50 ? 'SIGTERM' : 'SIGKILL');
    } catch {
      break; // gone since we looked
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  rmSync(pidFile, { force: true });
}

/** Command line of a live process; undefined for none and for a zombie. */
export function commandOf(pid: number): string | undefined {
  try {
    if (process.platform !== 'linux') {
      const out = execFileSync('ps', ['-o', 'stat=,command=', '-p', String(pid)], {
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      return out.toString().trimStart().startsWith('Z') ? undefined : out.toString().trim();
    }
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
