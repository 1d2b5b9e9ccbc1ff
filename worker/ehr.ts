import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { importJWK } from 'jose';
import { z } from 'zod';
import { readEnvironment } from '../src/config/environment.js';
import { fhirGateway } from '../src/ehr/fhir.gateway.js';
import { smartTokens } from '../src/ehr/smart.gateway.js';
import { rulebookReader } from '../src/rulebook/rulebook.store.js';
import { run, workerParts, type RunningWorker } from './process.js';
import { ehrWorker } from './workers.js';

const clientKey = z.looseObject({ kty: z.literal('EC'), crv: z.literal('P-384'), d: z.string(), kid: z.string() });

/** Queue `ehr`: whatever reaches the EHR. It uses warrants and cannot make one. */
export async function startEhr(variables: NodeJS.ProcessEnv): Promise<RunningWorker> {
  const env = readEnvironment('ehr', variables);
  const base = env.COUNTERSIGN_FHIR_URL.replace(/\/+$/, '');
  const jwk = clientKey.safeParse(JSON.parse(readFileSync(env.COUNTERSIGN_FHIR_KEY_FILE, 'utf8')));
  const key = jwk.success ? await importJWK(jwk.data, 'ES384') : undefined;
  if (!jwk.success || key === undefined || key instanceof Uint8Array)
    throw new Error('COUNTERSIGN_FHIR_KEY_FILE must hold a private P-384 JWK with a kid');
  const parts = await workerParts(env, { name: 'worker-ehr', keyring: ['unwrap'], mayCreate: false });
  const { context, pool, keychain } = parts;
  const tokens = smartTokens({
    base,
    clientId: env.COUNTERSIGN_FHIR_CLIENT_ID,
    key,
    kid: jwk.data.kid,
    monotonic: () => performance.now(),
    clock: () => Math.floor(Date.now() / 1000),
    randomId: randomUUID,
  });
  const fhir = fhirGateway({ base, tokens });
  const worker = await ehrWorker(context, {
    pool,
    keychain,
    fhir,
    rulebook: rulebookReader(),
    monotonic: () => performance.now(),
  });
  return run(worker, parts, { healthPort: env.COUNTERSIGN_HEALTH_PORT });
}
