import type { PoolClient } from 'pg';
import type { PersonId } from '../../action/ids.js';
import { findGoverning } from '../governing.store.js';
import type { ReadRulebook } from '../rulebook.store.js';
import type { ChangeRefusal } from './change.js';
import { rolesToSignIn, signerStanding } from './change-rules.js';
import { findSigner } from './signer.store.js';

/**
 * Why this person may neither have a proposal activated nor set a shadow; undefined for whoever could sign a change of
 * the rules that govern now. When the rules change is theirs to say as well: the scope alone may be an operator's.
 */
export async function changerRefusal(
  tx: PoolClient,
  read: ReadRulebook,
  person: PersonId,
): Promise<ChangeRefusal | undefined> {
  const signer = await findSigner(tx, person);
  if (!signer) return 'rulebook.inactive';
  const { lastGood } = await findGoverning(tx, read);
  const standing = signerStanding(lastGood, signer, rolesToSignIn(lastGood, signer));
  return standing.status === 'may_sign' ? undefined : standing.code;
}
