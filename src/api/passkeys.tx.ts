import { sha256 } from '@noble/hashes/sha2.js';
import type { Pool } from 'pg';
import type { PersonId, TenantId } from '../action/ids.js';
import { inTenant } from '../database/transaction.js';
import { findPerson } from '../directory/directory.store.js';
import type { PasskeyId } from '../passkey/ids.js';
import { keyDigests } from '../passkey/key-digests.js';
import { passkeyOf, passkeysOf, type PasskeyRow } from '../passkey/passkey.store.js';
import { fingerprintOf } from '../passkey/vouching.js';
import { vouchersOf, type VoucherRow } from '../passkey/vouching.store.js';

export interface OwnPasskey {
  readonly row: PasskeyRow;
  /** Who vouched for it, if anybody did. */
  readonly voucher: VoucherRow | undefined;
}

/** A passkey as its person sees it. */
export function passkeyView({ row, voucher }: OwnPasskey) {
  return {
    id: row.passkey,
    credential: row.credential,
    fingerprint: fingerprint(row),
    rpId: row.rpId,
    aaguid: row.aaguid,
    transports: row.transports,
    enrolledAt: row.enrolledAt.toISOString(),
    lastUsedAt: row.lastUsedAt?.toISOString() ?? null,
    revokedAt: row.revokedAt?.toISOString() ?? null,
    vouched: vouchedView(voucher),
  };
}

/** A passkey as somebody sees it who is asked to vouch for it. */
export function othersPasskeyView({ row, voucher, owner }: OwnPasskey & { readonly owner: string }) {
  return {
    id: row.passkey,
    owner,
    fingerprint: fingerprint(row),
    rpId: row.rpId,
    enrolledAt: row.enrolledAt.toISOString(),
    revokedAt: row.revokedAt?.toISOString() ?? null,
    vouched: vouchedView(voucher),
  };
}

function fingerprint(row: PasskeyRow): string {
  return fingerprintOf(keyDigests(row), sha256);
}

function vouchedView(voucher: VoucherRow | undefined) {
  return voucher ? { by: voucher.name, at: voucher.givenAt.toISOString() } : null;
}

/** A person's passkeys, oldest first, revoked ones included. */
export async function ownPasskeys(pool: Pool, tenant: TenantId, person: PersonId): Promise<OwnPasskey[]> {
  return inTenant(pool, tenant, async (tx) => {
    const vouchers = await vouchersOf(tx, person);
    return (await passkeysOf(tx, person)).map((row) => ({ row, voucher: vouchers.get(row.passkey) }));
  });
}

/** Anybody's passkey, for whoever may have to vouch for it. */
export async function anyPasskey(
  pool: Pool,
  tenant: TenantId,
  passkey: PasskeyId,
): Promise<(OwnPasskey & { readonly owner: string }) | undefined> {
  return inTenant(pool, tenant, async (tx) => {
    const row = await passkeyOf(tx, passkey);
    const owner = row && (await findPerson(tx, row.person));
    return row && owner && { row, owner: owner.displayName, voucher: (await vouchersOf(tx, row.person)).get(passkey) };
  });
}
