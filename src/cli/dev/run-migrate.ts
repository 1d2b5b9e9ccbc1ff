import { fork } from 'node:child_process';
import { appendFileSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

export interface MigrateRun {
  readonly module: string;
  readonly env: NodeJS.ProcessEnv;
  readonly logFile: string;
  readonly signal: AbortSignal;
}

/**
 * Runs `countersign migrate` to its end.
 *
 * @throws Error with its own words when it refuses.
 */
export async function runMigrate({ module, env, logFile, signal }: MigrateRun): Promise<void> {
  mkdirSync(dirname(logFile), { recursive: true });
  const child = fork(module, [], { detached: true, stdio: ['ignore', 'pipe', 'pipe', 'ipc'], env, execArgv: [] });
  let said = '';
  const keep = (chunk: Buffer): void => {
    said = (said + chunk.toString()).slice(-4_000);
    appendFileSync(logFile, chunk, { mode: 0o600 });
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  const abort = (): void => void child.kill('SIGKILL');
  signal.addEventListener('abort', abort);
  if (signal.aborted) abort();
  const how = await new Promise<number | NodeJS.Signals>((resolve) => {
    child.once('error', () => resolve(1));
    child.once('close', (code, ended) => resolve(code ?? ended ?? 1));
  });
  signal.removeEventListener('abort', abort);
  if (how !== 0) throw new Error(`migrate ended (${how}): ${said.trim() || 'it said nothing'}`);
}
