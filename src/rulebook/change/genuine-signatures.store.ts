import { sha256 } from '@noble/hashes/sha2.js';
import type { PoolClient } from 'pg';
import type { ChallengeId } from '../../action/ids.js';
import { canonicalDigest } from '../../audit/bytes.js';
import { dataOf, leafOf, type LeafData } from '../../audit/leaf.js';
import { tenantLeaf } from '../../audit/leaf.store.js';
import { isEnrolledBy } from '../../passkey/signing-key.js';
import { signingKey, wordsBehind, type IsSigned } from '../../passkey/stored-word.store.js';
import { isVouched } from '../../passkey/vouched.js';
import { statementHash, type ChangeRefusal } from './change.js';
import { findChangeChallenge, statementOf, type ProposalRow, type SignatureRow } from './change.store.js';
import { signerStanding, type JudgedSignature } from './change-rules.js';
import type { Rulebook } from '../rulebook.js';
import { checkSignature } from './signature-proof.js';
import { findSigner } from './signer.store.js';

export type VerifiedSignature =
  | ({ readonly status: 'genuine' } & JudgedSignature & { readonly statement: string })
  | { readonly status: 'refused'; readonly code: ChangeRefusal };

export interface SignatureTrust {
  readonly proposal: ProposalRow;
  /** The rulebook that would be replaced, or the last good one where that cannot be read. */
  readonly base: Rulebook;
  readonly isSigned: IsSigned;
}

/**
 * One stored signature, verified once more and from the ground up: the statement made again from the rows, the assertion
 * under it, the key by the log of its enrolment, the words behind it that stood before, and what its signer may be by now.
 */
export async function verifySignature(
  tx: PoolClient,
  row: SignatureRow,
  { proposal, base, isSigned }: SignatureTrust,
): Promise<VerifiedSignature> {
  const no = (code: ChangeRefusal): VerifiedSignature => ({ status: 'refused', code });
  const { assertion, person, verdict } = row;
  const challenge = await findChangeChallenge(tx, row.challenge);
  const logged = await signedLeaf(tx, row.challenge);
  const statement = challenge && statementHash(statementOf(challenge), sha256);
  const isAsLogged =
    statement === row.statement &&
    logged?.data.statement === statement &&
    logged.data.proof === canonicalDigest(assertion) &&
    challenge?.proposal === proposal.proposal &&
    challenge.digest === proposal.digest &&
    challenge.base === proposal.base &&
    challenge.person === person &&
    challenge.verdict === verdict &&
    row.roles.every((role) => challenge.actingRoles.includes(role));
  if (statement === undefined || !logged || !isAsLogged) return no('rulebook.altered');

  const { rpIds } = base.trustRoots;
  const key = await signingKey(tx, assertion, { isSigned, rpIds });
  if (!key || !isEnrolledBy(key, { person, credentialId: assertion.credentialId }))
    return no('rulebook.unknown_passkey');
  const { row: passkey, signed } = key;
  const unproven = checkSignature({ assertion, passkey, person, hash: statement, rpIds, signed });
  if (unproven) return no(unproven);
  const words = await wordsBehind(tx, passkey.passkey, { isSigned, rpIds });
  if (!isVouched(words, { key, before: logged.index, rpIds })) return no('rulebook.not_vouched');

  const signer = await findSigner(tx, person);
  if (!signer) return no('rulebook.inactive');
  const standing = signerStanding(base, signer, row.roles);
  if (standing.status === 'refused') return no(standing.code);
  return { status: 'genuine', person, verdict, roles: standing.roles, statement };
}

/** What the log says of a signature, and where. */
async function signedLeaf(
  tx: PoolClient,
  challenge: ChallengeId,
): Promise<{ readonly index: number; readonly data: LeafData<'rulebook.signed'> } | undefined> {
  const stored = await tenantLeaf(tx, 'rulebook.signed', challenge);
  const data = stored && dataOf(leafOf(stored.bytes), 'rulebook.signed');
  return data && { index: stored.index, data };
}
