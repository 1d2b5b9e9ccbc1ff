import { readFileSync } from 'node:fs';
import { Client, Connection } from '@temporalio/client';
import { Semaphore } from '../activities/governance/semaphore.js';
import { tenant as tenantId } from '../src/action/ids.js';
import { readEnvironment } from '../src/config/environment.js';
import { tokenVerifiers } from '../src/identity/tokens.gateway.js';
import { rulebookReader } from '../src/rulebook/rulebook.store.js';
import { actionRuns } from '../src/temporal/action-runs.js';
import { temporalConnection } from '../src/temporal/connection.js';
import { ensureReconciler } from '../src/temporal/reconcile-schedule.js';
import { ensureSweep } from '../src/temporal/retention-sweep.js';
import { warrantIssuer } from '../src/warrant/issuer.node.js';
import { warrantIssuerName } from '../src/warrant/issuer.js';
import { run, workerParts, type RunningWorker } from './process.js';
import { governanceWorker } from './workers.js';

/** At most so many votes are verified at once: forged ones must not keep the real ones waiting. */
const verificationsInFlight = 8;

/** Queue `governance`: workflows, their local activities, retention, the reconciler. It alone signs warrants and counts votes. */
export async function startGovernance(variables: NodeJS.ProcessEnv): Promise<RunningWorker> {
  const env = readEnvironment('governance', variables);
  const parts = await workerParts(env, {
    name: 'worker-governance',
    keyring: ['wrap', 'unwrap', 'destroy'],
    mayCreate: true,
  });
  const { context, pool, keychain } = parts;
  const tenant = tenantId(env.COUNTERSIGN_TENANT);
  const key: unknown = JSON.parse(readFileSync(env.COUNTERSIGN_WARRANT_KEY_FILE, 'utf8'));
  const connection = await Connection.connect(temporalConnection(env));
  const { namespace, codec } = context;
  const client = new Client({ connection, namespace, dataConverter: codec.dataConverter });
  const worker = await governanceWorker(context, {
    pool,
    keychain,
    rulebook: rulebookReader(),
    issuer: await warrantIssuer(warrantIssuerName(tenant), key),
    location: env.COUNTERSIGN_FHIR_URL.replace(/\/+$/, ''),
    verifier: tokenVerifiers(),
    verifications: new Semaphore(verificationsInFlight),
    runs: actionRuns(client),
  });
  await Promise.all([ensureSweep(client, tenant), ensureReconciler(client, tenant)]);
  return run(worker, parts, { healthPort: env.COUNTERSIGN_HEALTH_PORT, close: () => connection.close() });
}
