/** The signer process: holds the log's key, alone, and signs what fits everything that it signed before. */
import type { AddressInfo } from 'node:net';
import { tenant } from '../action/ids.js';
import { formatVerifier } from '../audit/note.js';
import { EnvironmentError, readEnvironment } from '../config/environment.js';
import { lockFolder } from '../config/folder-lock.js';
import { createLog, errorFacts } from '../config/log.js';
import { announceReady, endWith } from '../config/process-life.js';
import { serveHealth } from '../config/health.js';
import { readLogKey } from './log-key.node.js';
import { markFile } from './mark.node.js';
import { startSigner } from './start.js';
import { StartError } from './start-error.js';

/** Origins of development begin so, and no others do: a stand-in's signature must never pass for the real one's. */
const developmentOrigin = 'dev.';

async function main(): Promise<void> {
  const env = readEnvironment('signer', process.env);
  const log = createLog('signer', env.COUNTERSIGN_LOG_LEVEL);
  const signer = readLogKey(env.COUNTERSIGN_LOG_KEY_FILE);
  if (signer.name.startsWith(developmentOrigin) !== (env.COUNTERSIGN_MODE === 'development'))
    throw new StartError(`Log origins start with ${developmentOrigin} in development, and only there.`);
  const mark = markFile(env.COUNTERSIGN_SIGNER_STATE);
  // Two signers would move one mark.
  const lock = lockFolder(env.COUNTERSIGN_SIGNER_STATE, 'signer');
  if (lock.status === 'held')
    throw new StartError(`Another signer (pid ${lock.pid}) uses COUNTERSIGN_SIGNER_STATE; end it first.`);
  process.once('exit', lock.release);
  mark.read(); // a damaged one ends the start

  const running = startSigner({
    connectionString: env.COUNTERSIGN_DATABASE_URL,
    tenant: tenant(env.COUNTERSIGN_TENANT),
    signer,
    mark,
    log,
  });
  const health =
    env.COUNTERSIGN_HEALTH_PORT === undefined
      ? undefined
      : serveHealth(env.COUNTERSIGN_HEALTH_PORT, () => running.healthy());
  endWith(async () => {
    health?.close();
    await running.stop();
  });
  await running.firstRound;
  const address = health?.address();
  announceReady({
    origin: signer.name,
    vkey: formatVerifier(signer),
    status: running.state().status,
    ...(isPort(address) && { healthPort: address.port }),
  });
}

function isPort(address: AddressInfo | string | null | undefined): address is AddressInfo {
  return typeof address === 'object' && address !== null;
}

await main().catch((error: unknown) => {
  // Our own words only: messages of foreign errors may quote what they choked on.
  const ours = error instanceof EnvironmentError || error instanceof StartError;
  process.stderr.write(`${ours ? error.message : `countersign signer cannot start (${errorFacts(error).kind})`}\n`);
  process.exit(1);
});
