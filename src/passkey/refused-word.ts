/** The leaf of a word that does not count: ids and a code, nothing of what was sent. */
import type { PersonId } from '../action/ids.js';
import type { LeafDraft } from '../audit/leaf.js';
import type { PasskeyId } from './ids.js';

export interface RefusedWord {
  /** Null for what is no vouching of this person. */
  readonly passkey: PasskeyId | null;
  /** Whose word it would have been. */
  readonly voucher: PersonId;
  readonly code: string;
}

/** One leaf for each voucher, passkey and reason: repeating a bad word does not fill the log. */
export function refusedWordLeaf({ passkey, voucher: person, code }: RefusedWord): LeafDraft<'passkey.refused'> {
  const key = [...(passkey === null ? [] : [passkey]), person, code].join('/');
  return { kind: 'passkey.refused', key, data: { passkey, person, code } };
}
