/** Who may vote on an action, judged when the vote comes and again before the warrant. */
import type { PersonId, RoleName } from '../action/ids.js';
import { factorsOf, orderMeaning, rolesOf, type Needs } from './quorum.js';

export interface EligibilityFacts {
  readonly approver: {
    readonly person: PersonId;
    readonly active: boolean;
    readonly suspended: boolean;
    readonly trained: boolean;
    /** Roles held now, implied ones included. */
    readonly roles: readonly RoleName[];
  };
  /** Roles that the decision names. */
  readonly actingRoles: readonly RoleName[];
  /** Roles that may deny beside those of the quorum. */
  readonly mayDeny: readonly RoleName[];
  readonly verdict: 'approve' | 'deny' | 'request_changes';
  /** Of the closed list in decision.ts. */
  readonly meaning: string;
  readonly needs: Needs;
  /** For whom the agent acts: they would countersign themselves, but may sign the order that they gave. */
  readonly principal: PersonId;
  /** Of the agent; undefined for an agent that the directory no longer knows. */
  readonly owner: PersonId | undefined;
}

export type IneligibleCode = 'vote.self' | 'vote.inactive' | 'vote.untrained' | 'vote.wrong_role';

export type Eligibility =
  /** In which of the acting roles the vote counts. */
  | { readonly status: 'eligible'; readonly roles: readonly RoleName[] }
  | { readonly status: 'refused'; readonly code: IneligibleCode };

/** A role counts when the decision names it, the person holds it now, and the quorum asks for it. */
export function eligibility(facts: EligibilityFacts): Eligibility {
  const { approver, actingRoles, meaning, principal, owner } = facts;
  const orders = meaning === orderMeaning;
  if (approver.person === owner || (approver.person === principal && !orders))
    return { status: 'refused', code: 'vote.self' };
  if (!approver.active || approver.suspended) return { status: 'refused', code: 'vote.inactive' };
  if (!approver.trained) return { status: 'refused', code: 'vote.untrained' };
  const counting = countingRoles(facts);
  const roles = actingRoles.filter((role) => approver.roles.includes(role) && counting.includes(role));
  return roles.length > 0 ? { status: 'eligible', roles } : { status: 'refused', code: 'vote.wrong_role' };
}

/** The roles in which such a vote counts: the order's for an order, the seats' for a seat, and more for a no. */
export function countingRoles({
  needs,
  verdict,
  meaning,
  mayDeny,
}: Pick<EligibilityFacts, 'needs' | 'verdict' | 'meaning' | 'mayDeny'>): readonly RoleName[] {
  const orders = meaning === orderMeaning;
  const factors = factorsOf(needs).filter(({ order = false }) => verdict !== 'approve' || order === orders);
  const asked = factors.flatMap(rolesOf);
  return verdict === 'deny' ? [...asked, ...mayDeny] : asked;
}
