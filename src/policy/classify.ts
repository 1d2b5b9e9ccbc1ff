/** Judges one action: refused, authorised at once, or whom to ask. Called at classify and again before the warrant. */
import type { RoleName } from '../action/ids.js';
import { writes, type Performs } from '../action/define-action.js';
import type { Tier } from '../action/types.js';
import type { ElementDefinition } from '../rulebook/elements.js';
import {
  rolesHeld,
  type ActionContract,
  type ApprovalRules,
  type Escalation,
  type RequiredProof,
  type Rulebook,
  type WarrantLimits,
} from '../rulebook/rulebook.js';
import type { Destination, NearMiss, Obligation, PolicyDecision, PolicyRequest, Verb } from './core.js';
import { decide } from './decide.js';
import { lookBackOf, minimumNecessary } from './minimum-necessary.js';
import { againstDecision, againstFacts, againstTier, type About } from './objections.js';
import { exceeded, recordsLeft } from './quota.js';
import { raisedBy, type UnnamedLabels } from './raising.js';
import type { Tallied } from './tally.js';
import { findTier, type TierFinding, type TierSay } from './tier.js';

export interface ClassifyFacts {
  readonly type: string;
  /** Of the program's `defineAction`. */
  readonly floor: Tier;
  readonly elements: readonly string[];
  readonly purpose: string;
  readonly namesPatient: boolean;
  readonly agent: {
    readonly role: string;
    /** Only `current` lets anything happen; every other standing is the refusal `agent.<status>`. */
    readonly status: 'current' | 'unknown' | 'version_changed' | 'suspended' | 'review_overdue' | 'baa_lapsed';
  };
  /** As granted in the directory; what they imply is added here. */
  readonly principalRoles: readonly RoleName[];
  /** Only `related` grants. */
  readonly relation: 'related' | 'not_related' | 'not_asked' | 'unknown';
  readonly reasonGiven: boolean;
  /** Elements that came with a justification. */
  readonly justified: readonly string[];
  readonly riskAssessed: boolean;
  readonly unnamedLabels: UnnamedLabels;
  /** What is missing of these is unknown. */
  readonly circumstances: Pick<PolicyRequest, 'timeWindows' | 'precededBy' | 'onCall'>;
  readonly tallied: Tallied;
  /** Never lowers the tier. */
  readonly claimedTier?: Tier;
  /** Seconds. Only shortens the deadline. */
  readonly expiresIn?: number;
}

/** What holds for the action once it may run. */
interface Terms {
  /** Rules that allowed it, the minimum-necessary row that verified it, and why it is of its tier. */
  readonly rules: readonly string[];
  /** Every say about the tier, not only the highest. */
  readonly why: readonly TierSay[];
  /** Id of the row of the minimum-necessary table; absent outside the table, and where nothing could be too much. */
  readonly minimumNecessary: string | undefined;
  readonly obligations: readonly Obligation[];
  readonly performs: Performs;
  /** It changes the record. */
  readonly writes: boolean;
  readonly destination: Destination;
  readonly warrantSeconds: number;
  readonly limits: WarrantLimits;
  /** Element → days that its search may reach back; elements that state the present are not in it. */
  readonly lookBackDays: Readonly<Record<string, number>>;
}

export type Classification =
  | {
      readonly status: 'refused';
      readonly rules: readonly string[];
      readonly nearMisses: readonly NearMiss[];
      /** As far as it was looked at. */
      readonly why: readonly TierSay[];
    }
  | ({ readonly status: 'authorised'; readonly tier: 'T0' } & Terms)
  | ({
      readonly status: 'approvals_needed';
      readonly tier: Exclude<Tier, 'T0'>;
      readonly needs: ApprovalRules['needs'];
      readonly deadlineSeconds: number;
      /** From the classification; absent when the deadline is too near for one. */
      readonly reminderSeconds: number | undefined;
      readonly escalations: readonly Escalation[];
      readonly proof: RequiredProof;
      readonly confirmation: ApprovalRules['confirmation'];
    } & Terms);

/** Everything that stands against it is named, not the first thing only. Rule ids hold known names, never typed ones. */
export function classify(rulebook: Rulebook, facts: ClassifyFacts): Classification {
  const contract = rulebook.actions.get(facts.type);
  if (contract === undefined) return refused(['type.unknown']);
  const elements = elementsOf(rulebook, facts);
  if (elements === undefined) return refused(['element.unknown']);

  const necessary = minimumNecessary(rulebook.minimumNecessary, {
    purpose: facts.purpose,
    agentRole: facts.agent.role,
    elements,
  });
  const over = exceeded(rulebook.quotas, facts);
  const about: About = { contract, elements, necessary, over };
  const found = tierOf(rulebook, facts, about);
  const decision = decide(rulebook.policy, policyRequest(rulebook, facts, contract));
  const objections = [
    ...againstFacts(facts, about),
    ...(found.status === 'beyond' ? found.rules : againstTier(rulebook.tiers[found.tier].approval, facts)),
    ...againstDecision(decision),
  ];
  if (found.status === 'beyond' || objections.length > 0) return refused(objections, decision.nearMisses, found.says);

  const { tier } = found;
  const { approval } = rulebook.tiers[tier];
  const terms = termsOf(rulebook, facts, { ...about, found, decision });
  if (tier === 'T0') return { status: 'authorised', tier, ...terms };
  if (approval.status !== 'asked') return refused(['tier.asks_nobody']); // the schema leaves no such tier above T0
  const { escalations, proof, confirmation, reminderShare } = approval;
  const deadlineSeconds = Math.min(
    approval.deadlineSeconds,
    contract.maxExpiresIn ?? Number.POSITIVE_INFINITY,
    facts.expiresIn ?? Number.POSITIVE_INFINITY,
  );
  const reminder = Math.floor(deadlineSeconds * reminderShare);
  const reminderSeconds = reminder > 0 ? reminder : undefined;
  return {
    status: 'approvals_needed',
    tier,
    needs: needsOf(contract, tier, approval),
    deadlineSeconds,
    reminderSeconds,
    escalations,
    proof,
    confirmation,
    ...terms,
  };
}

