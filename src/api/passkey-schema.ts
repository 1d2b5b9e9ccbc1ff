/** Passkeys over the wire: as their person sees them, and as somebody does who is asked to vouch for one. */
import { z } from '@hono/zod-openapi';

const instant = z.iso.datetime();

const shared = {
  id: z.uuid(),
  fingerprint: z
    .string()
    .openapi({ description: 'Of credential and public key, in five groups: the same for the owner and the voucher.' }),
  rpId: z.string(),
  enrolledAt: instant,
  revokedAt: instant.nullable(),
  vouched: z
    .object({ by: z.string(), at: instant })
    .nullable()
    .openapi({ description: 'Who vouched for it; null for nobody. Votes of T3 take a passkey with such a word.' }),
};

export const passkeyViewSchema = z
  .object({
    ...shared,
    credential: z.string().openapi({ description: 'base64url credential id.' }),
    aaguid: z.string().openapi({ description: 'The authenticator’s model, as it says itself; often zeros.' }),
    transports: z.array(z.string()),
    lastUsedAt: instant.nullable(),
  })
  .openapi('Passkey');

export const othersPasskeySchema = z
  .object({ ...shared, owner: z.string().openapi({ description: 'Whose it is, as the directory calls them.' }) })
  .openapi('OthersPasskey');
