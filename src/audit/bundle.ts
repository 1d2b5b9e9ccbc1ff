/**
 * The evidence of one action, as one JSON value: a signed checkpoint, every leaf of the action with its inclusion proof,
 * the votes that the leaves speak of, and the keys that signed them. It holds no trust root: whoever verifies brings those.
 */
import { z } from 'zod';
import { actionSchema, tenantSchema } from '../action/ids.js';
import { envelopeSchema } from '../approval/envelope.js';
import { assertionSchema } from '../passkey/assertion.js';
import { credentialSchema } from '../passkey/registration.js';

/** At most 64 levels; a longer proof is of no tree. */
const proofSchema = z.array(z.base64()).max(64);

const leaf = {
  /** The leaf's bytes as text: canonical JSON is UTF-8. */
  leaf: z.string(),
  /** RFC 6962 inclusion proof in the checkpoint's tree; hashes in base64, from the leaf's sibling up. */
  proof: proofSchema,
};

/** As it was before the keys of passkeys were part of it. */
const withoutKeys = z.strictObject({
  format: z.literal('countersign-evidence/v1'),
  tenant: tenantSchema,
  action: actionSchema,
  /** C2SP signed note over a tlog checkpoint. */
  checkpoint: z.string(),
  leaves: z.array(z.strictObject(leaf)).min(1),
  /** Decision and proof of each counted vote. */
  votes: z.array(envelopeSchema),
});

export const bundleSchema = withoutKeys.extend({
  /** Each key that signed a vote, or a word for such a key, with the leaf of its enrolment: in the order of their use. */
  passkeys: z.array(
    z.strictObject({
      ...leaf,
      credential: credentialSchema,
      /** COSE_Key (RFC 9052). */
      publicKey: z.base64(),
    }),
  ),
  /** The word for each passkey that voted at T3: its leaf, and what the voucher's passkey signed. */
  vouchings: z.array(z.strictObject({ ...leaf, assertion: assertionSchema })),
});
export type EvidenceBundle = Readonly<z.infer<typeof bundleSchema>>;

/** Undefined for what is no bundle. One of before has no keys: its votes by passkey cannot be checked, and are not passed over. */
export function bundleOf(value: unknown): EvidenceBundle | undefined {
  const whole = bundleSchema.safeParse(value).data;
  const older = whole ? undefined : withoutKeys.safeParse(value).data;
  return whole ?? (older && { ...older, passkeys: [], vouchings: [] });
}

/**
 * Reads a bundle's file; undefined for anything that is not JSON.stringify's own text of a value, compact or indented by
 * two, with at most one newline at the end. Otherwise a file could be altered (a blank, a key said twice) and say the same.
 */
export function parseBundleText(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    const written = [JSON.stringify(value), JSON.stringify(value, null, 2)];
    return written.some((each) => text === each || text === `${each}\n`) ? value : undefined;
  } catch {
    return undefined;
  }
}