/** Whoever a contract asks of its own is asked at its own tier: what raises the tier raises whom to ask. */
export function needsOf(
  { tier: own, needs }: ActionContract,
  tier: Tier,
  ofTier: ApprovalRules,
): ApprovalRules['needs'] {
  return needs === 'of_tier' || tier !== own ? ofTier.needs : needs;
}

/** What the policy is asked about what an action performs. */
export const verbOf: Readonly<Record<Performs, Verb>> = {
  'ehr.read': 'read',
  'ehr.write': 'write',
  'ehr.delete': 'write',
  'ehr.export': 'export',
  'llm.generate': 'generate',
};

function refused(
  rules: readonly string[],
  nearMisses: readonly NearMiss[] = [],
  why: readonly TierSay[] = [],
): Classification {
  return { status: 'refused', rules: [...new Set(rules)].sort(), nearMisses, why };
}

/** Undefined when one of them is none of the rulebook's, in whatever case or script it was written. */
function elementsOf(rulebook: Rulebook, { elements }: ClassifyFacts): ElementDefinition[] | undefined {
  const found = elements.flatMap((name) => rulebook.elements.get(name) ?? []);
  return found.length === elements.length && found.length > 0 ? found : undefined;
}

function tierOf(rulebook: Rulebook, facts: ClassifyFacts, { contract, elements, necessary, over }: About): TierFinding {
  const { floor, namesPatient, claimedTier, unnamedLabels, tallied } = facts;
  const { destination } = contract;
  return findTier({ contract, floor, elements, namesPatient, claimedTier }, [
    ...raisedBy(rulebook.raising, {
      elements,
      namesPatient,
      minimumNecessary: necessary,
      destination,
      unnamedLabels,
      tallied,
    }),
    ...over.flatMap(({ id, beyond }) => (beyond === 'refused' ? [] : { id, raise: beyond })),
  ]);
}

function policyRequest(rulebook: Rulebook, facts: ClassifyFacts, contract: ActionContract): PolicyRequest {
  return {
    verb: verbOf[contract.performs],
    phase: 'before',
    elements: facts.elements,
    purpose: facts.purpose,
    destination: contract.destination,
    agentRole: facts.agent.role,
    principalRoles: rolesHeld(rulebook, facts.principalRoles),
    namesPatient: facts.namesPatient,
    ...relatedness(facts),
    ...facts.circumstances,
  };
}

function relatedness({ relation }: ClassifyFacts): { related?: boolean } {
  if (relation === 'related') return { related: true };
  return relation === 'not_related' ? { related: false } : {};
}

function termsOf(
  rulebook: Rulebook,
  facts: ClassifyFacts,
  about: About & {
    readonly found: Extract<TierFinding, { status: 'found' }>;
    readonly decision: PolicyDecision;
  },
): Terms {
  const { contract, elements, necessary, found, decision } = about;
  const { warrantSeconds, limits } = rulebook.tiers[found.tier];
  const routine = necessary.status === 'inside' ? necessary.routine : undefined;
  const mostRecords = [
    limits.maxRecords,
    recordsOf(contract, elements),
    routine?.maxRecords,
    recordsLeft(rulebook.quotas, facts),
  ];
  return {
    rules: [...decision.rules, ...(routine === undefined ? [] : [`minimum_necessary:${routine.id}`]), ...found.rules],
    why: found.says,
    minimumNecessary: routine?.id,
    obligations: decision.obligations,
    performs: contract.performs,
    writes: writes(contract.performs),
    destination: contract.destination,
    warrantSeconds,
    limits: { ...limits, maxRecords: Math.min(...mostRecords.filter((most) => most !== undefined)) },
    lookBackDays: routine === undefined ? {} : lookBackOf(routine, facts.elements),
  };
}

/** A write changes one resource, whatever its elements would give to read. */
function recordsOf({ performs }: ActionContract, elements: readonly ElementDefinition[]): number {
  if (writes(performs)) return 1;
  return Math.max(
    1,
    elements.reduce((sum, { maxRecords }) => sum + maxRecords, 0),
  );
}
