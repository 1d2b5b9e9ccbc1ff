/** What a rulebook answers to a sample request. */
import type { Tier } from '../../action/types.js';
import type { Needs } from '../../approval/quorum.js';
import type { RequiredProof, Rulebook } from '../../rulebook/rulebook.js';
import { classify } from '../classify.js';
import type { NearMiss, Obligation } from '../core.js';
import { decide } from '../decide.js';
import type { Asked } from './sample.js';
import type { TierSay } from '../tier.js';

export interface SampleAnswer {
  /** Of an action, `allow` means: once everybody on its seats has signed. */
  readonly effect: 'allow' | 'deny';
  /** Rules that decided: what allowed it, or everything that stands against it. */
  readonly rules: readonly string[];
  readonly nearMisses: readonly NearMiss[];
  readonly obligations: readonly Obligation[];
  /** Of an action that may run. */
  readonly terms?: {
    readonly tier: Tier;
    readonly needs: Needs;
    /** How strong a vote must be shown to be its voter's own. */
    readonly proof: 'none' | 'sign_in' | 'passkey' | 'fresh_passkey';
    /** Absent where nobody is asked. */
    readonly deadlineSeconds?: number;
    readonly warrantSeconds: number;
    readonly maxRecords: number;
  };
  /** Every say about the tier of an action. */
  readonly why: readonly TierSay[];
}

/** Agents and people count as in good standing; nothing counts as done before. */
export function answerOf(rulebook: Rulebook, asked: Asked): SampleAnswer {
  if (asked.kind === 'policy') {
    const { effect, rules, forbidden, nearMisses, obligations } = decide(rulebook.policy, asked.request);
    const named = asked.request.elements.length > 1 ? forbidden.map((element) => `element.forbidden:${element}`) : [];
    return { effect, rules: [...rules, ...named], nearMisses, obligations, why: [] };
  }
  const classified = classify(rulebook, asked.facts);
  if (classified.status === 'refused') {
    const { rules, nearMisses, why } = classified;
    return { effect: 'deny', rules, nearMisses, obligations: [], why };
  }
  const { tier, rules, obligations, why, warrantSeconds, limits } = classified;
  const asks = classified.status === 'approvals_needed';
  return {
    effect: 'allow',
    rules,
    nearMisses: [],
    obligations,
    why,
    terms: {
      tier,
      needs: asks ? classified.needs : { status: 'nobody' },
      proof: asks ? proofOf(classified.proof) : 'none',
      ...(asks && { deadlineSeconds: classified.deadlineSeconds }),
      warrantSeconds,
      maxRecords: limits.maxRecords,
    },
  };
}

function proofOf(proof: RequiredProof): NonNullable<SampleAnswer['terms']>['proof'] {
  if (proof.method === 'idp') return 'sign_in';
  return proof.fresh ? 'fresh_passkey' : 'passkey';
}
