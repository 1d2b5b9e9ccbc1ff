import type { Pool } from 'pg';
import type { PersonId, TenantId } from '../action/ids.js';
import { appendLeaf } from '../audit/append.store.js';
import { inTenant } from '../database/transaction.js';
import type { PasskeyId } from './ids.js';
import { revokePasskey } from './passkey.store.js';

export interface RevokedCase {
  readonly tenant: TenantId;
  readonly person: PersonId;
  readonly passkey: PasskeyId;
}

/**
 * Ends a person's passkey for good: from the next vote on it signs nothing that counts. Votes that it signed before stay.
 * Ending it again changes nothing. False when this person has no such passkey.
 */
export async function revokeOwnPasskey(
  { pool }: { readonly pool: Pool },
  { tenant, person, passkey }: RevokedCase,
): Promise<boolean> {
  return inTenant(pool, tenant, async (tx) => {
    if (!(await revokePasskey(tx, passkey, person))) return false;
    await appendLeaf(tx, { kind: 'passkey.revoked', key: passkey, data: { passkey, person } });
    return true;
  });
}
