/** The deny that does what an allow only seems to do: it restricts. */
import { stringify } from 'yaml';
import type { RuleDocument } from './document.js';

type Terms = NonNullable<RuleDocument['conditions']>[number];

/** Who may, and when. */
const restricting: readonly string[] = ['role', 'agent_role', 'time_window', 'preceded_by', 'on_call'];

/**
 * YAML of one rule, to paste into a policy: deny the same action on the same resource unless who and when are right, or,
 * where the grant asks for neither, unless everything it asks for holds.
 */
export function denyForm(id: string, { action, resource, conditions = [] }: RuleDocument): string {
  const terms = conditions.flatMap(each).filter((term) => term.audit === undefined);
  const who = terms.filter((term) => Object.keys(term).every((key) => restricting.includes(key)));
  const unless = who.length > 0 ? who : terms;
  const asked = terms.filter((term) => !unless.includes(term));
  const rule = {
    id: `only_${id.replaceAll('.', '_')}`.slice(0, 64),
    action,
    ...(resource !== undefined && { resource }),
    effect: 'deny',
    ...(asked.length > 0 && { conditions: asked }),
    unless,
  };
  return stringify([rule], { lineWidth: 120 });
}

/** One term for each key. */
function each(terms: Terms): Terms[] {
  return Object.entries(terms).map(([key, said]): Terms => ({ [key]: said }));
}
