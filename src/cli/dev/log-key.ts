import { existsSync } from 'node:fs';
import { createLogKey, logVerifier } from '../../signer/log-key.node.js';
import { devOrigin } from './first-directory.js';

/** The log's verifier key; its secret is made at the first start and stays. */
export function ensureLogKey(file: string): string {
  return existsSync(file) ? logVerifier(file) : createLogKey(file, devOrigin);
}
