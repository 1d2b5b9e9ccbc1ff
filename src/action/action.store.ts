import type { PoolClient } from 'pg';
import { z } from 'zod';
import { actionSchema, agentSchema, digestSchema, personSchema, type ActionId, type AgentId } from './ids.js';
import { needsSchema, statusSchema, tierSchema, type Status } from './types.js';

const columns = `action, type, status, agent, agent_version AS "agentVersion", principal, purpose, elements, patient, episode,
  reason_given AS "reasonGiven", justified, risk_assessed AS "riskAssessed", claimed_tier AS "claimedTier", expires_in AS "expiresIn", rulebook, revision,
  tier, needs, deadline, outcome, created_at AS "createdAt", started_at AS "startedAt",
  cancel_requested_at AS "cancelRequestedAt", concluded_at AS "concludedAt",
  retention_class AS "retentionClass", retention_date::text AS "retentionDate"`;

const outcomeSchema = z.looseObject({
  code: z.string().optional(),
  rules: z.array(z.string()).optional(),
  records: z.int().optional(),
  findings: z.int().optional(),
  warrant: z.string().optional(),
  leaf: z.int().optional(),
  deniedBy: z.string().optional(),
});

const actionRow = z.object({
  action: actionSchema,
  type: z.string(),
  status: statusSchema,
  agent: agentSchema,
  agentVersion: z.string(),
  principal: personSchema,
  purpose: z.string(),
  elements: z.array(z.string()),
  patient: digestSchema.nullable(),
  episode: digestSchema.nullable(),
  reasonGiven: z.boolean(),
  justified: z.array(z.string()),
  riskAssessed: z.boolean(),
  claimedTier: tierSchema.nullable(),
  expiresIn: z.int().nullable(),
  rulebook: digestSchema,
  revision: z.int(),
  tier: tierSchema.nullable(),
  needs: needsSchema.nullable(),
  deadline: z.date().nullable(),
  outcome: outcomeSchema.nullable(),
  createdAt: z.date(),
  startedAt: z.date().nullable(),
  cancelRequestedAt: z.date().nullable(),
  concludedAt: z.date().nullable(),
  retentionClass: z.string().nullable(),
  retentionDate: z.iso.date().nullable(),
});
export type ActionRow = Readonly<z.infer<typeof actionRow>>;
export type StoredOutcome = z.infer<typeof outcomeSchema>;

/** What the API writes when it opens an action; tier, needs and deadline are classify's. */
export type NewAction = Pick<
  ActionRow,
  | 'action'
  | 'type'
  | 'agent'
  | 'agentVersion'
  | 'principal'
  | 'purpose'
  | 'elements'
  | 'patient'
  | 'episode'
  | 'reasonGiven'
  | 'justified'
  | 'riskAssessed'
  | 'claimedTier'
  | 'expiresIn'
  | 'rulebook'
> & { readonly idempotencyKey: string; readonly requestCommitment: string; readonly displayCommitment: string };

/** Opens the action with revision 1; false when this agent used the idempotency key before. */
export async function insertAction(tx: PoolClient, row: NewAction): Promise<boolean> {
  const inserted = await tx.query(
    `INSERT INTO countersign.action (tenant, action, type, agent, agent_version, principal, purpose, elements, patient, episode,
                         reason_given, justified, risk_assessed, claimed_tier, expires_in, idempotency_key, rulebook)
     VALUES (countersign.current_tenant(), $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
     ON CONFLICT (tenant, agent, idempotency_key) DO NOTHING`,
    [
      row.action,
      row.type,
      row.agent,
      row.agentVersion,
      row.principal,
      row.purpose,
      row.elements,
      row.patient,
      row.episode,
      row.reasonGiven,
      row.justified,
      row.riskAssessed,
      row.claimedTier,
      row.expiresIn,
      row.idempotencyKey,
      row.rulebook,
    ],
  );
  if (inserted.rowCount === 0) return false;
  await tx.query(
    `INSERT INTO countersign.revision (tenant, action, revision, request_commitment, display_commitment)
     VALUES (countersign.current_tenant(), $1, 1, $2, $3)`,
    [row.action, row.requestCommitment, row.displayCommitment],
  );
  return true;
}

export async function findAction(tx: PoolClient, action: ActionId): Promise<ActionRow | undefined> {
  const found = await tx.query(`SELECT ${columns} FROM countersign.action WHERE action = $1`, [action]);
  return found.rows.map((row) => actionRow.parse(row))[0];
}

/** Locks the row until the transaction ends: steps of one action follow each other. */
export async function lockAction(tx: PoolClient, action: ActionId): Promise<ActionRow | undefined> {
  const found = await tx.query(`SELECT ${columns} FROM countersign.action WHERE action = $1 FOR UPDATE`, [action]);
  return found.rows.map((row) => actionRow.parse(row))[0];
}

export async function findByIdempotencyKey(
  tx: PoolClient,
  agent: AgentId,
  key: string,
): Promise<ActionRow | undefined> {
  const found = await tx.query(`SELECT ${columns} FROM countersign.action WHERE agent = $1 AND idempotency_key = $2`, [
    agent,
    key,
  ]);
  return found.rows.map((row) => actionRow.parse(row))[0];
}

