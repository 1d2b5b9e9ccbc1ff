import { findAction, type ActionRow } from '../action/action.store.js';
import { actionSchema, type ActionId } from '../action/ids.js';
import { inTenant } from '../database/transaction.js';
import { agentWith, personWith, type Caller } from './caller.js';
import type { ApiDeps } from './deps.js';
import { ApiProblem } from './problem.js';

/** Scope by kind of caller; a kind that is left out may not. */
export interface Access {
  readonly agent?: string;
  readonly person?: string;
}

/** The id of a path. What cannot be one is not there. @throws ApiProblem `not_found`. */
export function actionOfPath(id: string): ActionId {
  const parsed = actionSchema.safeParse(id);
  if (!parsed.success) throw new ApiProblem('not_found');
  return parsed.data;
}

/**
 * The action, for the agent that asked for it or for a person with the scope. Another agent's action is not there.
 *
 * @throws ApiProblem `not_found`, `caller.agent`, `caller.person`; Refusal `token.scope`.
 */
export async function actionFor(
  { pool, tenant }: Pick<ApiDeps, 'pool' | 'tenant'>,
  caller: Caller,
  id: string,
  { agent, person }: Access,
): Promise<ActionRow> {
  if (caller.kind === 'agent') {
    if (agent === undefined) throw new ApiProblem('caller.agent');
    agentWith(caller, agent);
  } else {
    if (person === undefined) throw new ApiProblem('caller.person');
    personWith(caller, person);
  }
  const action = actionOfPath(id);
  const row = await inTenant(pool, tenant, (tx) => findAction(tx, action));
  if (!row || (caller.kind === 'agent' && row.agent !== caller.agent)) throw new ApiProblem('not_found');
  return row;
}
