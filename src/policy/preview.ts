/** What would become of an action, asked without asking for it. */
import type { Tier } from '../action/types.js';
import type { ApprovalRules, Rulebook } from '../rulebook/rulebook.js';
import { classify, type ClassifyFacts } from './classify.js';
import type { NearMiss } from './core.js';
import type { TierSay } from './tier.js';

export interface Preview {
  readonly status:
    | 'refused'
    /** Nothing stands against it but what the request leaves out. */
    | 'incomplete'
    | 'approvals_needed'
    | 'authorised';
  /** Undefined for a refusal. */
  readonly tier: Tier | undefined;
  /** Every say about the tier. */
  readonly why: readonly TierSay[];
  /** What allows it, or what stands against it whatever the request says besides. */
  readonly rules: readonly string[];
  readonly nearMisses: readonly NearMiss[];
  /** `reason.missing`, `justification.missing:<element>`, `risk_assessment.missing`. */
  readonly missing: readonly string[];
  readonly needs: { readonly status: 'nobody' } | ApprovalRules['needs'];
  readonly deadlineSeconds: number | undefined;
  /**
   * `assumed`: whether the principal treats the patient is asked of the EHR once the action is requested; all of this
   * holds if it says yes. `not_needed`: the action names no patient.
   */
  readonly relation: 'assumed' | 'not_needed';
}

export type PreviewFacts = Omit<ClassifyFacts, 'relation'>;

/** Judges the request as it is, and as it were with every reason given: the difference is what it lacks. */
export function preview(rulebook: Rulebook, given: PreviewFacts): Preview {
  const facts: ClassifyFacts = { ...given, relation: given.namesPatient ? 'related' : 'not_asked' };
  const found = classify(rulebook, { ...facts, reasonGiven: true, justified: facts.elements, riskAssessed: true });
  const asIs = classify(rulebook, facts);
  const lacks = asIs.status === 'refused' ? asIs.rules : [];
  const missing = lacks.filter((rule) => !found.rules.includes(rule) && /^\w+\.missing\b/.test(rule));
  const common = {
    why: found.why,
    rules: found.rules,
    missing,
    relation: given.namesPatient ? ('assumed' as const) : ('not_needed' as const),
  };
  const nobody = { status: 'nobody' as const };
  switch (found.status) {
    case 'refused': {
      const { status, nearMisses } = found;
      return { status, tier: undefined, nearMisses, needs: nobody, deadlineSeconds: undefined, ...common };
    }
    case 'authorised': {
      const status = missing.length === 0 ? found.status : 'incomplete';
      return { status, tier: found.tier, nearMisses: [], needs: nobody, deadlineSeconds: undefined, ...common };
    }
    case 'approvals_needed': {
      const { tier, needs, deadlineSeconds } = found;
      const status = missing.length === 0 ? found.status : 'incomplete';
      return { status, tier, nearMisses: [], needs, deadlineSeconds, ...common };
    }
  }
}
