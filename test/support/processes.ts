/** Our worker processes as they are deployed, each a process of its own that a test can kill with -9. */
import { fork, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@temporalio/client';
import { startEhr, type RunningEhr } from '@countersign/sandbox';
import type { PersonId } from '../../src/action/ids.js';
import { createLog } from '../../src/config/log.js';
import { forgetDestroyed } from '../../src/database/forget-destroyed.js';
import { nodeAead } from '../../src/keys/aead.node.js';
import { KeyCache } from '../../src/keys/key-cache.js';
import { Keychain } from '../../src/keys/keychain.store.js';
import { localKeyring } from '../../src/keys/local-keyring.node.js';
import { governedActions, type GovernedActions } from '../../src/temporal/governed-actions.js';
import { historyCodec } from '../../src/temporal/history-codec.js';
import { testDatabase, type TestDatabase } from './database.js';
import { engines } from './engines.js';
import { testIssuer, type TestIssuer } from './issuer.js';
import { markFile } from '../../src/signer/mark.node.js';
import { startSigner } from '../../src/signer/start.js';
import { apiDeps, clinic, fillDirectory, fillRulebook, keyPair, logSigner, type Stack } from './stack.js';
import { devServer } from './temporal.js';

export type WorkerName = 'governance' | 'ehr';

export interface Processes {
  readonly db: TestDatabase;
  readonly ehr: RunningEhr;
  readonly controlToken: string;
  readonly issuer: TestIssuer;
  readonly people: Stack['people'];
  readonly api: ReturnType<typeof apiDeps>;
  readonly client: Client;
  readonly actions: GovernedActions;
  /** Starts the worker unless it runs, and waits until it is ready. */
  start(name: WorkerName): Promise<void>;
  /** kill -9, and waits until it is gone. */
  kill(name: WorkerName): Promise<void>;
  /** SIGTERM, and its exit code. */
  end(name: WorkerName): Promise<number | null>;
  /** The variables that this worker is started with. */
  environment(name: WorkerName): NodeJS.ProcessEnv;
  /** Everything that the workers wrote to standard output and standard error. */
  logs(): string;
  stop(): Promise<void>;
}

/** PostgreSQL, Temporal, sandbox EHR and test issuer; no worker runs yet. */
export async function startProcesses(): Promise<Processes> {
  const [env, db, issuer] = await Promise.all([devServer(), testDatabase(), testIssuer()]);
  const [warrantKeys, fhirKeys] = await Promise.all([keyPair('EdDSA'), keyPair('ES384')]);
  const controlToken = randomUUID();
  const ehr = await startEhr({
    port: 0,
    clients: [{ id: 'countersign', jwks: { keys: [fhirKeys.publicJwk] }, scope: 'system/*.crus' }],
    controlToken,
  });
  const people: Record<keyof Stack['people'], PersonId> = await fillDirectory(db, issuer);
  await fillRulebook(db, issuer, warrantKeys.publicJwk);

  const folder = mkdtempSync(join(tmpdir(), 'countersign-processes-'));
  const keyFile = (name: string, jwk: object): string => {
    const file = join(folder, `${name}.jwk`);
    writeFileSync(file, JSON.stringify(jwk), { mode: 0o600 });
    return file;
  };
  const keyring = mkdtempSync(join(folder, 'keyring-'));
  const common = {
    PATH: process.env['PATH'],
    COUNTERSIGN_MODE: 'development',
    COUNTERSIGN_TENANT: clinic,
    COUNTERSIGN_LOG_LEVEL: 'info',
    COUNTERSIGN_TEMPORAL_ADDRESS: engines().temporal,
    COUNTERSIGN_TEMPORAL_NAMESPACE: env.namespace,
    COUNTERSIGN_KEYRING: `folder:${keyring}`,
    COUNTERSIGN_FHIR_URL: ehr.url,
  };
  const environments: Record<WorkerName, NodeJS.ProcessEnv> = {
    governance: {
      ...common,
      COUNTERSIGN_DATABASE_URL: db.url('governance'),
      COUNTERSIGN_WARRANT_KEY_FILE: keyFile('warrant', warrantKeys.privateJwk),
    },
    ehr: {
      ...common,
      COUNTERSIGN_DATABASE_URL: db.url('ehr'),
      COUNTERSIGN_FHIR_CLIENT_ID: 'countersign',
      COUNTERSIGN_FHIR_KEY_FILE: keyFile('fhir', fhirKeys.privateJwk),
    },
  };
  const running = new Map<WorkerName, ChildProcess>();
  let written = '';

  const keychain = new Keychain({
    keyring: localKeyring({ folder: keyring, production: false, aead: nodeAead }),
    aead: nodeAead,
    cache: new KeyCache({ clock: () => performance.now() }),
  });
  const listener = forgetDestroyed({
    connectionString: db.url('api'),
    tenant: clinic,
    keychain,
    log: createLog('test', 'fatal'),
  });
  const signer = startSigner({
    connectionString: db.url('signer'),
    tenant: clinic,
    signer: logSigner,
    mark: markFile(mkdtempSync(join(folder, 'signer-'))),
    log: createLog('test', 'fatal'),
  });
  const { dataConverter } = await historyCodec({
    pool: db.pool('api'),
    keychain,
    aead: nodeAead,
    tenant: clinic,
    mayCreate: true,
  });
  const client = new Client({
    connection: env.connection,
    ...(env.namespace !== undefined && { namespace: env.namespace }),
    dataConverter,
  });

  async function start(name: WorkerName): Promise<void> {
    if (running.has(name)) return;
    const child = fork('dist/worker/main.js', [name], {
      env: environments[name],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      execArgv: [],
    });
    running.set(name, child);
    await new Promise<void>((resolve, reject) => {
      const ready = (chunk: Buffer): void => {
        written += chunk.toString();
        if (chunk.toString().includes('"ready":true')) resolve();
      };
      child.stdout?.on('data', ready);
      child.stderr?.on('data', (chunk: Buffer) => (written += chunk.toString()));
      child.once('exit', () => reject(new Error(`worker ${name} ended: ${written.slice(-2_000)}`)));
    });
  }

  async function end(name: WorkerName, signal: NodeJS.Signals): Promise<number | null> {
    const child = running.get(name);
    running.delete(name);
    if (!child || child.exitCode !== null || child.signalCode !== null) return null;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
    return child.exitCode;
  }

  return {
    db,
    ehr,
    controlToken,
    issuer,
    people,
    api: apiDeps(db, keychain),
    client,
    actions: governedActions(client),
    start,
    kill: async (name) => void (await end(name, 'SIGKILL')),
    end: (name) => end(name, 'SIGTERM'),
    environment: (name) => environments[name],
    logs: () => written,
    async stop() {
      await Promise.all([end('governance', 'SIGTERM'), end('ehr', 'SIGTERM')]);
      await Promise.all([ehr.close(), issuer.close()]);
      await Promise.all([listener.stop(), signer.stop()]);
      await db.end();
      await env.teardown();
    },
  };
}
