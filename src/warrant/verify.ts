/** Reads a warrant's token: who signed it, for whom, and whether it is still, and exactly, what was signed. */
import { createLocalJWKSet, decodeJwt, errors, jwtVerify } from 'jose';
import { Refusal, type RefusalCode } from '../action/refusal.js';
import type { TrustRoots } from '../rulebook/trust-roots.js';
import { claimsSchema, warrantAudience, warrantType, type WarrantClaims } from './claims.js';

/** A trust root of the rulebook: an issuer and the public keys that sign its warrants. */
export type TrustedIssuer = TrustRoots['warrantIssuers'][number];

export interface VerifyOptions {
  readonly issuers: readonly TrustedIssuer[];
  /** The database's clock; expiry is judged again under the row's lock. */
  readonly at: Date;
}

/**
 * Verifies signature, algorithm (EdDSA alone), type, issuer, audience, times and shape (RFC 8725 §3).
 *
 * @throws Refusal `warrant.missing`, `.issuer`, `.expired`, `.not_yet`, and `.altered` for anything else that is off.
 */
export async function verifyToken(token: string, { issuers, at }: VerifyOptions): Promise<WarrantClaims> {
  if (token === '') throw refusal('warrant.missing');
  const issuer = issuers.find(({ iss }) => iss === claimedIssuer(token));
  if (!issuer) throw refusal('warrant.issuer');
  try {
    const { payload } = await jwtVerify(
      token,
      createLocalJWKSet({ keys: issuer.jwks.keys.map(({ kty, crv, x, kid }) => ({ kty, crv, x, kid })) }),
      {
        algorithms: ['EdDSA'],
        typ: warrantType,
        issuer: issuer.iss,
        audience: warrantAudience,
        requiredClaims: ['exp', 'nbf', 'iat', 'jti'],
        currentDate: at,
      },
    );
    const claims = claimsSchema.safeParse(payload);
    if (!claims.success) throw refusal('warrant.altered');
    return claims.data;
  } catch (error) {
    if (error instanceof errors.JOSEError) throw refusal(codeOf(error));
    throw error;
  }
}

/** Not believed: it only picks whose keys must have signed. */
function claimedIssuer(token: string): string | undefined {
  try {
    return decodeJwt(token).iss;
  } catch (error) {
    if (error instanceof errors.JOSEError) throw refusal('warrant.altered');
    throw error;
  }
}

function codeOf(error: errors.JOSEError): RefusalCode {
  if (error instanceof errors.JWTExpired) return 'warrant.expired';
  if (error instanceof errors.JWTClaimValidationFailed && error.claim === 'nbf') return 'warrant.not_yet';
  if (error instanceof errors.JWKSNoMatchingKey) return 'warrant.issuer';
  return 'warrant.altered';
}

function refusal(code: RefusalCode): Refusal {
  return new Refusal(code, 'The warrant was not accepted.');
}
