/** Who is calling: from the bearer token to an agent's id or a person of the directory. */
import { decodeJwt } from 'jose';
import { agentSchema, type AgentId } from '../action/ids.js';
import { Refusal } from '../action/refusal.js';
import { inTenant } from '../database/transaction.js';
import { findPersonBySubject, type PersonRow } from '../directory/directory.store.js';
import { requireScope } from '../identity/tokens.gateway.js';
import type { Rulebook } from '../rulebook/rulebook.js';
import type { ApiDeps } from './deps.js';
import { ApiProblem } from './problem.js';

export interface AgentCaller {
  readonly kind: 'agent';
  readonly agent: AgentId;
  readonly scopes: readonly string[];
}

export interface PersonCaller {
  readonly kind: 'person';
  /** Active and not suspended. */
  readonly person: PersonRow;
  readonly scopes: readonly string[];
}

export type Caller = AgentCaller | PersonCaller;

/** `Authorization: Bearer <token>` (RFC 6750 §2.1); nothing else carries a token. */
const bearer = /^Bearer ([\w.~+/-]+=*)$/i;

/**
 * Verifies an access token under the rulebook that governs now.
 *
 * @throws Refusal `token.*`, `identity.unreachable`; ApiProblem `person.unknown`, `person.inactive`.
 */
export function authenticator(
  { pool, tenant, verifier }: Pick<ApiDeps, 'pool' | 'tenant' | 'verifier'>,
  governing: () => Promise<Rulebook>,
): (authorization: string | undefined) => Promise<Caller> {
  return async (authorization) => {
    const token = bearer.exec(authorization ?? '')?.[1];
    if (token === undefined) throw new Refusal('token.missing', 'Send an access token: Authorization: Bearer ….');
    const tokens = verifier((await governing()).trustRoots);
    if (claimsToBeAgent(token)) {
      const { client, scopes } = await tokens.agent(token);
      const agent = agentSchema.safeParse(client);
      if (!agent.success) throw new Refusal('token.invalid', 'No agent can have this client id.');
      return { kind: 'agent', agent: agent.data, scopes };
    }
    const { issuer, subject, scopes } = await tokens.person(token);
    const person = await inTenant(pool, tenant, (tx) => findPersonBySubject(tx, issuer, subject));
    if (!person) throw new ApiProblem('person.unknown');
    if (!person.active || person.suspended) throw new ApiProblem('person.inactive');
    return { kind: 'person', person, scopes };
  };
}

/** An agent's token names the same client and subject. It only chooses the check; the check decides. */
function claimsToBeAgent(token: string): boolean {
  try {
    const { sub, client_id: client } = decodeJwt(token);
    return sub !== undefined && sub === client;
  } catch {
    return false;
  }
}

/** @throws ApiProblem `caller.person`; Refusal `token.scope`. */
export function agentWith(caller: Caller, scope: string): AgentCaller {
  if (caller.kind !== 'agent') throw new ApiProblem('caller.person');
  requireScope(caller, scope);
  return caller;
}

/** @throws ApiProblem `caller.agent`; Refusal `token.scope`. */
export function personWith(caller: Caller, scope: string): PersonCaller {
  if (caller.kind !== 'person') throw new ApiProblem('caller.agent');
  requireScope(caller, scope);
  return caller;
}
