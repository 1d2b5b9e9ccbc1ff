/** The port to wherever key-encryption keys (KEKs) live: outside PostgreSQL, never read back in clear. */
import { Refusal } from '../action/refusal.js';
import type { TenantId } from '../action/ids.js';

/** `open/<tenant>/<yyyy-mm>`: actions begun that month. `dispose/…`: those to be disposed of then. `tenant/<tenant>`: the rest. */
export type KekId = `open/${string}/${string}` | `dispose/${string}/${string}` | `tenant/${string}`;

export const keyringOperations = ['wrap', 'unwrap', 'destroy'] as const;
export type KeyringOperation = (typeof keyringOperations)[number];

export interface Keyring {
  /** Encrypts a data key under this KEK, making the KEK at its first use. `context` binds what the key is for. */
  wrap(kek: KekId, key: Uint8Array, context: readonly string[]): Promise<Uint8Array>;
  /** @throws Refusal `key.unreadable` for a wrong context or KEK, `key.gone` when the KEK was destroyed. */
  unwrap(kek: KekId, wrapped: Uint8Array, context: readonly string[]): Promise<Uint8Array>;
  /** Destroys the KEK and so everything that only it wraps. Destroying twice is destroying once. */
  destroy(kek: KekId): Promise<void>;
}

export const openKek = (tenant: TenantId, month: string): KekId => `open/${tenant}/${monthOf(month)}`;
export const disposalKek = (tenant: TenantId, month: string): KekId => `dispose/${tenant}/${monthOf(month)}`;
export const tenantKek = (tenant: TenantId): KekId => `tenant/${tenant}`;

/** `yyyy-mm` of a date text that begins so. @throws RangeError for anything else. */
export function monthOf(date: string): string {
  const month = /^\d{4}-(0[1-9]|1[0-2])/.exec(date)?.[0];
  if (month === undefined) throw new RangeError('not a month');
  return month;
}

/** A keyring that refuses what this process may not do (DESIGN §4): said once, at start. */
export function restrict(keyring: Keyring, allowed: readonly KeyringOperation[]): Keyring {
  const guard = (operation: KeyringOperation): void => {
    if (!allowed.includes(operation)) throw new Refusal('key.forbidden', `This process may not ${operation} keys.`);
  };
  return {
    wrap: async (kek, key, context) => {
      guard('wrap');
      return keyring.wrap(kek, key, context);
    },
    unwrap: async (kek, wrapped, context) => {
      guard('unwrap');
      return keyring.unwrap(kek, wrapped, context);
    },
    destroy: async (kek) => {
      guard('destroy');
      return keyring.destroy(kek);
    },
  };
}
