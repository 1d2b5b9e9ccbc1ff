import { randomUUID } from 'node:crypto';
import { CompactSign, importJWK } from 'jose';
import { z } from 'zod';
import { canonicalBytes } from '../action/canonical.js';
import { warrant } from '../action/ids.js';
import { warrantType } from './claims.js';
import type { WarrantIssuer } from './issuer.js';

const privateKeySchema = z.object({
  kty: z.literal('OKP'),
  crv: z.literal('Ed25519'),
  x: z.string(),
  d: z.string(),
  kid: z.string().min(1),
});

/**
 * The issuer with this private JWK (Ed25519, with `kid`).
 *
 * @throws Error for a key of another kind; the message does not repeat it.
 */
export async function warrantIssuer(iss: string, privateJwk: unknown): Promise<WarrantIssuer> {
  const parsed = privateKeySchema.safeParse(privateJwk);
  if (!parsed.success) throw new Error('the warrant key must be a private Ed25519 JWK with a kid');
  const key = await importJWK(parsed.data, 'EdDSA');
  const header = { alg: 'EdDSA', typ: warrantType, kid: parsed.data.kid };
  return {
    iss,
    newId: () => warrant(randomUUID()),
    sign: (claims) => new CompactSign(canonicalBytes(claims)).setProtectedHeader(header).sign(key),
  };
}
