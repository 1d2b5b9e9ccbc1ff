import { sha256 } from '@noble/hashes/sha2.js';
import type { Pool } from 'pg';
import type { PersonId, TenantId } from '../action/ids.js';
import { Refusal } from '../action/refusal.js';
import { inTenant } from '../database/transaction.js';
import { activeDigest, type ReadRulebook } from '../rulebook/rulebook.store.js';
import type { PasskeyId } from './ids.js';
import { findEnrolment, insertEnrolment, passkeysOf } from './passkey.store.js';
import { algorithms, enrolmentChallenge, mostPasskeys, userHandleOf } from './registration.js';

export interface EnrolmentDeps {
  readonly pool: Pool;
  readonly rulebook: ReadRulebook;
  readonly newEnrolmentId: () => PasskeyId;
}

export interface EnrolmentCase {
  readonly tenant: TenantId;
  readonly person: PersonId;
  /** What the person's authenticator shows them beside the key. */
  readonly name: string;
}

/** What a browser needs to have a passkey made; WebAuthn Level 3 §5.4 has names for all of it. */
export interface OpenedEnrolment {
  readonly enrolment: PasskeyId;
  /** base64url of 32 bytes. */
  readonly challenge: string;
  readonly rpId: string;
  readonly user: { readonly id: string; readonly name: string; readonly displayName: string };
  readonly algorithms: readonly number[];
  /** Credentials that the person holds already: their authenticators make no second one. */
  readonly exclude: readonly string[];
  /** Five minutes after it was opened, by the database's clock. */
  readonly expiresAt: Date;
}

/**
 * Opens an enrolment: its challenge binds the person and this enrolment. Nothing counts yet.
 *
 * @throws Refusal `passkey.no_relying_party` when the rulebook trusts no site, `passkey.too_many`.
 */
export async function openEnrolment(
  { pool, rulebook, newEnrolmentId }: EnrolmentDeps,
  { tenant, person, name }: EnrolmentCase,
): Promise<OpenedEnrolment> {
  return inTenant(pool, tenant, async (tx) => {
    const [rpId] = (await rulebook(tx, await activeDigest(tx))).trustRoots.rpIds;
    if (rpId === undefined)
      throw new Refusal('passkey.no_relying_party', 'No site takes passkeys here: the rulebook names none.');
    const held = (await passkeysOf(tx, person)).filter(({ revokedAt }) => revokedAt === null);
    if (held.length >= mostPasskeys)
      throw new Refusal('passkey.too_many', 'You hold as many passkeys as you may; revoke one first.');
    const enrolment = newEnrolmentId();
    await insertEnrolment(tx, enrolment, person);
    const opened = await findEnrolment(tx, enrolment);
    if (!opened) throw new Error('an enrolment that was just opened is not there');
    return {
      enrolment,
      challenge: enrolmentChallenge(opened, sha256),
      rpId,
      user: { id: userHandleOf(person), name, displayName: name },
      algorithms,
      exclude: held.map(({ credential }) => credential),
      expiresAt: opened.expiresAt,
    };
  });
}
