/** The codec server and the proxy before the Temporal UI: `node dist/src/codec-server/main.js`. */
import { EnvironmentError, readEnvironment } from '../config/environment.js';
import { createLog, errorFacts } from '../config/log.js';
import { announceReady, endWith } from '../config/process-life.js';
import { startCodec } from './process.js';

try {
  const { addresses, stop } = await startCodec(readEnvironment('codec', process.env));
  endWith(stop);
  announceReady({ codec: addresses.codec.origin, ui: addresses.ui.origin });
} catch (error) {
  if (error instanceof EnvironmentError) process.stderr.write(`${error.message}\n`);
  else createLog('codec-server', 'error').fatal({ error: errorFacts(error) }, explain(error));
  process.exit(1);
}

/** Messages of our own checks hold no content; of foreign errors only kind and code are logged. */
function explain(error: unknown): string {
  return error instanceof Error && (error.name === 'Refusal' || (error.name === 'Error' && !('code' in error)))
    ? error.message
    : 'the codec server could not start';
}
