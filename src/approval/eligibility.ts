/** Who may vote on an action, judged when the vote comes and again before the warrant. */
import type { PersonId, RoleName } from '../action/ids.js';
import type { Needs } from './quorum.js';

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
  readonly needs: Needs;
  /** The principal, and whoever owns the agent: they would countersign themselves. */
  readonly involved: readonly PersonId[];
}

export type IneligibleCode = 'vote.self' | 'vote.inactive' | 'vote.untrained' | 'vote.wrong_role';

export type Eligibility =
  /** In which of the acting roles the vote counts. */
  | { readonly status: 'eligible'; readonly roles: readonly RoleName[] }
  | { readonly status: 'refused'; readonly code: IneligibleCode };

/** A role counts when the decision names it, the person holds it now, and the quorum asks for it. */
export function eligibility(facts: EligibilityFacts): Eligibility {
  const { approver, actingRoles, mayDeny, verdict, needs, involved } = facts;
  if (involved.includes(approver.person)) return { status: 'refused', code: 'vote.self' };
  if (!approver.active || approver.suspended) return { status: 'refused', code: 'vote.inactive' };
  if (!approver.trained) return { status: 'refused', code: 'vote.untrained' };
  const asked = needs.status === 'quorum' ? needs.factors.map(({ role }) => role) : [];
  const counting = verdict === 'deny' ? [...asked, ...mayDeny] : asked;
  const roles = actingRoles.filter((role) => approver.roles.includes(role) && counting.includes(role));
  return roles.length > 0 ? { status: 'eligible', roles } : { status: 'refused', code: 'vote.wrong_role' };
}
