/** A log in a real database, a signer's own folder and key, and hands that can do what no login may. */
import { fork, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { agent, tenant } from '../../../src/action/ids.js';
import { appendLeaf } from '../../../src/audit/append.store.js';
import { parseCheckpoint, type Checkpoint } from '../../../src/audit/checkpoint.js';
import { openNote, parseVerifier } from '../../../src/audit/note.js';
import { inTenant } from '../../../src/database/transaction.js';
import { createLog } from '../../../src/config/log.js';
import { createLogKey, readLogKey } from '../../../src/signer/log-key.node.js';
import { markFile, type Mark } from '../../../src/signer/mark.node.js';
import { startSigner, type RunningSigner } from '../../../src/signer/start.js';
import { testDatabase } from '../../support/database.js';

export const clinic = tenant('clinic');
export const origin = 'dev.countersign/clinic';

export async function signerStage() {
  const db = await testDatabase();
  const folder = mkdtempSync(join(tmpdir(), 'countersign-signer-'));
  const [keyFile, state] = [join(folder, 'log.key'), join(folder, 'state')];
  const vkey = createLogKey(keyFile, origin);
  const verifier = parseVerifier(vkey);
  if (!verifier) throw new Error('no verifier');
  const running: { stop(): Promise<unknown> }[] = [];

  return {
    db,
    keyFile,
    state,
    vkey,
    verifier,
    mark: (): Mark | undefined => markFile(state).read(),
    markText: (): string => readFileSync(join(state, 'mark.json'), 'utf8'),

    /** Appends leaves as the API does. */
    async append(count: number): Promise<void> {
      for (let left = count; left > 0; left -= 25)
        await inTenant(db.pool('api'), clinic, async (tx) => {
          for (let each = 0; each < Math.min(25, left); each += 1)
            await appendLeaf(tx, {
              kind: 'request.refused',
              key: randomUUID(),
              data: { agent: agent('triage-agent'), code: 'type.unknown' },
            });
        });
    },

    /** Every published checkpoint, opened with the key from outside; a foreign one fails the test. */
    async published(): Promise<(Checkpoint & { readonly note: string })[]> {
      const rows = await db.admin.query<{ note: string }>(
        'SELECT note FROM countersign.audit_checkpoint ORDER BY size',
      );
      return rows.rows.map(({ note }) => {
        const checkpoint = parseCheckpoint(openNote(note, [verifier]) ?? '');
        if (!checkpoint) throw new Error('a checkpoint that the log’s key did not sign');
        return { ...checkpoint, note };
      });
    },

    async leafHashes(): Promise<Uint8Array[]> {
      const rows = await db.admin.query<{ hash: Buffer }>('SELECT hash FROM countersign.audit_leaf ORDER BY index');
      return rows.rows.map(({ hash }) => new Uint8Array(hash));
    },

    /** What a superuser can do: triggers off for this transaction. */
    async tamper(...statements: readonly string[]): Promise<void> {
      const tables = ['audit_log', 'audit_leaf', 'audit_checkpoint'].map((name) => `countersign.${name}`);
      const all = (what: 'DISABLE' | 'ENABLE ALWAYS', triggers: readonly string[]) =>
        triggers.map((trigger) => trigger.replace('#', what));
      const triggers = tables.flatMap((table) => [
        `ALTER TABLE ${table} # TRIGGER no_truncate`,
        `ALTER TABLE ${table} # TRIGGER ${table.endsWith('log') ? 'only_grows' : 'append_only'}`,
      ]);
      for (const statement of [...all('DISABLE', triggers), ...statements, ...all('ENABLE ALWAYS', triggers)])
        await db.admin.query(statement);
    },

    /** A signer in this process. */
    start(): RunningSigner {
      const signer = startSigner({
        connectionString: db.url('signer'),
        tenant: clinic,
        signer: readLogKey(keyFile),
        mark: markFile(state),
        log: createLog('test', 'fatal'),
      });
      running.push(signer);
      return signer;
    },

    /** The real process, from the build. */
    async startProcess(more: NodeJS.ProcessEnv = {}): Promise<SignerProcess> {
      const started = await startProcess({
        PATH: process.env['PATH'],
        COUNTERSIGN_MODE: 'development',
        COUNTERSIGN_TENANT: clinic,
        COUNTERSIGN_DATABASE_URL: db.url('signer'),
        COUNTERSIGN_LOG_KEY_FILE: keyFile,
        COUNTERSIGN_SIGNER_STATE: state,
        COUNTERSIGN_LOG_LEVEL: 'info',
        COUNTERSIGN_HEALTH_PORT: '0',
        ...more,
      });
      running.push({ stop: () => started.end('SIGKILL') });
      return started;
    },

    async end(): Promise<void> {
      await Promise.all(running.map((each) => each.stop()));
      await db.end();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
export type SignerStage = Awaited<ReturnType<typeof signerStage>>;

export interface SignerProcess {
  readonly pid: number;
  /** Facts of the ready line; undefined where it ended before. */
  readonly ready: Readonly<Record<string, unknown>> | undefined;
  readonly stderr: () => string;
  healthy(): Promise<boolean>;
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null>;
}

async function startProcess(env: NodeJS.ProcessEnv): Promise<SignerProcess> {
  const child: ChildProcess = fork('dist/src/signer/main.js', {
    env,
    execArgv: [],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let stderr = '';
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const exited = new Promise<number | null>((resolve) => child.once('close', resolve));
  const ready = await Promise.race([
    exited.then(() => undefined),
    new Promise<Record<string, unknown>>((resolve) =>
      child.stdout?.once('data', (chunk: Buffer) => resolve(JSON.parse(chunk.toString()))),
    ),
  ]);
  return {
    pid: child.pid ?? 0,
    ready,
    stderr: () => stderr,
    async healthy() {
      const answer = await fetch(`http://127.0.0.1:${String(ready?.['healthPort'])}/healthz`);
      return answer.ok;
    },
    end(signal) {
      child.kill(signal);
      return exited;
    },
  };
}

/** Waits until it holds; jest's own timeout ends a wait in vain. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
}
