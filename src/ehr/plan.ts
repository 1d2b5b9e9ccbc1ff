/** Turns the elements that a warrant names into the calls that read them. */
import { Refusal } from '../action/refusal.js';
import { argumentsOf, type EhrCall } from '../warrant/check.js';
import type { Leave } from '../warrant/leave.js';
import type { DateBound } from './date-bound.js';
import type { ElementReading } from './reading.js';

export interface PlannedSearch extends Pick<EhrCall, 'type' | 'element' | 'args'> {
  readonly reading: ElementReading;
  /** What an answer must show to lie within the look-back; absent where nothing bounds it. */
  readonly bound?: DateBound;
}

/**
 * One search for each row of the element table, in the warrant's order.
 *
 * @throws Refusal `warrant.other_element` for an element that the rulebook does not have, `warrant.argument` for a search
 *   whose patient or episode the request does not name, or that is to be bounded by date and has none.
 */
export function planReads(
  names: readonly string[],
  elements: ReadonlyMap<string, ElementReading>,
  subject: Pick<EhrCall, 'patient' | 'episode'>,
  sinceOf: Leave['since'],
): PlannedSearch[] {
  return names.flatMap((name) => {
    const reading = elements.get(name);
    if (!reading) throw new Refusal('warrant.other_element', 'The rulebook has no such element.');
    const since = sinceOf[name];
    return reading.searches.map((search) => {
      const { type, date } = search;
      const args = argumentsOf(search, subject, since);
      if (!args)
        throw new Refusal('warrant.argument', 'A search needs a patient or episode that is not named, or a date.');
      const bound = since !== undefined && date !== undefined ? { since, fields: date.fields } : undefined;
      return { type, element: name, args, reading, ...(bound && { bound }) };
    });
  });
}
