/** The worker process of one queue: `node dist/worker/main.js governance` or `ehr`. */
import { EnvironmentError } from '../src/config/environment.js';
import { createLog, errorFacts } from '../src/config/log.js';
import { announceReady, endWith } from '../src/config/process-life.js';
import { serveHealth } from '../src/config/health.js';
import { startEhr } from './ehr.js';
import { startGovernance } from './governance.js';
import type { RunningWorker } from './process.js';

const queues: Readonly<Record<string, (env: NodeJS.ProcessEnv) => Promise<RunningWorker>>> = {
  governance: startGovernance,
  ehr: startEhr,
};

/** Errors of our own checks, whose messages hold no content. */
const ours = new Set(['Refusal', 'SchemaError', 'Error']);

const queue = process.argv.at(-1) ?? '';
const start = Object.hasOwn(queues, queue) ? queues[queue] : undefined;
if (!start) {
  process.stderr.write(`countersign worker: name a queue: ${Object.keys(queues).join(' or ')}\n`);
  process.exit(2);
}

try {
  const worker = await start(process.env);
  const health = worker.healthPort === undefined ? undefined : serveHealth(worker.healthPort, worker.healthy);
  endWith(async () => {
    health?.close();
    await worker.stop();
  });
  announceReady({ queue });
  await worker.ended;
} catch (error) {
  if (error instanceof EnvironmentError) process.stderr.write(`${error.message}\n`);
  else createLog(`worker-${queue}`, 'error').fatal({ error: errorFacts(error) }, explain(error));
  process.exit(1);
}

/** Of foreign errors only kind and code are logged. */
function explain(error: unknown): string {
  return error instanceof Error && ours.has(error.name) ? error.message : 'the worker ended';
}
