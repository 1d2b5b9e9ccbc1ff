/** What a preview is judged by: the facts of a request that was not made, and the people who would be asked. */
import { circumstances } from '../action/circumstances.store.js';
import type { AgentId } from '../action/ids.js';
import type { PreviewRequest, resolveRequest } from '../action/request.js';
import { tally } from '../action/tally.store.js';
import { factorsOf, rolesOf, type Factor } from '../approval/quorum.js';
import { inTenant } from '../database/transaction.js';
import { countAble, findAgent, type PersonRow } from '../directory/directory.store.js';
import { agentStanding } from '../directory/standing.js';
import { preview, type Preview } from '../policy/preview.js';
import { countsOf } from '../policy/tally.js';
import type { Rulebook } from '../rulebook/rulebook.js';
import type { ApiDeps } from './deps.js';

export interface PreviewCase {
  readonly agent: AgentId;
  readonly principal: PersonRow;
  readonly request: PreviewRequest;
  readonly resolved: ReturnType<typeof resolveRequest>;
}

/** A seat, and how many people could fill it now. */
export type PreviewSeat = Factor & { readonly eligible: number };

/** Writes nothing: no action, no key, no leaf, and nothing counts. */
export async function lookAhead(
  { pool, tenant, keychain }: Pick<ApiDeps, 'pool' | 'tenant' | 'keychain'>,
  rulebook: Rulebook,
  { agent, principal, request, resolved }: PreviewCase,
): Promise<Preview & { readonly seats: readonly PreviewSeat[] }> {
  const { definition, elements } = resolved;
  const { patient } = resolved.subject;
  return inTenant(pool, tenant, async (tx) => {
    const registered = await findAgent(tx, agent);
    const namesPatient = patient !== undefined;
    // A patient of whom nothing is stored has no pseudonym, and no action that could be counted.
    const pseudonym = namesPatient
      ? await keychain.pseudonym(tx, tenant, patient, patient, { create: false })
      : undefined;
    const subject = { agent, patient: pseudonym ?? null };
    const found = preview(rulebook, {
      type: definition.name,
      floor: definition.tier,
      elements,
      purpose: request.purpose,
      namesPatient,
      agent: { role: registered?.role ?? 'unknown', status: agentStanding(registered, registered?.version ?? '') },
      principalRoles: principal.roles,
      reasonGiven: request.reason !== undefined,
      justified: Object.keys(request.justifications ?? {}),
      riskAssessed: request.riskAssessment !== undefined,
      unnamedLabels: 'not_read_yet',
      circumstances: await circumstances(tx, rulebook, { ...subject, principal: principal.person }),
      tallied: await tally(tx, countsOf(rulebook, namesPatient), subject, null),
      ...(request.claimedTier && { claimedTier: request.claimedTier }),
      ...(request.expiresIn !== undefined && { expiresIn: request.expiresIn }),
    });
    const seats: PreviewSeat[] = [];
    for (const factor of factorsOf(found.needs)) {
      const owner = registered ? [registered.owner] : [];
      const except = factor.order ? owner : [...owner, principal.person]; // the principal may order, and never decide
      seats.push({ ...factor, eligible: await countAble(tx, standingFor(rulebook, factor), except) });
    }
    return { ...found, seats };
  });
}

/** Every role that fills the seat, by itself or by what it implies. */
function standingFor({ roles }: Rulebook, factor: Factor) {
  const asked = rolesOf(factor);
  return [...roles].filter(([, held]) => held.some((role) => asked.includes(role))).map(([role]) => role);
}
