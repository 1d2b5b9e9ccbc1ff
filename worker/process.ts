/** What the worker processes have in common: connections, schema check, codec, life. */
import { NativeConnection, type Worker } from '@temporalio/worker';
import type { Pool } from 'pg';
import { tenant as tenantId } from '../src/action/ids.js';
import type { Environment } from '../src/config/environment.js';
import { createLog, type Logger } from '../src/config/log.js';
import { forgetDestroyed } from '../src/database/forget-destroyed.js';
import type { Listener } from '../src/database/listen.js';
import { openPool } from '../src/database/pool.js';
import { assertSchema } from '../src/database/schema.store.js';
import { nodeAead } from '../src/keys/aead.node.js';
import { KeyCache } from '../src/keys/key-cache.js';
import { Keychain } from '../src/keys/keychain.store.js';
import { openKeyring } from '../src/keys/open-keyring.node.js';
import type { KeyringOperation } from '../src/keys/keyring.js';
import { temporalConnection } from '../src/temporal/connection.js';
import { historyCodec } from '../src/temporal/history-codec.js';
import { installRuntime } from './runtime.js';
import type { WorkerContext } from './workers.js';

export interface RunningWorker {
  readonly healthPort: number | undefined;
  readonly healthy: () => boolean;
  /** Lets running activities end within their grace, then closes every connection. */
  readonly stop: () => Promise<void>;
  /** Settles when the worker has stopped; rejects when it broke. */
  readonly ended: Promise<void>;
}

export interface WorkerParts {
  readonly context: WorkerContext;
  readonly pool: Pool;
  readonly keychain: Keychain;
  readonly log: Logger;
  readonly listener: Listener;
}

interface Privileges {
  readonly name: string;
  readonly keyring: readonly KeyringOperation[];
  /** Whether it may make the tenant's system key. One that may not waits until another has made it. */
  readonly mayCreate: boolean;
}

/** @throws Error for an older schema, a missing keyring, or a Temporal frontend that does not answer. */
export async function workerParts(
  env: Environment<'governance'> | Environment<'ehr'>,
  { name, keyring, mayCreate }: Privileges,
): Promise<WorkerParts> {
  const log = createLog(name, env.COUNTERSIGN_LOG_LEVEL);
  const pool = openPool(env.COUNTERSIGN_DATABASE_URL, { process: name, log });
  await assertSchema(pool);
  const keychain = new Keychain({
    keyring: openKeyring(env, keyring),
    aead: nodeAead,
    cache: new KeyCache({ clock: () => performance.now() }),
  });
  const tenant = tenantId(env.COUNTERSIGN_TENANT);
  const codec = await historyCodec({ pool, keychain, aead: nodeAead, tenant, mayCreate });
  const connectionString = env.COUNTERSIGN_DATABASE_URL;
  const listener = forgetDestroyed({ connectionString, tenant, keychain, log });
  installRuntime(log);
  const connection = await NativeConnection.connect(temporalConnection(env));
  const context = { connection, namespace: env.COUNTERSIGN_TEMPORAL_NAMESPACE, tenant, codec, log };
  return { context, pool, keychain, log, listener };
}

/** Runs it, and tells how it stands. `close` comes after the worker has let go of its tasks. */
export function run(
  worker: Worker,
  { context, pool, listener }: WorkerParts,
  { healthPort, close }: { readonly healthPort: number | undefined; readonly close?: () => Promise<void> },
): RunningWorker {
  const ended = worker.run().finally(async () => {
    await close?.();
    await context.connection.close();
    await listener.stop();
    await pool.end();
  });
  return {
    healthPort,
    healthy: () => worker.getState() === 'RUNNING',
    ended,
    async stop() {
      if (worker.getState() === 'RUNNING') worker.shutdown();
      await ended;
    },
  };
}
