/** What can stand against an action, each as a rule id made of known names. */
import { writes } from '../action/define-action.js';
import { writeElements } from '../ehr/write-elements.js';
import type { ElementDefinition } from '../rulebook/elements.js';
import type { ActionContract, TierRules } from '../rulebook/rulebook.js';
import type { ClassifyFacts } from './classify.js';
import type { PolicyDecision } from './core.js';
import type { MinimumNecessary } from './minimum-necessary.js';
import type { Quota } from './quota.js';

/** What was found out about an action from its facts and the rulebook. */
export interface About {
  readonly contract: ActionContract;
  readonly elements: readonly ElementDefinition[];
  readonly necessary: MinimumNecessary;
  /** Quotas that it is beyond. */
  readonly over: readonly Quota[];
}

/** Whatever its tier is, and whatever the policy says. */
export function againstFacts(facts: ClassifyFacts, about: About): string[] {
  return [
    ...againstAgent(facts),
    ...againstContract(about, facts),
    ...againstExcess(about, facts),
    ...about.over.filter(({ beyond }) => beyond === 'refused').map(({ id }) => `quota.exceeded:${id}`),
  ];
}

function againstAgent({ agent }: ClassifyFacts): string[] {
  return agent.status === 'current' ? [] : [`agent.${agent.status}`];
}

function againstContract({ contract, elements }: About, { purpose, namesPatient, expiresIn }: ClassifyFacts): string[] {
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

export function againstTier(approval: TierRules['approval'], facts: ClassifyFacts): string[] {
  if (approval.status === 'nobody') return [];
  const { requires, relationshipFor } = approval;
  const unjustified = facts.elements.filter((element) => !facts.justified.includes(element));
  return [
    ...(requires.has('reason') && !facts.reasonGiven ? ['reason.missing'] : []),
    ...(requires.has('justifications') ? unjustified.map((element) => `justification.missing:${element}`) : []),
    ...(requires.has('risk_assessment') && !facts.riskAssessed ? ['risk_assessment.missing'] : []),
    ...(relationshipFor.has(facts.purpose) && facts.relation !== 'related' ? [`relation.${facts.relation}`] : []),
  ];
}

/** What is more than routine is justified element by element, whatever its tier asks for. */
function againstExcess({ necessary }: About, { justified }: ClassifyFacts): string[] {
  if (necessary.status !== 'outside') return [];
  return necessary.elements
    .filter((element) => !justified.includes(element))
    .map((element) => `justification.missing:${element}`);
}

/** The forbidden elements by name, and the denies that spoke; where no rule spoke, the default did. */
export function againstDecision({ effect, rules, forbidden }: PolicyDecision): string[] {
  return effect === 'allow' ? [] : [...rules, ...forbidden.map((element) => `element.forbidden:${element}`)];
}
