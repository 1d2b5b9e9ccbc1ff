/** What a writing request is about: one resource of one patient, and the elements of the request that it belongs to. */
import { subjectOf } from '../action/define-action.js';
import { Refusal } from '../action/refusal.js';
import type { SealedRequest } from '../action/request.js';
import type { EhrCall } from '../warrant/check.js';
import type { Leave } from '../warrant/leave.js';
import { patientReading } from './patient-identity.js';
import type { ReadOrder } from './read-elements.js';
import type { TargetOrder } from './read-target.js';
import { targetsOf } from './write-elements.js';

export interface TargetCase {
  readonly request: SealedRequest;
  readonly subject: Pick<EhrCall, 'patient' | 'episode'>;
  readonly leave: Leave;
  readonly bytesLeft: number;
  readonly requestId: string;
}

/** @throws Refusal `warrant.other_request` for a request that names no patient or no target that its type may write. */
export function targetOrder({ request, subject, leave, bytesLeft, requestId }: TargetCase): TargetOrder {
  const [type = '', id = ''] = subjectOf(request.input).target?.split('/') ?? [];
  const elements = targetsOf(request.type, type)
    .map(({ element }) => element)
    .filter((element) => request.elements.includes(element));
  const { patient, episode } = subject;
  if (patient === null || elements.length === 0)
    throw new Refusal('warrant.other_request', 'The request names nothing that could be written.');
  return { leave, target: { type, id }, elements, subject: { patient, episode }, bytesLeft, requestId };
}

/**
 * To read whose record it is, and nothing else that the leave names.
 *
 * @throws Refusal `warrant.other_element` for a leave that does not name it: then nobody would see it.
 */
export function patientOrder({ leave, ...rest }: Omit<ReadOrder, 'elements'>): ReadOrder {
  const { name } = patientReading;
  if (!leave.elements.includes(name))
    throw new Refusal('warrant.other_element', 'The warrant does not let us read whose record it is.');
  return { ...rest, leave: { ...leave, elements: [name] }, elements: new Map([[name, patientReading]]) };
}
