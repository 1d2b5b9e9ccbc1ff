import type { Environment } from '../config/environment.js';
import { nodeAead } from './aead.node.js';
import { restrict, type Keyring, type KeyringOperation } from './keyring.js';
import { localKeyring } from './local-keyring.node.js';

/**
 * The keyring that COUNTERSIGN_KEYRING names, with the operations that this process may do and no other.
 *
 * @throws Refusal `keyring.local_in_production`, `keyring.missing`.
 */
export function openKeyring(
  env: Pick<Environment<'api'>, 'COUNTERSIGN_KEYRING' | 'COUNTERSIGN_MODE'>,
  allowed: readonly KeyringOperation[],
): Keyring {
  const folder = env.COUNTERSIGN_KEYRING.replace(/^folder:/, '');
  return restrict(
    localKeyring({ folder, production: env.COUNTERSIGN_MODE !== 'development', aead: nodeAead }),
    allowed,
  );
}
