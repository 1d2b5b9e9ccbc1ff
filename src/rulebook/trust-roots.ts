/**
 * Whom this installation believes: public keys and addresses only. They are part of the rulebook, so that its digest
 * covers them and an action is judged by the roots that it pinned. An empty list believes nobody.
 */
import { z } from 'zod';

/** An Ed25519 public key as JWK (RFC 8037). Strict, so that a private key (`d`) is refused and never stored. */
const ed25519PublicKey = z.strictObject({
  kty: z.literal('OKP'),
  crv: z.literal('Ed25519'),
  x: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
  kid: z.string().min(1).max(128),
  alg: z.literal('EdDSA').optional(),
  use: z.literal('sig').optional(),
});

const webAddress = z.url({ protocol: /^https?$/ });

/** A C2SP note verifier key: `<name>+<key hash>+<base64 key>`. */
const verifierKey = z.string().regex(/^[^\s+]+\+[0-9a-f]{8}\+[A-Za-z0-9+/]+=*$/);

export const trustRootsSchema = z.strictObject({
  /** Identity providers: of agents, principals, approvers and their votes. */
  issuers: z.array(
    z.strictObject({
      issuer: webAddress,
      /** Audiences of the access tokens that we accept from it (RFC 9068). */
      audiences: z.array(z.string().min(1)),
      /** Clients whose ID tokens may carry a vote. */
      clients: z.array(z.string().min(1)),
      jwksUri: webAddress,
    }),
  ),
  /** Who may sign warrants. */
  warrantIssuers: z.array(
    z.strictObject({ iss: z.string().min(1), jwks: z.strictObject({ keys: z.array(ed25519PublicKey).min(1) }) }),
  ),
  /** Verifier keys of the audit logs. */
  logs: z.array(verifierKey),
  /** WebAuthn relying parties: host names. */
  rpIds: z.array(z.string().regex(/^[a-z0-9.-]+$/)),
});

export type TrustRoots = Readonly<z.infer<typeof trustRootsSchema>>;
