/**
 * The evidence of one action, as one JSON value: a signed checkpoint, every leaf of the action with its inclusion proof,
 * and the votes that the leaves speak of. It holds no trust root: whoever verifies brings those.
 */
import { z } from 'zod';
import { actionSchema, tenantSchema } from '../action/ids.js';
import { envelopeSchema } from '../approval/envelope.js';

/** At most 64 levels; a longer proof is of no tree. */
const proofSchema = z.array(z.base64()).max(64);

export const bundleSchema = z.strictObject({
  format: z.literal('countersign-evidence/v1'),
  tenant: tenantSchema,
  action: actionSchema,
  /** C2SP signed note over a tlog checkpoint. */
  checkpoint: z.string(),
  leaves: z
    .array(
      z.strictObject({
        /** The leaf's bytes as text: canonical JSON is UTF-8. */
        leaf: z.string(),
        /** RFC 6962 inclusion proof in the checkpoint's tree; hashes in base64, from the leaf's sibling up. */
        proof: proofSchema,
      }),
    )
    .min(1),
  /** Decision and proof of each counted vote. */
  votes: z.array(envelopeSchema),
});

export type EvidenceBundle = Readonly<z.infer<typeof bundleSchema>>;

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
