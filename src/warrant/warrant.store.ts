import type { PoolClient } from 'pg';
import { z } from 'zod';
import {
  actionSchema,
  agentSchema,
  digestSchema,
  personSchema,
  stepSchema,
  tenantSchema,
  warrantSchema,
  type ActionId,
  type AgentId,
  type Digest,
  type WarrantId,
} from '../action/ids.js';
import { tierSchema } from '../action/types.js';
import type { UseState } from '../action/conclusion.js';

const warrantRow = z.object({
  tenant: tenantSchema,
  jti: warrantSchema,
  action: actionSchema,
  revision: z.int(),
  step: stepSchema,
  /** `system`: Countersign's own question to the EHR, such as the treatment relationship; read-only. */
  kind: z.enum(['action', 'system']),
  agent: agentSchema,
  principal: personSchema,
  actions: z.array(z.string()),
  location: z.string(),
  datatypes: z.array(z.string()),
  patient: digestSchema.nullable(),
  episode: digestSchema.nullable(),
  elements: z.array(z.string()),
  purpose: z.string(),
  scopes: z.array(z.string()),
  maxUses: z.int(),
  maxRecords: z.int(),
  maxBytes: z.int(),
  /** Element → the day from which on its records may be read (`2026-07-03`). */
  since: z.record(z.string(), z.iso.date()),
  readOnly: z.boolean(),
  /** Of the proposal that a write is bound to. */
  argsCommitment: digestSchema.nullish(),
  requestCommitment: digestSchema,
  tier: tierSchema,
  rulebook: digestSchema,
  approvals: z.array(digestSchema),
  issuedAt: z.date(),
  notBefore: z.date(),
  expiresAt: z.date(),
});
/** A warrant as minted. What became of it (uses, revocation) is judged where its lock is held, in the database. */
export type WarrantRow = Readonly<z.infer<typeof warrantRow>>;

const columns = `tenant, jti, action, revision, step, kind, agent, principal, actions, location, datatypes, patient, episode,
  elements, purpose, scopes, max_uses AS "maxUses", max_records AS "maxRecords", max_bytes::float8 AS "maxBytes",
  since, read_only AS "readOnly", args_commitment AS "argsCommitment", request_commitment AS "requestCommitment", tier, rulebook, approvals,
  issued_at AS "issuedAt", not_before AS "notBefore", expires_at AS "expiresAt"`;

/** The warrant of one step, if it was minted already. */
export async function findWarrantOfStep(
  tx: PoolClient,
  { action, revision, step }: Pick<WarrantRow, 'action' | 'revision' | 'step'>,
): Promise<WarrantRow | undefined> {
  const found = await tx.query(
    `SELECT ${columns} FROM countersign.warrant WHERE action = $1 AND revision = $2 AND step = $3`,
    [action, revision, step],
  );
  return found.rows.map((row) => warrantRow.parse(row))[0];
}

export async function findWarrant(tx: PoolClient, jti: WarrantId): Promise<WarrantRow | undefined> {
  const found = await tx.query(`SELECT ${columns} FROM countersign.warrant WHERE jti = $1`, [jti]);
  return found.rows.map((row) => warrantRow.parse(row))[0];
}

/** Governance only: the function is granted to no other login. */
export async function insertWarrant(tx: PoolClient, row: WarrantRow, tokenSha256: Digest): Promise<void> {
  await tx.query('SELECT countersign.warrant_mint($1)', [
    JSON.stringify({
      jti: row.jti,
      action: row.action,
      revision: row.revision,
      step: row.step,
      kind: row.kind,
      agent: row.agent,
      principal: row.principal,
      actions: row.actions,
      location: row.location,
      datatypes: row.datatypes,
      patient: row.patient,
      episode: row.episode,
      elements: row.elements,
      purpose: row.purpose,
      scopes: row.scopes,
      max_uses: row.maxUses,
      max_records: row.maxRecords,
      max_bytes: row.maxBytes,
      since: row.since,
      read_only: row.readOnly,
      args_commitment: row.argsCommitment ?? null,
      request_commitment: row.requestCommitment,
      tier: row.tier,
      rulebook: row.rulebook,
      approvals: row.approvals,
      issued_at: row.issuedAt,
      not_before: row.notBefore,
      expires_at: row.expiresAt,
      token_sha256: tokenSha256,
    }),
  ]);
}

/** Ends every warrant of an action whose work is over: no use can be opened or ended under them any more. */
export async function closeWarrants(tx: PoolClient, action: ActionId): Promise<void> {
  await tx.query('SELECT countersign.warrant_close($1)', [action]);
}

/** Which warrants to revoke: all live ones that match everything that is given. Nothing given is an error. */
export interface RevokeFilter {
  readonly jti?: WarrantId;
  readonly action?: ActionId;
  readonly agent?: AgentId;
  /** Pseudonyms. */
  readonly patient?: Digest;
  readonly episode?: Digest;
}

const revokedRow = z.object({ jti: warrantSchema, action: actionSchema });

/** Stops them at the next check, which every request under them makes. `reason` is a code: `cancelled`. */
export async function revokeWarrants(
  tx: PoolClient,
  filter: RevokeFilter,
  reason: string,
): Promise<{ readonly jti: WarrantId; readonly action: ActionId }[]> {
  const revoked = await tx.query('SELECT jti, action FROM countersign.warrant_revoke($1, $2, $3, $4, $5, $6)', [
    reason,
    filter.jti ?? null,
    filter.action ?? null,
    filter.agent ?? null,
    filter.patient ?? null,
    filter.episode ?? null,
  ]);
  return revoked.rows.map((row) => revokedRow.parse(row));
}

const useStateRow = z.object({
  jti: warrantSchema,
  status: z.enum(['open', 'done', 'withheld', 'conflict', 'rejected', 'unknown']).nullable(),
  records: z.int().nullable(),
  findings: z.int().nullable(),
  truncated: z.boolean().nullable(),
  sent: z.boolean(),
});

/** The warrant that an action performs under and what its use shows; undefined while none was minted. */
export interface UsedWarrant {
  readonly jti: WarrantId;
  readonly use: UseState;
  /** Whether something may have been sent that writes. */
  readonly sent: boolean;
  readonly records: number;
  readonly findings: number;
  readonly truncated: boolean;
}

/** What conclude believes: whether a gateway opened a use of the action's own warrant, and how that use ended. */
export async function usedWarrant(
  tx: PoolClient,
  action: ActionId,
  revision: number,
): Promise<UsedWarrant | undefined> {
  const found = await tx.query(
    `SELECT w.jti, u.status, u.records, u.findings, u.truncated, u.sent_attempt IS NOT NULL AS sent
       FROM countersign.warrant w LEFT JOIN countersign.warrant_use u USING (tenant, jti)
      WHERE w.action = $1 AND w.revision = $2 AND w.kind = 'action'`,
    [action, revision],
  );
  const row = found.rows.map((each) => useStateRow.parse(each))[0];
  if (row === undefined) return undefined;
  return {
    jti: row.jti,
    use: row.status ?? 'none',
    sent: row.sent,
    records: row.records ?? 0,
    findings: row.findings ?? 0,
    truncated: row.truncated ?? false,
  };
}
