/** Turns the elements that a warrant names into the calls that read them. */
import { Refusal } from '../action/refusal.js';
import { argumentsOf, type EhrCall } from '../warrant/check.js';
import type { ElementReading } from './reading.js';

export interface PlannedSearch extends Pick<EhrCall, 'type' | 'element' | 'args'> {
  readonly reading: ElementReading;
}

/**
 * One search for each row of the element table, in the warrant's order.
 *
 * @throws Refusal `warrant.other_element` for an element that the rulebook does not have, `warrant.argument` for a search
 *   whose patient or episode the request does not name.
 */
export function planReads(
  names: readonly string[],
  elements: ReadonlyMap<string, ElementReading>,
  subject: Pick<EhrCall, 'patient' | 'episode'>,
): PlannedSearch[] {
  return names.flatMap((name) => {
    const reading = elements.get(name);
    if (!reading) throw new Refusal('warrant.other_element', 'The rulebook has no such element.');
    return reading.searches.map(({ type, params }) => {
      const args = argumentsOf(params, subject);
      if (!args) throw new Refusal('warrant.argument', 'A search needs a patient or episode that is not named.');
      return { type, element: name, args, reading };
    });
  });
}
