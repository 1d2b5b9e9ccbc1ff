import { readFileSync } from 'node:fs';
import type { Environment } from '../config/environment.js';

type TemporalVariables = Pick<
  Environment<'governance'>,
  | 'COUNTERSIGN_TEMPORAL_ADDRESS'
  | 'COUNTERSIGN_TEMPORAL_CA_FILE'
  | 'COUNTERSIGN_TEMPORAL_CERT_FILE'
  | 'COUNTERSIGN_TEMPORAL_KEY_FILE'
  | 'COUNTERSIGN_MODE'
>;

export interface TemporalConnectionOptions {
  readonly address: string;
  readonly tls?: {
    readonly serverRootCACertificate: Buffer;
    readonly clientCertPair?: { readonly crt: Buffer; readonly key: Buffer };
  };
}

/**
 * Options for a client's Connection and a worker's NativeConnection alike.
 *
 * @throws Error in production without a CA file: payloads are encrypted, but ids and search attributes are not.
 */
export function temporalConnection(env: TemporalVariables): TemporalConnectionOptions {
  const address = env.COUNTERSIGN_TEMPORAL_ADDRESS;
  const ca = env.COUNTERSIGN_TEMPORAL_CA_FILE;
  if (ca === undefined) {
    if (env.COUNTERSIGN_MODE === 'production')
      throw new Error('production needs TLS to Temporal: set COUNTERSIGN_TEMPORAL_CA_FILE');
    return { address };
  }
  const crt = env.COUNTERSIGN_TEMPORAL_CERT_FILE;
  const key = env.COUNTERSIGN_TEMPORAL_KEY_FILE;
  return {
    address,
    tls: {
      serverRootCACertificate: readFileSync(ca),
      ...(crt !== undefined &&
        key !== undefined && { clientCertPair: { crt: readFileSync(crt), key: readFileSync(key) } }),
    },
  };
}
