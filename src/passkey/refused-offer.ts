/** The leaf of an offer that made no passkey: ids and a code, nothing of what was sent. */
import type { PersonId } from '../action/ids.js';
import type { LeafDraft } from '../audit/leaf.js';
import type { PasskeyId } from './ids.js';

export interface RefusedOffer {
  /** Null for what is no enrolment of this person. */
  readonly enrolment: PasskeyId | null;
  readonly person: PersonId;
  readonly code: string;
}

/** One leaf for each enrolment and reason, or person and reason: repeating a bad offer does not fill the log. */
export function refusedOfferLeaf({ enrolment, person, code }: RefusedOffer): LeafDraft<'passkey.refused'> {
  const key = `${enrolment ?? person}/${code}`;
  return { kind: 'passkey.refused', key, data: { passkey: enrolment, person, code } };
}
