/** What the EHR's refusal of our transaction means for the record: a closed reading, and what is not in it nobody knows. */
import { Refusal } from '../action/refusal.js';

export type SendOutcome =
  /** A condition failed: somebody was there before. Who, reading back tells. */
  | 'precondition'
  /** Nothing was done, and later it may be. */
  | 'busy'
  /** Nothing was done, and never will be. */
  | 'rejected'
  /** It may have been done. */
  | 'unknown';

/** HAPI answers a failed `If-Match` inside a transaction with 409. */
const preconditions: ReadonlySet<number> = new Set([409, 412]);
/** Statuses that are given before anything is done (RFC 9110 §15.5; FHIR R4 §3.1.0.4.4). */
const rejections: ReadonlySet<number> = new Set([400, 401, 403, 404, 405, 406, 410, 413, 414, 415, 422]);

/** @param error what sending threw. */
export function sendOutcome(error: unknown): SendOutcome {
  const status = error instanceof Refusal ? error.details['status'] : undefined;
  if (typeof status !== 'number') return 'unknown';
  if (preconditions.has(status)) return 'precondition';
  if (rejections.has(status)) return 'rejected';
  return status === 429 ? 'busy' : 'unknown';
}
