/** Judges one page of an answer: is it what was asked, of whom it was asked, and nothing else. */
import { Refusal } from '../action/refusal.js';
import type { EhrCall } from '../warrant/check.js';
import { belongsTo, isOfEpisode } from './belongs.js';
import type { Resource } from './bundle.js';
import { liesWithin, type DateBound } from './date-bound.js';
import type { ElementReading } from './reading.js';

/**
 * Servers may ignore a search parameter, and may be wrong about whose a resource is. One resource that does not fit
 * spoils the whole answer: what else is wrong in it, nobody knows.
 *
 * @throws Refusal `ehr.other_patient`, `ehr.unasked`.
 */
export function acceptPage(
  resources: readonly Resource[],
  call: Pick<EhrCall, 'location' | 'patient' | 'episode' | 'args'>,
  { episodeBound }: Pick<ElementReading, 'episodeBound'>,
  bound?: DateBound,
): void {
  const patient = call.patient?.reference ?? null;
  for (const resource of resources) {
    if (!belongsTo(resource, patient, call.location))
      throw new Refusal('ehr.other_patient', 'The EHR answered with a resource that is not the warrant’s patient’s.');
    if (episodeBound && !(call.episode && isOfEpisode(resource, call.episode.reference, call.location)))
      throw new Refusal('ehr.unasked', 'The EHR answered with a resource of another episode.');
    if (!answers(resource, call.args) || (bound && !liesWithin(resource, bound)))
      throw new Refusal('ehr.unasked', 'The EHR answered with a resource that the search had left out.');
  }
}

/** The parameters whose meaning is the same for every type: `_id`, and `status` as a list of codes. */
function answers(resource: Resource, args: EhrCall['args']): boolean {
  const { _id: id, status } = args;
  return (
    (id === undefined || resource.id === id) &&
    (status === undefined || status.split(',').some((code) => code === resource['status']))
  );
}
