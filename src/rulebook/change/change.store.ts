/** Proposals and their signatures in PostgreSQL. Every write is a function that is granted by login. */
import type { PoolClient } from 'pg';
import { z } from 'zod';
import { canonicalJson } from '../../action/canonical.js';
import {
  challengeSchema,
  digestSchema,
  personSchema,
  roleSchema,
  tenantSchema,
  type ChallengeId,
  type Digest,
  type PersonId,
  type RoleName,
} from '../../action/ids.js';
import { assertionSchema, type Assertion } from '../../passkey/assertion.js';
import {
  changeRefusalSchema,
  changeVerdictSchema,
  proposalSchema,
  type ChangeRefusal,
  type ChangeVerdict,
  type ProposalId,
  type Statement,
} from './change.js';
import type { Rulebook } from '../rulebook.js';

const proposalRow = z.object({
  tenant: tenantSchema,
  proposal: proposalSchema,
  digest: digestSchema,
  base: digestSchema,
  /** The place of the base in the tenant's history: the same rules may govern twice. */
  baseOrdinal: z.int(),
  proposer: personSchema,
  note: z.string().nullable(),
  proposedAt: z.date(),
});
export type ProposalRow = Readonly<z.infer<typeof proposalRow>>;

const proposalColumns = `p.tenant, p.proposal, p.digest, p.base, p.base_ordinal AS "baseOrdinal", p.proposer, p.note,
  p.proposed_at AS "proposedAt"`;

export async function findProposal(tx: PoolClient, proposal: ProposalId): Promise<ProposalRow | undefined> {
  const found = await tx.query(`SELECT ${proposalColumns} FROM countersign.rulebook_proposal p WHERE p.proposal = $1`, [
    proposal,
  ]);
  return found.rows.map((row) => proposalRow.parse(row))[0];
}

/** Every proposal of the tenant, newest first. */
export async function proposals(tx: PoolClient): Promise<ProposalRow[]> {
  const found = await tx.query(
    `SELECT ${proposalColumns} FROM countersign.rulebook_proposal p ORDER BY p.proposed_at DESC, p.proposal`,
  );
  return found.rows.map((row) => proposalRow.parse(row));
}

export interface NewProposal {
  readonly rulebook: Rulebook;
  readonly base: Digest;
  readonly proposer: PersonId;
  readonly note: string | undefined;
}

export type Proposed =
  | { readonly status: 'proposed'; readonly proposal: ProposalId }
  | { readonly status: 'refused'; readonly code: ChangeRefusal };

/** Stores the rulebook and proposes it. Granted to the API only. */
export async function insertProposal(
  tx: PoolClient,
  { rulebook, base, proposer, note }: NewProposal,
): Promise<Proposed> {
  const proposed = await tx.query('SELECT refusal, proposal FROM countersign.rulebook_propose($1, $2, $3, $4, $5)', [
    rulebook.digest,
    canonicalJson(rulebook.content),
    base,
    proposer,
    note ?? null,
  ]);
  const row = z
    .object({ refusal: changeRefusalSchema.nullable(), proposal: proposalSchema.nullable() })
    .parse(proposed.rows[0]);
  if (row.refusal !== null) return { status: 'refused', code: row.refusal };
  return { status: 'proposed', proposal: proposalSchema.parse(row.proposal) };
}

const challengeRow = z.object({
  tenant: tenantSchema,
  challenge: challengeSchema,
  proposal: proposalSchema,
  digest: digestSchema,
  base: digestSchema,
  person: personSchema,
  verdict: changeVerdictSchema,
  actingRoles: z.array(roleSchema),
  decidedAt: z.date(),
  expiresAt: z.date(),
});
export type ChangeChallengeRow = Readonly<z.infer<typeof challengeRow>>;

export async function findChangeChallenge(
  tx: PoolClient,
  challenge: ChallengeId,
): Promise<ChangeChallengeRow | undefined> {
  const found = await tx.query(
    `SELECT c.tenant, c.challenge, c.proposal, p.digest, p.base, c.person, c.verdict, c.acting_roles AS "actingRoles",
            c.decided_at AS "decidedAt", c.expires_at AS "expiresAt"
       FROM countersign.rulebook_challenge c JOIN countersign.rulebook_proposal p USING (tenant, proposal)
      WHERE c.challenge = $1`,
    [challenge],
  );
  return found.rows.map((row) => challengeRow.parse(row))[0];
}

/** What the person of a challenge signs. */
export function statementOf({ decidedAt, expiresAt: _expiresAt, ...row }: ChangeChallengeRow): Statement {
  return { v: 1, ...row, decidedAt: decidedAt.toISOString() };
}

export interface NewChallenge {
  readonly challenge: ChallengeId;
  readonly proposal: ProposalId;
  readonly person: PersonId;
  readonly verdict: ChangeVerdict;
  readonly actingRoles: readonly RoleName[];
}

/** Why it was not opened; undefined when it was. Granted to the API only. */
export async function insertChangeChallenge(tx: PoolClient, row: NewChallenge): Promise<ChangeRefusal | undefined> {
  const opened = await tx.query('SELECT countersign.rulebook_challenge_open($1, $2, $3, $4, $5) AS refusal', [
    row.challenge,
    row.proposal,
    row.person,
    row.verdict,
    row.actingRoles,
  ]);
  return refusalIn(opened.rows[0]);
}

