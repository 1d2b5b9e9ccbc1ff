/** A passkey that signed, by the table and by the log. Governance writes both; what it cannot make is the signature. */
import type { PersonId } from '../action/ids.js';
import type { LeafData } from '../audit/leaf.js';
import { keyDigests } from './key-digests.js';
import type { PasskeyRow } from './passkey.store.js';

export interface SigningKey {
  readonly row: PasskeyRow;
  /** The leaf of its enrolment. */
  readonly enrolled: LeafData<'passkey.enrolled'>;
  /** Whether its key made the signature, at one of the rulebook's sites. */
  readonly signed: boolean;
}

/** Whether the key under this credential id is the one that this person enrolled, by the log as well as by the table. */
export function isEnrolledBy(
  { row, enrolled }: Pick<SigningKey, 'row' | 'enrolled'>,
  { person, credentialId }: { readonly person: PersonId; readonly credentialId: string },
): boolean {
  const { credential, publicKey } = keyDigests({ credential: credentialId, publicKey: row.publicKey });
  return (
    enrolled.passkey === row.passkey &&
    enrolled.person === person &&
    enrolled.rpId === row.rpId &&
    enrolled.credential === credential &&
    enrolled.publicKey === publicKey
  );
}
