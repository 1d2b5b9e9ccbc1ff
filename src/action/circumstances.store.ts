/** What holds around an action when it is judged: the hour, who is on call, what the agent did before for this patient. */
import type { PoolClient } from 'pg';
import { z } from 'zod';
import type { Attribute, CompiledPolicy, PolicyRequest } from '../policy/core.js';
import { openWindows } from '../policy/time-windows.js';
import type { Rulebook } from '../rulebook/rulebook.js';
import { isOnCall } from '../directory/on-call.store.js';
import type { PersonId } from './ids.js';
import type { Counted } from './tally.store.js';

export type Circumstances = Pick<PolicyRequest, 'timeWindows' | 'precededBy' | 'onCall'>;

function asksFor({ gates, denies }: CompiledPolicy, asked: Attribute): boolean {
  const rules = [...denies, ...gates.flatMap(({ grants }) => grants)];
  return rules.some(({ conditions }) => conditions.some(({ attribute }) => attribute === asked));
}

const hereRow = z.object({ zone: z.string(), at: z.date() });

/** Only what some rule can ask for is looked up; what is left out is unknown, and an unknown thing grants nothing. */
export async function circumstances(
  tx: PoolClient,
  rulebook: Rulebook,
  subject: Counted & { readonly principal: PersonId },
): Promise<Circumstances> {
  const { precededWithinSeconds } = rulebook.policy;
  const timeWindows = asksFor(rulebook.policy, 'timeWindows')
    ? openWindows(rulebook.calendar, await hereAndNow(tx))
    : undefined;
  const onCall = asksFor(rulebook.policy, 'onCall')
    ? await isOnCall(tx, subject.principal, (await hereAndNow(tx)).at)
    : undefined;
  const precededBy =
    precededWithinSeconds !== undefined && subject.patient !== null
      ? await completedTypes(tx, subject, precededWithinSeconds)
      : undefined;
  return {
    ...(timeWindows && { timeWindows }),
    ...(onCall !== undefined && { onCall }),
    ...(precededBy && { precededBy }),
  };
}

async function hereAndNow(tx: PoolClient): Promise<z.infer<typeof hereRow>> {
  const found = await tx.query(
    'SELECT zone, clock_timestamp() AS at FROM countersign.tenant WHERE tenant = countersign.current_tenant()',
  );
  return hereRow.parse(found.rows[0]);
}

const typeRow = z.object({ type: z.string() });

async function completedTypes(tx: PoolClient, { agent, patient }: Counted, withinSeconds: number): Promise<string[]> {
  const found = await tx.query(
    `SELECT DISTINCT type FROM countersign.action
      WHERE agent = $1 AND patient = $2 AND status = 'completed'
        AND concluded_at >= clock_timestamp() - make_interval(secs => $3) ORDER BY type`,
    [agent, patient, withinSeconds],
  );
  return found.rows.map((row) => typeRow.parse(row).type);
}
