import type { PoolClient } from 'pg';
import { z } from 'zod';
import type { ActionRow } from '../action/action.store.js';
import { actionSchema, digestSchema } from '../action/ids.js';
import { appendLeaf } from '../audit/append.store.js';

const reusedRow = z.object({
  status: z.enum(['related', 'not_related']),
  basis: z.enum(['encounter_participant', 'care_team']).nullable(),
  action: actionSchema,
  leaf: digestSchema,
});

/** A leaf for a relation that the EHR was not asked about: it names the action, and the leaf, that it came from. */
export async function logReusedRelation(
  tx: PoolClient,
  { action, principal, patient }: Pick<ActionRow, 'action' | 'principal' | 'patient'>,
): Promise<void> {
  if (patient === null) return;
  const found = await tx.query(
    `SELECT r.status, r.basis, r.cached_from AS action, encode(l.hash, 'hex') AS leaf
       FROM countersign.relation r
       LEFT JOIN countersign.audit_leaf l
         ON l.tenant = r.tenant AND l.action = r.cached_from AND l.kind = 'relation.checked' AND l.key = 'relate'
      WHERE r.action = $1 AND r.cached_from IS NOT NULL`,
    [action],
  );
  const reused = found.rows.map((row) => reusedRow.parse(row))[0];
  if (!reused) return;
  const { status, basis, ...from } = reused;
  await appendLeaf(tx, {
    kind: 'relation.reused',
    action,
    key: 'classify',
    data: { principal, patient, status, ...(basis !== null && { basis }), from },
  });
}
