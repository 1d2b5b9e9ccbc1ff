import type { Pool } from 'pg';
import type { PersonId, TenantId } from '../action/ids.js';
import { inTenant } from '../database/transaction.js';
import { passkeysOf, type PasskeyRow } from '../passkey/passkey.store.js';

/** A passkey as its person sees it. */
export function passkeyView(row: PasskeyRow) {
  return {
    id: row.passkey,
    credential: row.credential,
    rpId: row.rpId,
    aaguid: row.aaguid,
    transports: row.transports,
    enrolledAt: row.enrolledAt.toISOString(),
    lastUsedAt: row.lastUsedAt?.toISOString() ?? null,
    revokedAt: row.revokedAt?.toISOString() ?? null,
  };
}

/** A person's passkeys, oldest first, revoked ones included. */
export async function ownPasskeys(pool: Pool, tenant: TenantId, person: PersonId): Promise<PasskeyRow[]> {
  return inTenant(pool, tenant, (tx) => passkeysOf(tx, person));
}
