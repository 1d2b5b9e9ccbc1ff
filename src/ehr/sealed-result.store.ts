import type { PoolClient } from 'pg';
import { canonicalBytes } from '../action/canonical.js';
import type { ActionId, TenantId } from '../action/ids.js';
import { Refusal } from '../action/refusal.js';
import type { Keychain } from '../keys/keychain.store.js';
import type { Target } from '../warrant/check-target.js';
import type { WrittenVersion } from '../warrant/write-use.store.js';

export interface WrittenResult {
  readonly action: ActionId;
  readonly target: Target;
  /** `Patient/<id>`. */
  readonly patient: string;
  /** `meta.versionId` that the EHR gave. */
  readonly version: string;
}

/** Seals what was written as the result; returns what the use keeps of it: a pseudonym and a number. */
export async function sealWritten(
  tx: PoolClient,
  keychain: Keychain,
  tenant: TenantId,
  { action, target, patient, version }: WrittenResult,
): Promise<WrittenVersion> {
  const reference = `${target.type}/${target.id}`;
  const written = await keychain.pseudonym(tx, tenant, patient, reference, { create: false });
  if (written === undefined) throw new Refusal('warrant.other_patient', 'The patient of the request has no pseudonym.');
  const result = { elements: {}, truncated: false, modified: [{ reference, version }] };
  await keychain.seal(tx, tenant, action, 'result', canonicalBytes(result));
  return { written, version };
}
