/** Entry point: `main.js CONFIG.json` runs the identity provider until its parent goes or it is asked to stop. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { startIdentityProvider } from './server.js';

const publicKey = z.object({ kty: z.string() }).catchall(z.unknown());
const configFile = z.strictObject({
  host: z.string().optional(),
  port: z.number().int().min(0).max(65_535),
  issuerHost: z.string().optional(),
  stateDir: z.string().min(1),
  apiResource: z.url(),
  agents: z.array(
    z.strictObject({
      clientId: z.string().min(1),
      jwks: z.object({ keys: z.array(publicKey).min(1) }),
      scope: z.string(),
    }),
  ),
  consoleRedirects: z.array(z.url()),
  totpPeriod: z.number().int().min(1).optional(),
});

const [, , path] = process.argv;
if (path === undefined) throw new Error('usage: main.js CONFIG.json');
const { host, issuerHost, totpPeriod, ...config } = configFile.parse(JSON.parse(readFileSync(path, 'utf8')));
const provider = await startIdentityProvider({
  ...config,
  ...(host !== undefined && { host }),
  ...(issuerHost !== undefined && { issuerHost }),
  ...(totpPeriod !== undefined && { totpPeriod }),
});

const stop = () => void provider.close().then(() => process.exit(0));
process.once('SIGTERM', stop);
process.once('SIGINT', stop);
process.once('disconnect', stop);
if (process.connected === false) stop(); // the parent went while we started
console.log(JSON.stringify({ ready: true, issuer: provider.issuer }));
