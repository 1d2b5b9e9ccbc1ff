import { sha256 } from '@noble/hashes/sha2.js';
import type { Pool, PoolClient } from 'pg';
import { appendLeaf } from '../../audit/append.store.js';
import { canonicalDigest } from '../../audit/bytes.js';
import { inTenant } from '../../database/transaction.js';
import type { Assertion } from '../../passkey/assertion.js';
import { unbase64url } from '../../passkey/base64url.js';
import { authenticatorDataOf } from '../../passkey/ceremony.js';
import { findPasskey, usePasskey, type PasskeyRow } from '../../passkey/passkey.store.js';
import { wordFor } from '../../passkey/vouching.store.js';
import { changeRefusalSchema, statementHash, type ChangeRefusal } from './change.js';
import { refusedChangeLeaf } from './change-leaves.js';
import {
  findChangeChallenge,
  findChangeProof,
  insertSignature,
  keepChangeRefusal,
  statementOf,
  type ChangeChallengeRow,
} from './change.store.js';
import { signerStanding } from './change-rules.js';
import { findBase } from '../governing.store.js';
import type { Rulebook } from '../rulebook.js';
import type { ReadRulebook } from '../rulebook.store.js';
import type { ChangeAnswer, SignatureCase } from './signature-case.js';
import { checkSignature, useRefusal } from './signature-proof.js';
import { findSigner } from './signer.store.js';

export interface RecordSignatureDeps {
  readonly pool: Pool;
  readonly rulebook: ReadRulebook;
}

/** What the worker verifies, and the rulebook that would be replaced: it says which sites it believes and who may sign. */
export interface SignatureOpening {
  readonly challenge: ChangeChallengeRow;
  readonly assertion: Assertion;
  /** The one that signed, revoked or not; undefined for an unknown one. */
  readonly passkey: PasskeyRow | undefined;
  readonly base: Rulebook;
}

export type OpenedProof =
  | ({ readonly status: 'open' } & SignatureOpening)
  /** Nothing to verify: this assertion was counted or refused before, or came too late. */
  | { readonly status: 'answered'; readonly answer: ChangeAnswer };

export async function openProof(deps: RecordSignatureDeps, of: SignatureCase): Promise<OpenedProof> {
  return inTenant(deps.pool, of.tenant, async (tx) => {
    const answered = (answer: ChangeAnswer): OpenedProof => ({ status: 'answered', answer });
    const challenge = await findChangeChallenge(tx, of.challenge);
    const noted = challenge && (await findChangeProof(tx, of.challenge, of.proof));
    // No leaf: there is nobody whose it could be. The API notes an assertion before it starts anything.
    if (!challenge || !noted) return answered({ status: 'refused', code: 'rulebook.unknown' });
    if (noted.counted) return answered({ status: 'signed', challenge: of.challenge });
    if (noted.refused !== null) return answered({ status: 'refused', code: changeRefusalSchema.parse(noted.refused) });
    if (noted.late) return answered(await refuse(tx, of, challenge, 'rulebook.challenge_expired'));
    const { assertion } = noted;
    const passkey = await findPasskey(tx, assertion.credentialId);
    return { status: 'open', challenge, assertion, passkey, base: await findBase(tx, deps.rulebook, challenge.base) };
  });
}

/**
 * Counts an assertion: it must be the person's own, for this statement, by a passkey that somebody vouched for, and they
 * must be entitled to sign now. A deny takes the same key: it ends a proposal, and else whoever makes up keys at the
 * identity provider could stop every change, the one that drops this provider first of all.
 */
export async function recordSignature(
  { pool }: Pick<RecordSignatureDeps, 'pool'>,
  of: SignatureCase,
  { challenge, assertion, passkey, base }: SignatureOpening,
  signed: boolean,
): Promise<ChangeAnswer> {
  return inTenant(pool, of.tenant, async (tx) => {
    const { person, actingRoles, verdict, proposal } = challenge;
    const no = (code: ChangeRefusal): Promise<ChangeAnswer> => refuse(tx, of, challenge, code);
    const statement = statementHash(statementOf(challenge), sha256);
    const { rpIds } = base.trustRoots;
    const unproven = checkSignature({ assertion, passkey, person, hash: statement, rpIds, signed });
    if (unproven) return no(unproven);
    const signer = await findSigner(tx, person);
    if (!signer || !passkey) return no('rulebook.inactive');
    if (!(await wordFor(tx, passkey.passkey))) return no('rulebook.not_vouched');
    const standing = signerStanding(base, signer, actingRoles);
    if (standing.status === 'refused') return no(standing.code);
    const { roles } = standing;
    const objection =
      (await usedPasskey(tx, passkey, assertion)) ??
      (await insertSignature(tx, { challenge: of.challenge, name: of.proof, roles, statement }));
    if (objection !== undefined) return no(objection);
    await appendLeaf(tx, {
      kind: 'rulebook.signed',
      key: of.challenge,
      data: {
        proposal,
        rulebook: challenge.digest,
        base: challenge.base,
        challenge: of.challenge,
        person,
        roles: [...roles],
        verdict,
        statement,
        proof: canonicalDigest(assertion),
        passkey: passkey.passkey,
      },
    });
    return { status: 'signed', challenge: of.challenge };
  });
}

/** Under the passkey's lock: not revoked meanwhile, and its counter went up. */
async function usedPasskey(
  tx: PoolClient,
  { passkey }: PasskeyRow,
  assertion: Assertion,
): Promise<ChangeRefusal | undefined> {
  const data = authenticatorDataOf(unbase64url(assertion.authenticatorData) ?? new Uint8Array());
  if (!data) return 'rulebook.proof_invalid';
  const refusal = await usePasskey(tx, passkey, data.counter);
  return refusal === undefined ? undefined : useRefusal(refusal);
}

/** The first refusal of an assertion stays; one that was counted while this ran keeps its answer too. */
async function refuse(
  tx: PoolClient,
  of: SignatureCase,
  { person, proposal }: ChangeChallengeRow,
  code: ChangeRefusal,
): Promise<ChangeAnswer> {
  const kept = await keepChangeRefusal(tx, of.challenge, of.proof, code);
  if (kept === undefined) return { status: 'signed', challenge: of.challenge };
  await appendLeaf(tx, refusedChangeLeaf({ proposal, person, code: kept }));
  return { status: 'refused', code: kept };
}
