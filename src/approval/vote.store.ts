import type { PoolClient } from 'pg';
import { z } from 'zod';
import {
  actionSchema,
  challengeSchema,
  digestSchema,
  personSchema,
  roleSchema,
  tenantSchema,
  type ActionId,
  type ChallengeId,
  type PersonId,
  type RoleName,
} from '../action/ids.js';
import { tierSchema, type CountedVote } from '../action/types.js';
import { meaningSchema, verdictSchema, type Decision, type Meaning, type Verdict } from './decision.js';
import type { Proof } from './envelope.js';

export interface NewChallenge {
  readonly challenge: ChallengeId;
  readonly action: ActionId;
  readonly approver: PersonId;
  readonly verdict: Verdict;
  readonly meaning: Meaning;
  readonly reasonCommitment: string | null;
  readonly actingRoles: readonly RoleName[];
}

/** False when the action asks nobody, or no longer. */
export async function insertChallenge(tx: PoolClient, row: NewChallenge): Promise<boolean> {
  const opened = await tx.query('SELECT countersign.challenge_open($1, $2, $3, $4, $5, $6, $7) AS opened', [
    row.challenge,
    row.action,
    row.approver,
    row.verdict,
    row.meaning,
    row.reasonCommitment,
    row.actingRoles,
  ]);
  return z.object({ opened: z.boolean() }).parse(opened.rows[0]).opened;
}

const challengeRow = z.object({
  tenant: tenantSchema,
  challenge: challengeSchema,
  action: actionSchema,
  revision: z.int(),
  requestCommitment: digestSchema,
  displayCommitment: digestSchema,
  rulebook: digestSchema,
  tier: tierSchema,
  verdict: verdictSchema,
  meaning: meaningSchema,
  reasonCommitment: digestSchema.nullable(),
  approver: personSchema,
  actingRoles: z.array(roleSchema),
  decidedAt: z.date(),
  expiresAt: z.date(),
});
export type ChallengeRow = Readonly<z.infer<typeof challengeRow>>;

/** A challenge with everything that its decision binds, from the rows. */
export async function findChallenge(tx: PoolClient, challenge: ChallengeId): Promise<ChallengeRow | undefined> {
  const found = await tx.query(
    `SELECT c.tenant, c.challenge, c.action, c.revision, r.request_commitment AS "requestCommitment",
            r.display_commitment AS "displayCommitment", a.rulebook, c.tier, c.verdict, c.meaning,
            c.reason_commitment AS "reasonCommitment", c.approver, c.acting_roles AS "actingRoles",
            c.decided_at AS "decidedAt", c.expires_at AS "expiresAt"
       FROM countersign.challenge c
       JOIN countersign.revision r USING (tenant, action, revision)
       JOIN countersign.action a USING (tenant, action)
      WHERE c.challenge = $1`,
    [challenge],
  );
  return found.rows.map((row) => challengeRow.parse(row))[0];
}

/** The decision that a challenge stands for: the same rows give the same bytes. */
export function decisionOf(row: ChallengeRow): Decision {
  const { decidedAt, expiresAt: _expires, ...bound } = row;
  return { v: 1, ...bound, decidedAt: decidedAt.toISOString() };
}

const receiptRow = z.object({ receivedAt: z.date().nullable(), refusal: z.string().nullable() });

/** When a proof came first, and what stands against counting it already: an objection, or an earlier refusal. */
export type Receipt =
  { readonly status: 'received'; readonly receivedAt: Date } | { readonly status: 'refused'; readonly code: string };

/** Notes that this proof came. The same proof again finds its first receipt. */
export async function insertReceipt(tx: PoolClient, challenge: ChallengeId, proof: Proof): Promise<Receipt> {
  const received = await tx.query('SELECT received_at AS "receivedAt", refusal FROM countersign.vote_receive($1, $2)', [
    challenge,
    JSON.stringify(proof),
  ]);
  const { receivedAt, refusal } = receiptRow.parse(received.rows[0]);
  return refusal === null && receivedAt !== null
    ? { status: 'received', receivedAt }
    : { status: 'refused', code: refusal ?? 'vote.not_received' };
}

/** Counts the vote; why not, if not. Counting it again changes nothing. Granted to the governance worker only. */
export async function insertVote(
  tx: PoolClient,
  challenge: ChallengeId,
  roles: readonly RoleName[],
  proof: Proof,
): Promise<string | undefined> {
  const recorded = await tx.query('SELECT countersign.vote_record($1, $2, $3) AS refusal', [
    challenge,
    roles,
    JSON.stringify(proof),
  ]);
  return z.object({ refusal: z.string().nullable() }).parse(recorded.rows[0]).refusal ?? undefined;
}

/** Keeps why this proof did not count and returns what is kept, the first code; undefined when it counted meanwhile. */
export async function keepRefusal(
  tx: PoolClient,
  challenge: ChallengeId,
  proof: Proof,
  code: string,
): Promise<string | undefined> {
  const kept = await tx.query('SELECT countersign.vote_refuse($1, $2, $3) AS kept', [
    challenge,
    JSON.stringify(proof),
    code,
  ]);
  return z.object({ kept: z.string().nullable() }).parse(kept.rows[0]).kept ?? undefined;
}

const voteRow = z.object({
  challenge: challengeSchema,
  revision: z.int(),
  approver: personSchema,
  roles: z.array(roleSchema),
  verdict: verdictSchema,
  meaning: meaningSchema,
  receivedAt: z.date(),
});

const votes = `(SELECT v.challenge, v.action, v.revision, v.approver, v.roles, v.verdict, c.meaning, v.proof,
                       v.received_at AS "receivedAt"
                  FROM countersign.vote v JOIN countersign.challenge c USING (tenant, challenge)) AS votes`;

/** The counted votes on one revision, in the order of their coming. */
export async function countedVotes(tx: PoolClient, action: ActionId, revision: number): Promise<CountedVote[]> {
  const found = await tx.query(
    `SELECT * FROM ${votes} WHERE action = $1 AND revision = $2 ORDER BY "receivedAt", challenge`,
    [action, revision],
  );
  return found.rows.map(asCounted);
}

/** The vote that this proof gave; undefined while it is not counted, and for another proof of the same challenge. */
export async function findVote(tx: PoolClient, challenge: ChallengeId, proof: Proof): Promise<CountedVote | undefined> {
  const found = await tx.query(`SELECT * FROM ${votes} WHERE challenge = $1 AND proof = $2::jsonb`, [
    challenge,
    JSON.stringify(proof),
  ]);
  return found.rows.map(asCounted)[0];
}

function asCounted(row: unknown): CountedVote {
  const { receivedAt, ...vote } = voteRow.parse(row);
  return { ...vote, receivedAt: receivedAt.toISOString() };
}

export interface NewDelivery {
  readonly action: ActionId;
  readonly revision: number;
  readonly kind: 'reminder' | 'changed' | 'resolution';
  readonly roles: readonly RoleName[];
}

/** Notes that these roles are to be told; once for each revision and kind. */
export async function insertDelivery(tx: PoolClient, { action, revision, kind, roles }: NewDelivery): Promise<void> {
  await tx.query(
    `INSERT INTO countersign.delivery (tenant, action, revision, kind, roles)
     VALUES (countersign.current_tenant(), $1, $2, $3, $4) ON CONFLICT DO NOTHING`,
    [action, revision, kind, roles],
  );
}
