import { databaseClock } from '../action/action.store.js';
import { Refusal } from '../action/refusal.js';
import type { Admission, Relation } from '../action/types.js';
import { appendLeaf } from '../audit/append.store.js';
import { inTenant } from '../database/transaction.js';
import { findAgent } from '../directory/directory.store.js';
import { departmentPlaces, departmentsOnCall } from '../directory/on-call.store.js';
import { closeUse, type UseKey } from '../warrant/use.store.js';
import { findWarrant } from '../warrant/warrant.store.js';
import type { EhrDeps } from './deps.js';
import type { ReadResult } from './read-elements.js';
import { relationOf } from './relation.js';
import { findRelation, insertRelation, practitionerOf } from './relation.store.js';

/**
 * Judges what was read of the EHR, with the roster beside it, stores the answer once, and ends the use of the system
 * warrant. Nothing of what was read is kept.
 *
 * @throws Refusal `warrant.*`: then nothing was stored, and a relation that is not stored is `unknown`.
 */
export async function closeRelation(
  { pool, fhir: { base } }: EhrDeps,
  { tenant, action }: Admission,
  { use, attempt }: { readonly use: UseKey; readonly attempt: number },
  { elements, records, bytes, truncated }: ReadResult,
): Promise<Relation> {
  return inTenant(pool, tenant, async (tx) => {
    const warrant = await findWarrant(tx, use.jti);
    if (!warrant || warrant.patient === null) throw new Refusal('warrant.missing', 'The warrant names no patient.');
    const asOf = await databaseClock(tx);
    const read = Object.values(elements).flat();
    const found = relationOf({
      encounters: read.filter(({ resourceType }) => resourceType === 'Encounter'),
      teams: read.filter(({ resourceType }) => resourceType === 'CareTeam'),
      truncated,
      practitioner: await practitionerOf(tx, warrant.principal),
      duty: {
        departments: await departmentsOnCall(tx, warrant.principal, asOf),
        places: await departmentPlaces(tx),
        agentDepartment: (await findAgent(tx, warrant.agent))?.department ?? undefined,
      },
      base,
      asOf,
    });
    // As old as the question is: what changed after it had been put is not answered by it.
    await insertRelation(tx, action, found, warrant.issuedAt);
    const relation = (await findRelation(tx, action)) ?? { status: 'unknown' };
    const end = { status: 'done', records, bytes, findings: 0, truncated } as const;
    const refused = await closeUse(tx, use, attempt, end);
    if (refused !== undefined) throw new Refusal(refused, 'The warrant no longer holds; nothing was stored.');
    await appendLeaf(tx, {
      kind: 'relation.checked',
      action,
      key: 'relate',
      data: { principal: warrant.principal, patient: warrant.patient, ...relation, warrant: use.jti },
    });
    return relation;
  });
}

/** What an earlier attempt stored; `unknown` where none did. */
export async function storedRelation({ pool }: EhrDeps, { tenant, action }: Admission): Promise<Relation> {
  return (await inTenant(pool, tenant, (tx) => findRelation(tx, action))) ?? { status: 'unknown' };
}
