import type { TenantId, WarrantId } from '../action/ids.js';
import type { WarrantClaims } from './claims.js';

/** Signs warrants; only the governance worker holds one. */
export interface WarrantIssuer {
  /** `iss` of every warrant: a trust root of the rulebook. */
  readonly iss: string;
  newId(): WarrantId;
  /** Compact JWS. The same claims give the same bytes: Ed25519 is deterministic (RFC 8032 §5.1.6). */
  sign(claims: WarrantClaims): Promise<string>;
}

/** `iss` of a tenant's warrants, under which the trust roots of its rulebook hold the key. */
export function warrantIssuerName(tenant: TenantId): string {
  return `urn:countersign:${tenant}:warrants`;
}
