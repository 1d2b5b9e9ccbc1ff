import { sha256 } from '@noble/hashes/sha2.js';
import type { Pool, PoolClient } from 'pg';
import type { ChallengeId, PersonId, RoleName, TenantId } from '../../action/ids.js';
import { appendLeaf } from '../../audit/append.store.js';
import { inTenant } from '../../database/transaction.js';
import { passkeysOf } from '../../passkey/passkey.store.js';
import { vouchersOf } from '../../passkey/vouching.store.js';
import { statementHash, type ChangeRefusal, type ChangeVerdict, type ProposalId, type Statement } from './change.js';
import { refusedChangeLeaf } from './change-leaves.js';
import { findChangeChallenge, findProposal, insertChangeChallenge, statementOf } from './change.store.js';
import { rolesToSignIn, signerStanding } from './change-rules.js';
import { findBase } from '../governing.store.js';
import type { ReadRulebook } from '../rulebook.store.js';
import { findSigner } from './signer.store.js';

export interface SignatureDeps {
  readonly pool: Pool;
  readonly rulebook: ReadRulebook;
  readonly newChallengeId: () => ChallengeId;
}

export interface SigningCase {
  readonly tenant: TenantId;
  readonly person: PersonId;
  readonly proposal: ProposalId;
  readonly verdict: ChangeVerdict;
  /** Undefined: every role in which this person may sign. */
  readonly actingRoles: readonly RoleName[] | undefined;
}

export type OpenedSignature =
  | {
      readonly status: 'opened';
      readonly statement: Statement;
      /** base64url of 32 bytes: what the passkey signs. */
      readonly hash: string;
      /** Of the site whose passkey signs. */
      readonly rpId: string;
      /** Five minutes after it was opened, by the database's clock. */
      readonly expiresAt: Date;
    }
  | { readonly status: 'refused'; readonly code: ChangeRefusal };

/**
 * Fixes the bytes that a person is about to sign. Nothing counts yet. Who may not sign is told now, with a leaf, and not
 * after signing; the governance worker judges it again, and it is the one that counts.
 */
export async function openSignature(
  deps: SignatureDeps,
  { tenant, person, proposal, verdict, actingRoles }: SigningCase,
): Promise<OpenedSignature> {
  return inTenant(deps.pool, tenant, async (tx) => {
    const row = await findProposal(tx, proposal);
    const refuse = async (code: ChangeRefusal): Promise<OpenedSignature> => {
      await appendLeaf(tx, refusedChangeLeaf({ proposal: row?.proposal ?? null, person, code }));
      return { status: 'refused', code };
    };
    const signer = await findSigner(tx, person);
    if (!row) return refuse('rulebook.unknown');
    if (!signer) return refuse('rulebook.inactive');
    const base = await findBase(tx, deps.rulebook, row.base);
    const acting = actingRoles ?? rolesToSignIn(base, signer);
    const standing = signerStanding(base, signer, acting);
    if (standing.status === 'refused') return refuse(standing.code);
    const [rpId] = base.trustRoots.rpIds;
    if (rpId === undefined || !(await holdsVouched(tx, person, rpId))) return refuse('rulebook.not_vouched');
    const challenge = deps.newChallengeId();
    const objection = await insertChangeChallenge(tx, { challenge, proposal, person, verdict, actingRoles: acting });
    if (objection !== undefined) return refuse(objection);
    const opened = await findChangeChallenge(tx, challenge);
    if (!opened) throw new Error('a challenge that was just opened is not there');
    const statement = statementOf(opened);
    return { status: 'opened', statement, hash: statementHash(statement, sha256), rpId, expiresAt: opened.expiresAt };
  });
}

/** Whether this person has a passkey of this site that somebody vouched for. */
async function holdsVouched(tx: PoolClient, person: PersonId, rpId: string): Promise<boolean> {
  const vouchers = await vouchersOf(tx, person);
  const own = await passkeysOf(tx, person);
  return own.some((each) => each.revokedAt === null && each.rpId === rpId && vouchers.has(each.passkey));
}
