/** What an action can be asked as: its questions to the policy, and what else its tier depends on. */
import { tiers, type Tier } from '../../action/types.js';
import type { ActionContract, Rulebook } from '../../rulebook/rulebook.js';
import { verbOf } from '../classify.js';
import type { CompiledPolicy, Condition } from '../core.js';
import type { Cell, Said } from './outcomes.js';
import { policyThatAllows } from './pattern.js';
import { saidOf, sampleSchema, type Sample } from './sample.js';

/** One for each element that an action of this type may touch. */
export function cellsOfAction({ elements }: Pick<Rulebook, 'elements'>, contract: ActionContract): Cell[] {
  const own = contract.elements === 'listed_by_caller' ? [...elements.keys()] : contract.elements;
  return own.map((element) => ({ verb: verbOf[contract.performs], phase: 'before', element }));
}

export function isConfidential({ elements }: Pick<Rulebook, 'elements'>, { element = '' }: Cell): boolean {
  return elements.get(element)?.sensitivity !== 'none';
}

/**
 * Asked beside a policy, these tell requests apart that it does not, and the tier does: whether the minimum-necessary
 * table verifies them, and whether a tier asks for a treatment relationship.
 */
export function besides(rulebook: Rulebook, { element = '' }: Cell): CompiledPolicy[] {
  const bound = new Map<string, Condition>();
  for (const tier of tiers) {
    const { approval } = rulebook.tiers[tier];
    if (approval.status !== 'asked') continue;
    bound.set([...approval.relationshipFor].sort().join(), { attribute: 'purpose', oneOf: approval.relationshipFor });
  }
  return [
    routinely(rulebook, element),
    ...Array.from(bound.values(), (condition) => policyThatAllows([[condition]], rulebook.policy)),
  ];
}

/** The minimum-necessary table as a policy: allows what it verifies for this element. */
export function routinely({ minimumNecessary, policy }: Rulebook, element: string): CompiledPolicy {
  const rows = minimumNecessary.filter(({ elements }) => elements.has(element));
  return policyThatAllows(
    rows.map(({ purpose, agentRole }) => [
      { attribute: 'purpose', oneOf: new Set([purpose]) },
      { attribute: 'agentRole', oneOf: new Set([agentRole]) },
    ]),
    policy,
  );
}

/** What comes with an action. */
export interface Given {
  readonly reason: boolean;
  readonly justifications: boolean;
  readonly risk_assessment: boolean;
}
export const allGiven: Given = { reason: true, justifications: true, risk_assessment: true };

/** An action with these attributes; what its type decides is left out. */
export function actionSample(
  type: string,
  elements: readonly string[],
  said: Said,
  { claimed, ...given }: Given & { readonly claimed?: Tier | undefined },
): Sample {
  const { destination: _destination, contains_phi: _phi, ...rest } = saidOf(said);
  return sampleSchema.parse({
    type,
    elements,
    ...rest,
    ...given,
    ...(claimed !== undefined && { claimed_tier: claimed }),
  });
}
