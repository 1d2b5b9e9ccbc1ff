import { sha256 } from '@noble/hashes/sha2.js';
import type { PoolClient } from 'pg';
import { z } from 'zod';
import type { IsSigned } from '../passkey/stored-word.store.js';
import { canonicalDigest, hex } from '../audit/bytes.js';
import { dataOf, leafOf, type LeafData, type LeafKind } from '../audit/leaf.js';
import { unbase64url } from '../passkey/base64url.js';
import { findPasskey, type PasskeyRow } from '../passkey/passkey.store.js';
import { statementHash, type ChangeRefusal } from './change.js';
import { findChangeChallenge, statementOf, type ProposalRow, type SignatureRow } from './change.store.js';
import { signerStanding, type JudgedSignature } from './change-rules.js';
import type { Rulebook } from './rulebook.js';
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
 * under it, the key by the log of its enrolment, and what its signer may be by now.
 */
export async function verifySignature(
  tx: PoolClient,
  row: SignatureRow,
  { proposal, base, isSigned }: SignatureTrust,
): Promise<VerifiedSignature> {
  const no = (code: ChangeRefusal): VerifiedSignature => ({ status: 'refused', code });
  const { assertion, person, verdict } = row;
  const challenge = await findChangeChallenge(tx, row.challenge);
  const logged = await leafData(tx, 'rulebook.signed', row.challenge);
  const statement = challenge && statementHash(statementOf(challenge), sha256);
  const isAsLogged =
    statement === row.statement &&
    logged?.statement === statement &&
    logged.proof === canonicalDigest(assertion) &&
    challenge?.proposal === proposal.proposal &&
    challenge.digest === proposal.digest &&
    challenge.base === proposal.base &&
    challenge.person === person &&
    challenge.verdict === verdict &&
    row.roles.every((role) => challenge.actingRoles.includes(role));
  if (statement === undefined || !isAsLogged) return no('rulebook.altered');

  const passkey = await findPasskey(tx, assertion.credentialId);
  const enrolled = passkey && (await leafData(tx, 'passkey.enrolled', passkey.passkey));
  if (passkey && !isEnrolled(passkey, enrolled)) return no('rulebook.unknown_passkey');
  const { rpIds } = base.trustRoots;
  const signed = passkey !== undefined && (await isSigned(assertion, passkey.publicKey, rpIds));
  const unproven = checkSignature({ assertion, passkey, person, hash: statement, rpIds, signed });
  if (unproven) return no(unproven);

  const signer = await findSigner(tx, person);
  if (!signer) return no('rulebook.inactive');
  const standing = signerStanding(base, signer, row.roles);
  if (standing.status === 'refused') return no(standing.code);
  return { status: 'genuine', person, verdict, roles: standing.roles, statement };
}

/** The key is the one that the person enrolled, by the log as well as by the table. */
function isEnrolled(row: PasskeyRow, enrolled: LeafData<'passkey.enrolled'> | undefined): boolean {
  return (
    enrolled?.person === row.person &&
    enrolled.rpId === row.rpId &&
    enrolled.credential === hex(sha256(unbase64url(row.credential) ?? new Uint8Array())) &&
    enrolled.publicKey === hex(sha256(row.publicKey))
  );
}

/** Of the tenant's own leaf of this kind and key. */
async function leafData<K extends LeafKind>(tx: PoolClient, kind: K, key: string): Promise<LeafData<K> | undefined> {
  const found = await tx.query(
    'SELECT bytes FROM countersign.audit_leaf WHERE kind = $1 AND key = $2 AND action IS NULL',
    [kind, key],
  );
  const bytes = found.rows.map((row) => z.object({ bytes: z.instanceof(Buffer) }).parse(row).bytes)[0];
  return bytes && dataOf(leafOf(bytes), kind);
}