export interface ListFilter {
  readonly agent?: AgentId;
  readonly status?: Status;
  /** Only what was opened before this one: the last of the page before. */
  readonly before?: ActionId;
  readonly limit: number;
}

/** Newest first. */
export async function listActions(tx: PoolClient, { agent, status, before, limit }: ListFilter): Promise<ActionRow[]> {
  const found = await tx.query(
    `SELECT ${columns} FROM countersign.action
      WHERE ($1::text IS NULL OR agent = $1) AND ($2::text IS NULL OR status = $2)
        AND ($3::text IS NULL OR (created_at, action) <
             (SELECT b.created_at, b.action FROM countersign.action b WHERE b.action = $3))
      ORDER BY created_at DESC, action DESC LIMIT $4`,
    [agent ?? null, status ?? null, before ?? null, limit],
  );
  return found.rows.map((row) => actionRow.parse(row));
}

const revisionRow = z.object({
  revision: z.int(),
  /** As asked; with what a gateway prepared; or asking what became of a write. */
  kind: z.enum(['asked', 'prepared', 'resolution']),
  requestCommitment: digestSchema,
  displayCommitment: digestSchema,
  proposalCommitment: digestSchema.nullable(),
  /** `meta.versionId` that the proposal rests on. */
  baseVersion: z.string().nullable(),
  /** The revision whose shown text and proposal these are: its own, but for a resolution. */
  shows: z.int(),
});
export type RevisionRow = Readonly<z.infer<typeof revisionRow>>;

/** What votes on this revision bind. */
export async function commitmentsOf(
  tx: PoolClient,
  action: ActionId,
  revision: number,
): Promise<RevisionRow | undefined> {
  const found = await tx.query(
    `SELECT revision, kind, request_commitment AS "requestCommitment", display_commitment AS "displayCommitment",
            proposal_commitment AS "proposalCommitment", base_version AS "baseVersion", coalesce(shows, revision) AS shows
       FROM countersign.revision WHERE action = $1 AND revision = $2`,
    [action, revision],
  );
  return found.rows.map((row) => revisionRow.parse(row))[0];
}

/** Temporal acknowledged the start. */
export async function markStarted(tx: PoolClient, action: ActionId): Promise<void> {
  await tx.query(
    `UPDATE countersign.action SET started_at = clock_timestamp() WHERE action = $1 AND started_at IS NULL`,
    [action],
  );
}

export async function markCancelRequested(tx: PoolClient, action: ActionId): Promise<void> {
  await tx.query(
    `UPDATE countersign.action SET cancel_requested_at = clock_timestamp()
      WHERE action = $1 AND cancel_requested_at IS NULL AND concluded_at IS NULL`,
    [action],
  );
}

const clockRow = z.object({ at: z.date() });

/** The database's clock now, after every lock that the transaction already holds. */
export async function databaseClock(tx: PoolClient): Promise<Date> {
  const clock = await tx.query('SELECT clock_timestamp() AS at');
  return clockRow.parse(clock.rows[0]).at;
}

/** What classify decided. */
export async function setClassified(
  tx: PoolClient,
  action: ActionId,
  { status, tier, needs, deadline }: Pick<ActionRow, 'status' | 'tier' | 'needs' | 'deadline'>,
): Promise<void> {
  await tx.query('UPDATE countersign.action SET status = $2, tier = $3, needs = $4, deadline = $5 WHERE action = $1', [
    action,
    status,
    tier,
    needs === null ? null : JSON.stringify(needs),
    deadline,
  ]);
}

export async function setStatus(tx: PoolClient, action: ActionId, status: Status): Promise<void> {
  await tx.query('UPDATE countersign.action SET status = $2 WHERE action = $1', [action, status]);
}

/** What conclude decided. An unknown outcome stays open, and keeps its keys where they are. */
export async function setConcluded(
  tx: PoolClient,
  action: ActionId,
  row: {
    readonly status: Status;
    readonly outcome: StoredOutcome;
    readonly retentionClass: string;
    readonly retentionDate: string;
  },
): Promise<void> {
  const open = row.status === 'outcome_unknown';
  await tx.query(
    `UPDATE countersign.action
        SET status = $2, outcome = $3, retention_class = $4, retention_date = $5,
            concluded_at = CASE WHEN $6 THEN NULL ELSE clock_timestamp() END
      WHERE action = $1`,
    [
      action,
      row.status,
      JSON.stringify(row.outcome),
      open ? null : row.retentionClass,
      open ? null : row.retentionDate,
      open,
    ],
  );
}

/** IANA zone in which this tenant's dates are dates. */
export async function tenantZone(tx: PoolClient, tenant: string): Promise<string> {
  const found = await tx.query('SELECT zone FROM countersign.tenant WHERE tenant = $1', [tenant]);
  return z.object({ zone: z.string() }).parse(found.rows[0]).zone;
}
