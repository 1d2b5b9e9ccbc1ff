/** The tier of an action: the highest of everything that has a say, each say kept so that it can be explained. */
import { tiers, type Tier } from '../action/types.js';
import type { ActionContract } from '../rulebook/rulebook.js';
import type { ElementDefinition } from '../rulebook/elements.js';
import { raisedTier, type RaiseTo } from './raising.js';

/** One say: `tier.element:clinical_notes` says T2. `above_T3` is no tier: what it is said of is refused. */
export interface TierSay {
  readonly tier: Tier | 'above_T3';
  /** `tier.action`, `tier.element:<name>`, `tier.names_patient`, `tier.claimed`, `tier.raised:<rule>`. */
  readonly why: string;
}

export type TierFinding =
  | {
      readonly status: 'found';
      readonly tier: Tier;
      /** The says that it rests on. */
      readonly rules: readonly string[];
      /** All of them, floors first. */
      readonly says: readonly TierSay[];
    }
  | { readonly status: 'beyond'; readonly rules: readonly string[]; readonly says: readonly TierSay[] };

export interface Floors {
  readonly contract: Pick<ActionContract, 'tier'>;
  /** Of the program's `defineAction`. */
  readonly floor: Tier;
  readonly elements: readonly Pick<ElementDefinition, 'name' | 'tier'>[];
  readonly namesPatient: boolean;
  /** Never lowers the tier. */
  readonly claimedTier: Tier | undefined;
}

/**
 * Raising starts from the highest floor. Several rules do not add up: each says how far it alone would raise, and the
 * highest counts; but one that would raise above T3 is enough to refuse.
 */
export function findTier(
  { contract, floor, elements, namesPatient, claimedTier }: Floors,
  raising: readonly { readonly id: string; readonly raise: RaiseTo }[],
): TierFinding {
  const floors: (TierSay & { readonly tier: Tier })[] = [
    { tier: rank(floor) > rank(contract.tier) ? floor : contract.tier, why: 'tier.action' },
    ...elements.map(({ name, tier }) => ({ tier, why: `tier.element:${name}` })),
    ...(namesPatient ? [{ tier: 'T1' as const, why: 'tier.names_patient' }] : []),
    ...(claimedTier !== undefined ? [{ tier: claimedTier, why: 'tier.claimed' }] : []),
  ];
  const base = floors.reduce((highest, said) => (rank(said.tier) > rank(highest.tier) ? said : highest));
  const raised = raising.map(({ id, raise }) => ({
    tier: raisedTier(base.tier, raise) ?? ('above_T3' as const),
    why: `tier.raised:${id}`,
  }));
  const says = [...floors, ...raised];
  const beyond = raised.filter(({ tier }) => tier === 'above_T3');
  if (beyond.length > 0)
    return { status: 'beyond', rules: beyond.map(({ why }) => why.replace('raised', 'beyond')), says };

  const tier = tiers.findLast((each) => says.some((said) => said.tier === each)) ?? 'T3';
  const rules = tier === base.tier ? [base.why] : raised.filter((said) => said.tier === tier).map(({ why }) => why);
  return { status: 'found', tier, rules, says };
}

function rank(tier: Tier): number {
  return tiers.indexOf(tier);
}
