/** Lets operators in, and tells who is calling. */
import type { Pool } from 'pg';
import type { PersonId, TenantId } from '../action/ids.js';
import { Refusal } from '../action/refusal.js';
import { inTenant } from '../database/transaction.js';
import { findPerson, findPersonBySubject, type PersonRow } from '../directory/directory.store.js';
import { requireScope, type TokenVerifier } from '../identity/tokens.gateway.js';
import { activeDigest, type ReadRulebook } from '../rulebook/rulebook.store.js';
import type { TrustRoots } from '../rulebook/trust-roots.js';
import { isOperator, operatorRole } from './operator.js';

export interface OperatorsDeps {
  readonly pool: Pool;
  readonly tenant: TenantId;
  readonly rulebook: ReadRulebook;
  /** Verifiers for the trust roots of the active rulebook; see tokenVerifiers(). */
  readonly verifiers: (roots: Pick<TrustRoots, 'issuers'>) => TokenVerifier;
  /** Operators sign in here and nowhere else. */
  readonly issuer: string;
}

export interface Operators {
  /**
   * The operator whom this access token names.
   *
   * @throws Refusal `token.*` for a token that does not count here, `token.scope` for anybody who is no operator.
   */
  admit(accessToken: string): Promise<PersonRow>;
  /** As the directory has them now; undefined once they are no operator any more. */
  current(operator: PersonId): Promise<PersonRow | undefined>;
}

export function operators({ pool, tenant, rulebook, verifiers, issuer }: OperatorsDeps): Operators {
  return {
    async admit(accessToken) {
      const roots = await inTenant(pool, tenant, async (tx) => (await rulebook(tx, await activeDigest(tx))).trustRoots);
      const token = await verifiers({ issuers: roots.issuers.filter((known) => known.issuer === issuer) }).person(
        accessToken,
      );
      requireScope(token, operatorRole);
      const person = await inTenant(pool, tenant, (tx) => findPersonBySubject(tx, token.issuer, token.subject));
      if (!isOperator(person))
        throw new Refusal('token.scope', 'The directory does not know this person as an active operator.');
      return person;
    },

    async current(operator) {
      const person = await inTenant(pool, tenant, (tx) => findPerson(tx, operator));
      return isOperator(person) ? person : undefined;
    },
  };
}
