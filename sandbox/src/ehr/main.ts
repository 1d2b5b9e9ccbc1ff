/** The sandbox EHR as a process: `node main.js CONFIG.json`. Ends with its parent (IPC) or on SIGTERM. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { startEhr } from './server.js';

const configFile = z.strictObject({
  port: z.number().int().min(0).max(65_535),
  host: z.string().exactOptional(),
  stateDir: z.string().exactOptional(),
  clients: z.array(
    z.strictObject({
      id: z.string().min(1),
      jwks: z.object({ keys: z.array(z.looseObject({ kty: z.string() })) }),
      scope: z.string(),
    }),
  ),
  seed: z.string().exactOptional(),
  bundlesDir: z.string().exactOptional(),
  controlToken: z.string().min(16).exactOptional(),
});

const [file] = process.argv.slice(2);
if (file === undefined) {
  console.error('usage: main.js CONFIG.json');
  process.exit(64);
}
const ehr = await startEhr(configFile.parse(JSON.parse(readFileSync(file, 'utf8'))));
const stop = () => void ehr.close().then(() => process.exit(0));
process.once('SIGTERM', stop);
process.once('disconnect', stop);
if (process.connected === false) stop(); // the parent went while we started
const { url, tokenUrl, controlUrl, demoPatients } = ehr;
console.log(JSON.stringify({ ready: true, url, tokenUrl, controlUrl, demoPatients }));
