/** Judges one action: refused, authorised at once, or whom to ask. Called at classify and again before the warrant. */
import type { RoleName } from '../action/ids.js';
import { writes, type Performs } from '../action/define-action.js';
import { tiers, type Tier } from '../action/types.js';
import { writeElements } from '../ehr/write-elements.js';
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
import type { Destination, NearMiss, Obligation, PolicyDecision, Verb } from './core.js';
import { decide } from './decide.js';

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
  /** Never lowers the tier. */
  readonly claimedTier?: Tier;
  /** Seconds. Only shortens the deadline. */
  readonly expiresIn?: number;
}

/** What holds for the action once it may run. */
interface Terms {
  /** Rules that allowed it, and why it is of its tier. */
  readonly rules: readonly string[];
  readonly obligations: readonly Obligation[];
  readonly performs: Performs;
  /** It changes the record. */
  readonly writes: boolean;
  readonly destination: Destination;
  readonly warrantSeconds: number;
  readonly limits: WarrantLimits;
}

export type Classification =
  | { readonly status: 'refused'; readonly rules: readonly string[]; readonly nearMisses: readonly NearMiss[] }
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

  const { tier, why } = tierOf(contract, facts, elements);
  const rules = rulebook.tiers[tier];
  const decision = decide(rulebook.policy, {
    verb: verbs[contract.performs],
    phase: 'before',
    elements: facts.elements,
    purpose: facts.purpose,
    destination: contract.destination,
    agentRole: facts.agent.role,
    principalRoles: rolesHeld(rulebook, facts.principalRoles),
    namesPatient: facts.namesPatient,
    ...relatedness(facts),
  });
  const objections = [
    ...againstAgent(facts),
    ...againstContract(contract, facts, elements),
    ...(rules.approval.status === 'asked' ? againstTier(rules.approval, facts) : []),
    ...againstDecision(decision),
  ];
  if (objections.length > 0) return refused(objections, decision.nearMisses);

  const terms: Terms = {
    rules: [...decision.rules, why],
    obligations: decision.obligations,
    performs: contract.performs,
    writes: writes(contract.performs),
    destination: contract.destination,
    warrantSeconds: rules.warrantSeconds,
    limits: { ...rules.limits, maxRecords: Math.min(rules.limits.maxRecords, recordsOf(contract, elements)) },
  };
  if (tier === 'T0') return { status: 'authorised', tier, ...terms };
  if (rules.approval.status !== 'asked') return refused(['tier.asks_nobody']); // the schema leaves no such tier above T0
  const { escalations, proof, confirmation, reminderShare } = rules.approval;
  const deadlineSeconds = Math.min(
    rules.approval.deadlineSeconds,
    contract.maxExpiresIn ?? Number.POSITIVE_INFINITY,
    facts.expiresIn ?? Number.POSITIVE_INFINITY,
  );
  const reminder = Math.floor(deadlineSeconds * reminderShare);
  const reminderSeconds = reminder > 0 ? reminder : undefined;
  return {
    status: 'approvals_needed',
    tier,
    needs: needsOf(contract, tier, rules.approval),
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

const verbs: Readonly<Record<Performs, Verb>> = {
  'ehr.read': 'read',
  'ehr.write': 'write',
  'ehr.delete': 'write',
  'ehr.export': 'export',
  'llm.generate': 'generate',
};

function refused(rules: readonly string[], nearMisses: readonly NearMiss[] = []): Classification {
  return { status: 'refused', rules: [...new Set(rules)].sort(), nearMisses };
}

/** Undefined when one of them is none of the rulebook's, in whatever case or script it was written. */
function elementsOf(rulebook: Rulebook, { elements }: ClassifyFacts): ElementDefinition[] | undefined {
  const found = elements.flatMap((name) => rulebook.elements.get(name) ?? []);
  return found.length === elements.length && found.length > 0 ? found : undefined;
}

/** The highest of everything that has a say. */
function tierOf(
  contract: ActionContract,
  { floor, claimedTier, namesPatient }: ClassifyFacts,
  elements: readonly ElementDefinition[],
): { tier: Tier; why: string } {
  const says: { tier: Tier; why: string }[] = [
    { tier: contract.tier, why: 'tier.action' },
    { tier: floor, why: 'tier.action' },
    ...elements.map(({ name, tier }) => ({ tier, why: `tier.element:${name}` })),
    ...(namesPatient ? [{ tier: 'T1' as const, why: 'tier.names_patient' }] : []),
    ...(claimedTier !== undefined ? [{ tier: claimedTier, why: 'tier.claimed' }] : []),
  ];
  return says.reduce((highest, said) => (tiers.indexOf(said.tier) > tiers.indexOf(highest.tier) ? said : highest));
}

function relatedness({ relation }: ClassifyFacts): { related?: boolean } {
  if (relation === 'related') return { related: true };
  return relation === 'not_related' ? { related: false } : {};
}

function againstAgent({ agent }: ClassifyFacts): string[] {
  return agent.status === 'current' ? [] : [`agent.${agent.status}`];
}

function againstContract(
  contract: ActionContract,
  { purpose, namesPatient, expiresIn }: ClassifyFacts,
  elements: readonly ElementDefinition[],
): string[] {
  const own = contract.elements;
  const reads = contract.performs === 'ehr.read';
  return [
    ...(contract.purposes.has(purpose) ? [] : ['purpose.not_of_type']),
    ...(own === 'listed_by_caller'
      ? []
      : elements.filter(({ name }) => !own.includes(name)).map(({ name }) => `element.not_of_type:${name}`)),
    ...(reads ? elements.filter((e) => e.searches.length === 0).map(({ name }) => `element.not_served:${name}`) : []),
    ...againstWrite(contract, elements),
    ...(elements.some(({ sensitivity }) => sensitivity !== 'none') && !namesPatient ? ['patient.missing'] : []),
    ...(expiresIn === undefined || (Number.isInteger(expiresIn) && expiresIn > 0) ? [] : ['expires_in.invalid']),
  ];
}

/** The rulebook may call a write only what the program writes: this type, in this way, to these elements. */
function againstWrite({ name: type, performs }: ActionContract, elements: readonly ElementDefinition[]): string[] {
  const written = writeElements.get(type);
  if ((writes(performs) ? performs : undefined) !== written?.performs) return ['performs.not_of_type'];
  if (written === undefined) return [];
  return elements
    .filter(({ name }) => !written.targets.some(({ element }) => element === name))
    .map(({ name }) => `element.not_written:${name}`);
}

function againstTier({ requires, relationshipFor }: ApprovalRules, facts: ClassifyFacts): string[] {
  const unjustified = facts.elements.filter((element) => !facts.justified.includes(element));
  return [
    ...(requires.has('reason') && !facts.reasonGiven ? ['reason.missing'] : []),
    ...(requires.has('justifications') ? unjustified.map((element) => `justification.missing:${element}`) : []),
    ...(requires.has('risk_assessment') && !facts.riskAssessed ? ['risk_assessment.missing'] : []),
    ...(relationshipFor.has(facts.purpose) && facts.relation !== 'related' ? [`relation.${facts.relation}`] : []),
  ];
}

/** The forbidden elements by name, and the denies that spoke; where no rule spoke, the default did. */
function againstDecision({ effect, rules, forbidden }: PolicyDecision): string[] {
  return effect === 'allow' ? [] : [...rules, ...forbidden.map((element) => `element.forbidden:${element}`)];
}

/** A write changes one resource, whatever its elements would give to read. */
function recordsOf({ performs }: ActionContract, elements: readonly ElementDefinition[]): number {
  if (writes(performs)) return 1;
  return Math.max(
    1,
    elements.reduce((sum, { maxRecords }) => sum + maxRecords, 0),
  );
}
