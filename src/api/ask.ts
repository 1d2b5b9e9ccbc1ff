/** What happens to an agent's request: its words, its principal, its row, its workflow, in that order. */
import { openAction } from '../action/admit.tx.js';
import { findAction, markStarted, type ActionRow } from '../action/action.store.js';
import type { AgentId, PersonId } from '../action/ids.js';
import { Refusal } from '../action/refusal.js';
import type { ActionRequest } from '../action/request.js';
import { isFinal, type Admission } from '../action/types.js';
import { inTenant } from '../database/transaction.js';
import { findPersonBySubject, type PersonRow } from '../directory/directory.store.js';
import type { Rulebook } from '../rulebook/rulebook.js';
import type { ApiDeps } from './deps.js';
import { ApiProblem } from './problem.js';
import { logRefusedRequest } from './refused-request.tx.js';
import { unknownWord } from './words.js';

export interface Asked {
  readonly row: ActionRow;
  /** `found`: an earlier call with this idempotency key opened it. `pending`: no worker has classified it yet. */
  readonly status: 'opened' | 'found' | 'pending';
}

/**
 * Opens the action and has it classified.
 *
 * @throws Refusal or ApiProblem; what an authenticated agent is refused here has its leaf.
 */
export async function askForAction(
  deps: ApiDeps,
  rulebook: Rulebook,
  { agent, request }: { readonly agent: AgentId; readonly request: ActionRequest },
): Promise<Asked> {
  const { pool, tenant, actions } = deps;
  const principal = await orLog(deps, agent, request, async () => {
    const unknown = unknownWord(request, rulebook);
    if (unknown) throw unknown;
    return (await principalOf(deps, rulebook, agent, request.principal)).person;
  });
  const { admission, isNew } = await open(deps, { agent, principal, request });
  const before = await rowOf(deps, admission);
  // A repetition of a call that died before Temporal had acknowledged the start starts it now.
  if (!isNew && (before.startedAt !== null || isFinal(before.status))) return { row: before, status: 'found' };

  const admitted = await actions.admit(admission, { type: before.type, agent, purpose: before.purpose });
  if (admitted.status === 'pending') return { row: before, status: 'pending' };
  await inTenant(pool, tenant, (tx) => markStarted(tx, admission.action));
  return { row: await rowOf(deps, admission), status: isNew ? 'opened' : 'found' };
}

/**
 * The person whose token the agent brings; a token that proves nobody refuses the request.
 *
 * @throws Refusal `token.*`, `principal.*`, `identity.unreachable`; ApiProblem `principal.*`.
 */
export async function principalOf(
  { pool, tenant, verifier }: ApiDeps,
  rulebook: Rulebook,
  agent: AgentId,
  token: string,
): Promise<PersonRow> {
  const { issuer, subject } = await verifier(rulebook.trustRoots).principal(token, agent);
  const found = await inTenant(pool, tenant, (tx) => findPersonBySubject(tx, issuer, subject));
  if (!found) throw new ApiProblem('principal.unknown');
  if (!found.active || found.suspended) throw new ApiProblem('principal.inactive');
  return found;
}

async function orLog<T>(deps: ApiDeps, agent: AgentId, request: ActionRequest, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = error instanceof ApiProblem ? error.problem.code : error instanceof Refusal ? error.code : undefined;
    if (code === undefined || code === 'identity.unreachable') throw error;
    const { idempotencyKey } = request;
    await logRefusedRequest(deps.pool, { tenant: deps.tenant, agent, code, of: { idempotencyKey } });
    throw error instanceof Refusal && code.startsWith('token.') ? ofPrincipal(error) : error;
  }
}

/** Which of the two tokens was not good enough: 401 alone would say the agent's own. */
export function ofPrincipal({ code, message }: Refusal): Refusal {
  return new Refusal(code, message, { pointers: ['/principal'] });
}

async function open(
  deps: ApiDeps,
  {
    agent,
    principal,
    request,
  }: { readonly agent: AgentId; readonly principal: PersonId; readonly request: ActionRequest },
): Promise<{ readonly admission: Admission; readonly isNew: boolean }> {
  const fresh = deps.newActionId();
  const once = () =>
    openAction({ ...deps, newActionId: () => fresh }, { tenant: deps.tenant, agent, principal, request });
  const admission = await once().catch((error: unknown) => {
    // Of two calls with one key at the same time the second finds what the first has stored meanwhile.
    if (error instanceof Refusal && error.code === 'idempotency.mismatch') return once();
    throw error;
  });
  return { admission, isNew: admission.action === fresh };
}

async function rowOf({ pool, tenant }: ApiDeps, { action }: Admission): Promise<ActionRow> {
  const row = await inTenant(pool, tenant, (tx) => findAction(tx, action));
  if (!row) throw new Refusal('action.not_found', 'There is no such action.');
  return row;
}
