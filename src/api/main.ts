/** The API process: `node dist/src/api/main.js`. */
import { EnvironmentError, readEnvironment } from '../config/environment.js';
import { createLog, errorFacts } from '../config/log.js';
import { announceReady, endWith } from '../config/process-life.js';
import { startApi } from './process.js';

try {
  const api = await startApi(readEnvironment('api', process.env));
  endWith(() => api.stop());
  announceReady({ url: api.url });
} catch (error) {
  if (error instanceof EnvironmentError) process.stderr.write(`${error.message}\n`);
  else createLog('api', 'error').fatal({ error: errorFacts(error) }, explain(error));
  process.exit(1);
}

/** Messages of our own checks hold no content; of foreign errors only kind and code are logged. */
function explain(error: unknown): string {
  return error instanceof Error && (error.name === 'Refusal' || (error.name === 'Error' && !('code' in error)))
    ? error.message
    : 'the API could not start';
}