/** Notes an assertion; its SHA-256 names it from here on. Undefined for what is no challenge of this person. */
export async function insertChangeProof(
  tx: PoolClient,
  challenge: ChallengeId,
  person: PersonId,
  assertion: Assertion,
): Promise<Digest | undefined> {
  const received = await tx.query(`SELECT encode(countersign.rulebook_receive($1, $2, $3), 'hex') AS name`, [
    challenge,
    person,
    JSON.stringify(assertion),
  ]);
  return z.object({ name: digestSchema.nullable() }).parse(received.rows[0]).name ?? undefined;
}

const proofRow = z.object({
  assertion: assertionSchema,
  /** Whether it came after its challenge was over. */
  late: z.boolean(),
  refused: z.string().nullable(),
  /** Whether its signature counts. */
  counted: z.boolean(),
});
export type ChangeProofRow = Readonly<z.infer<typeof proofRow>>;

export async function findChangeProof(
  tx: PoolClient,
  challenge: ChallengeId,
  name: Digest,
): Promise<ChangeProofRow | undefined> {
  const found = await tx.query(
    `SELECT r.proof AS assertion, r.received_at >= c.expires_at AS late, r.refused,
            EXISTS (SELECT FROM countersign.rulebook_signature s WHERE s.tenant = r.tenant AND s.challenge = r.challenge
                       AND s.proof_sha256 = r.proof_sha256) AS counted
       FROM countersign.rulebook_proof r JOIN countersign.rulebook_challenge c USING (tenant, challenge)
      WHERE r.challenge = $1 AND r.proof_sha256 = decode($2, 'hex')`,
    [challenge, name],
  );
  return found.rows.map((row) => proofRow.parse(row))[0];
}

/** Keeps why a proof did not count; undefined when it was counted meanwhile. Granted to the governance worker only. */
export async function keepChangeRefusal(
  tx: PoolClient,
  challenge: ChallengeId,
  name: Digest,
  code: ChangeRefusal,
): Promise<ChangeRefusal | undefined> {
  const kept = await tx.query(`SELECT countersign.rulebook_refuse($1, decode($2, 'hex'), $3) AS refusal`, [
    challenge,
    name,
    code,
  ]);
  return refusalIn(kept.rows[0]);
}

export interface NewSignature {
  readonly challenge: ChallengeId;
  /** Of its proof. */
  readonly name: Digest;
  readonly roles: readonly RoleName[];
  readonly statement: string;
}

/** Counts a verified signature; why not, if not. Granted to the governance worker only. */
export async function insertSignature(
  tx: PoolClient,
  { challenge, name, roles, statement }: NewSignature,
): Promise<ChangeRefusal | undefined> {
  const signed = await tx.query(`SELECT countersign.rulebook_sign($1, decode($2, 'hex'), $3, $4) AS refusal`, [
    challenge,
    name,
    roles,
    statement,
  ]);
  return refusalIn(signed.rows[0]);
}

const signatureRow = z.object({
  challenge: challengeSchema,
  proposal: proposalSchema,
  person: personSchema,
  verdict: changeVerdictSchema,
  roles: z.array(roleSchema),
  statement: z.string(),
  assertion: assertionSchema,
  verifiedAt: z.date(),
});
export type SignatureRow = Readonly<z.infer<typeof signatureRow>>;

/** The signatures of a proposal, or of all of them, in the order of their verification. */
export async function signatures(tx: PoolClient, proposal?: ProposalId): Promise<SignatureRow[]> {
  const found = await tx.query(
    `SELECT s.challenge, s.proposal, s.person, s.verdict, s.roles, s.statement, r.proof AS assertion,
            s.verified_at AS "verifiedAt"
       FROM countersign.rulebook_signature s
       JOIN countersign.rulebook_proof r USING (tenant, challenge, proof_sha256)
      WHERE $1::uuid IS NULL OR s.proposal = $1 ORDER BY s.verified_at, s.challenge`,
    [proposal ?? null],
  );
  return found.rows.map((row) => signatureRow.parse(row));
}

/**
 * Locks the tenant and the proposal, so that nothing is signed or activated while it is judged. What stands against
 * activating it. Granted to the governance worker only.
 */
export async function openActivation(tx: PoolClient, proposal: ProposalId): Promise<ChangeRefusal | undefined> {
  const opened = await tx.query('SELECT countersign.rulebook_activation_open($1) AS refusal', [proposal]);
  return refusalIn(opened.rows[0]);
}

const activatedRow = z.union([
  z.object({ refusal: z.null(), ordinal: z.int() }),
  z.object({ refusal: changeRefusalSchema, ordinal: z.null() }),
]);

/** Makes a proposal the active rulebook: its place in the tenant's history, or why not. Granted as above. */
export async function activateProposal(tx: PoolClient, proposal: ProposalId): Promise<number | ChangeRefusal> {
  const activated = await tx.query('SELECT refusal, ordinal FROM countersign.rulebook_activate($1)', [proposal]);
  const row = activatedRow.parse(activated.rows[0]);
  return row.refusal ?? row.ordinal;
}

const activationRow = z.object({
  ordinal: z.int(),
  digest: digestSchema,
  since: z.date(),
  proposal: proposalSchema.nullable(),
});
export type ActivationRow = Readonly<z.infer<typeof activationRow>>;

/** What governed the tenant, newest first. */
export async function activations(tx: PoolClient): Promise<ActivationRow[]> {
  const found = await tx.query(
    'SELECT ordinal, digest, since, proposal FROM countersign.active_rulebook ORDER BY ordinal DESC',
  );
  return found.rows.map((row) => activationRow.parse(row));
}

function refusalIn(row: unknown): ChangeRefusal | undefined {
  return z.object({ refusal: changeRefusalSchema.nullable() }).parse(row).refusal ?? undefined;
}
