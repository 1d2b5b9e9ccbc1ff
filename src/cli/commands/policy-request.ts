/** The options in which `countersign policy explain` is told a request. */
import { Option, type Command, type OptionValues } from 'commander';
import { tiers } from '../../action/types.js';
import { phases, verbs } from '../../policy/core.js';
import type { SpokenAttribute } from '../../policy/spoken.js';
import { sampleSchema, type Sample } from '../../policy/study/sample.js';

/** Attributes with one word, with several, and with a truth: `--agent-role`, `--role`, `--on-call`. */
const one = { purpose: 'purpose', destination: 'destination', agent_role: 'role of the agent' } as const;
const several = { role: 'roles of the principal', time_window: 'windows that are open', preceded_by: 'action types that were completed' } as const; // prettier-ignore
const truths = {
  treatment_relationship: 'the principal was shown to treat the patient',
  on_call: 'the principal is on call',
  names_patient: 'the request names a patient',
  contains_phi: 'the output holds PHI',
} as const;
const given = { reason: 'a reason', justifications: 'a justification for each element', risk_assessment: 'a risk assessment' } as const; // prettier-ignore

const ofAttributes = { ...one, ...several, ...truths } satisfies Record<SpokenAttribute, string>;

export function withRequest(command: Command): Command {
  command
    .option('--type <type>', 'an action type: explains the action, its tier and whom it asks')
    .addOption(new Option('--verb <verb>', 'or a verb: explains the policy alone').choices(verbs))
    .addOption(new Option('--phase <phase>', 'with a verb: before it runs, or its output').choices(phases))
    .option('--element <element...>', 'what is touched; those of the type unless told');
  for (const [key, what] of Object.entries(one)) command.option(`--${flag(key)} <word>`, what);
  for (const [key, what] of Object.entries(several)) command.option(`--${flag(key)} <word...>`, what);
  for (const [key, what] of Object.entries(truths)) {
    command.option(`--${flag(key)}`, what);
    command.option(`--no-${flag(key)}`, `known not to: ${what}`);
  }
  for (const [key, what] of Object.entries(given)) command.option(`--${flag(key)}`, `given with the action: ${what}`);
  return command.addOption(new Option('--claimed-tier <tier>', 'tier that the agent claims').choices(tiers));
}

function flag(key: string): string {
  return key.replaceAll('_', '-');
}

/** The request that the options tell; undefined where they tell none. */
export function requestIn(options: OptionValues): Sample | undefined {
  const told = new Map<string, unknown>(Object.entries(options));
  const keys = ['type', 'verb', 'phase', ...[ofAttributes, given].flatMap(Object.keys), 'claimed_tier'];
  const said = [...keys.map((key) => [key, told.get(camel(key))] as const), ['elements', told.get('element')] as const];
  const request = said.filter(([, value]) => value !== undefined);
  return request.length === 0 ? undefined : sampleSchema.parse(Object.fromEntries(request));
}

/** As commander names an option. */
function camel(key: string): string {
  return key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
