/** Public keys of issuers, fetched by this process itself and kept for ten minutes. */
import { createRemoteJWKSet, errors, type JWTVerifyGetKey } from 'jose';
import { Refusal } from '../action/refusal.js';

export type FindKeys = (jwksUri: string) => JWTVerifyGetKey;

/** Milliseconds. A vote waits for it within its local activity, so it is short. */
const patience = 3_000;

/**
 * Remembers the key set of each address. An unknown `kid` makes it look again, at most twice a minute, so that forged
 * tokens cannot make us hammer the issuer.
 */
export function issuerKeys(): FindKeys {
  const sets = new Map<string, JWTVerifyGetKey>();
  return (jwksUri) => {
    const known = sets.get(jwksUri) ?? reachable(createRemoteJWKSet(new URL(jwksUri), { timeoutDuration: patience }));
    sets.set(jwksUri, known);
    return known;
  };
}

/** An issuer without an answer is a reason to come back, and never a yes or a no. */
function reachable(keys: JWTVerifyGetKey): JWTVerifyGetKey {
  return async (header, token) => {
    try {
      return await keys(header, token);
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys) throw error;
      throw new Refusal('identity.unreachable', 'The identity provider does not tell its keys; try again.');
    }
  };
}
