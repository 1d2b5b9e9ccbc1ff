/** What a warrant's token says: JWT claims with RFC 9396 authorization details. No PHI: patients are pseudonyms. */
import { z } from 'zod';
import { actionSchema, agentSchema, digestSchema, personSchema, tenantSchema, warrantSchema } from '../action/ids.js';
import { tierSchema } from '../action/types.js';
import type { WarrantRow } from './warrant.store.js';

/** `typ` header: keeps a warrant from being taken for any other token of ours (RFC 8725 §3.11). */
export const warrantType = 'warrant+jwt';

/** `aud`: every gateway that acts under warrants of this project. */
export const warrantAudience = 'urn:countersign:gateway';

const words = z.array(z.string().min(1)).min(1);
const amount = z.int().min(1);
const seconds = z.int().min(0);

const detailSchema = z.strictObject({
  type: z.literal('countersign_ehr'),
  /** What may be done: `ehr.read`. */
  actions: words,
  /** FHIR base URLs. */
  locations: words,
  /** FHIR resource types. */
  datatypes: words,
  /** Pseudonym of the patient; absent where the action names none. */
  identifier: digestSchema.optional(),
  episode: digestSchema.optional(),
  elements: words,
  purpose_of_use: z.string().min(1),
  limits: z.strictObject({
    max_uses: amount,
    max_records: amount,
    max_bytes: amount,
    /** Element → the day from which on its records may be read; absent where nothing is bounded by date. */
    since: z.record(z.string(), z.iso.date()).optional(),
  }),
  read_only: z.boolean(),
  /** Of the proposal that a write is bound to; absent for a read. */
  args_commitment: digestSchema.optional(),
});

/** The claims, whole: a claim that is not here makes the token unreadable. */
export const claimsSchema = z.strictObject({
  iss: z.string().min(1),
  aud: z.literal(warrantAudience),
  /** The principal: the human that the agent acts for. */
  sub: personSchema,
  /** RFC 8693 §4.1: the agent acts. */
  act: z.strictObject({ sub: agentSchema }),
  client_id: agentSchema,
  iat: seconds,
  nbf: seconds,
  exp: seconds,
  jti: warrantSchema,
  /** The action, and the step of its workflow that may use this. */
  txn: actionSchema,
  step: z.string().min(1),
  tenant: tenantSchema,
  authorization_details: z.tuple([detailSchema]),
  /** SMART v2 scopes, separated by blanks. */
  scope: z.string().min(1),
  request_commitment: digestSchema,
  /** Leaf hashes of the votes that it rests on. */
  apr: z.array(digestSchema),
  rulebook: digestSchema,
  tier: tierSchema,
});
export type WarrantClaims = Readonly<z.infer<typeof claimsSchema>>;

/** A function of the row and the issuer's name alone, so that a repeated step signs the very same bytes. */
export function claimsOf(row: WarrantRow, issuer: string): WarrantClaims {
  return {
    iss: issuer,
    aud: warrantAudience,
    sub: row.principal,
    act: { sub: row.agent },
    client_id: row.agent,
    iat: unixSeconds(row.issuedAt),
    nbf: unixSeconds(row.notBefore),
    exp: unixSeconds(row.expiresAt),
    jti: row.jti,
    txn: row.action,
    step: row.step,
    tenant: row.tenant,
    authorization_details: [
      {
        type: 'countersign_ehr',
        actions: row.actions,
        locations: [row.location],
        datatypes: row.datatypes,
        ...(row.patient !== null && { identifier: row.patient }),
        ...(row.episode !== null && { episode: row.episode }),
        elements: row.elements,
        purpose_of_use: row.purpose,
        limits: {
          max_uses: row.maxUses,
          max_records: row.maxRecords,
          max_bytes: row.maxBytes,
          ...(Object.keys(row.since).length > 0 && { since: inOrder(row.since) }),
        },
        read_only: row.readOnly,
        ...(row.argsCommitment && { args_commitment: row.argsCommitment }),
      },
    ],
    scope: row.scopes.join(' '),
    request_commitment: row.requestCommitment,
    apr: row.approvals,
    rulebook: row.rulebook,
    tier: row.tier,
  };
}

/** The database keeps no order of keys, and a token is signed byte by byte. */
function inOrder(since: WarrantRow['since']): Record<string, string> {
  return Object.fromEntries(Object.entries(since).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function unixSeconds(at: Date): number {
  return Math.floor(at.getTime() / 1000);
}
