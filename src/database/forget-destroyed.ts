import { actionSchema, type TenantId } from '../action/ids.js';
import type { Logger } from '../config/log.js';
import type { Keychain } from '../keys/keychain.store.js';
import { listen, type Listener } from './listen.js';

export interface ForgetOptions {
  readonly connectionString: string;
  readonly tenant: TenantId;
  readonly keychain: Keychain;
  readonly log: Logger;
}

/**
 * Drops an action's keys from this process's cache as soon as another process has destroyed them. While nobody listens
 * what is cached ends by itself after five minutes, and everything goes when the connection is back.
 */
export function forgetDestroyed({ connectionString, tenant, keychain, log }: ForgetOptions): Listener {
  return listen({
    connectionString,
    channel: 'dek_destroyed',
    log,
    onPayload(payload) {
      const action = actionSchema.safeParse(payload);
      if (action.success) keychain.forget(tenant, action.data);
    },
    onConnected: () => keychain.forgetAll(),
  });
}
