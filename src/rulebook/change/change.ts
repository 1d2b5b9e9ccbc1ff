/** Changing the rules: what a person signs, and every way in which it may not count. Pure. */
import { z } from 'zod';
import { canonicalBytes } from '../../action/canonical.js';
import { challengeSchema, digestSchema, personSchema, roleSchema, tenantSchema } from '../../action/ids.js';
import { utf8 } from '../../audit/bytes.js';
import { base64url } from '../../passkey/base64url.js';

/** A rulebook that somebody proposed: a random UUID. The same rulebook may be proposed again. */
export const proposalSchema = z
  .string()
  .regex(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/, 'not a ProposalId')
  .brand<'ProposalId'>();
export type ProposalId = z.infer<typeof proposalSchema>;

/** Who deny a proposal end it. */
export const changeVerdictSchema = z.enum(['approve', 'deny']);
export type ChangeVerdict = z.infer<typeof changeVerdictSchema>;

/** Why a proposal, a signature or an activation does not count. */
const changeRefusals = [
  'rulebook.agent',
  'rulebook.already_active',
  'rulebook.already_proposed',
  'rulebook.altered',
  'rulebook.challenge_expired',
  'rulebook.denied',
  'rulebook.duplicate',
  'rulebook.fresh_grant',
  'rulebook.inactive',
  'rulebook.no_officer',
  'rulebook.not_verified_user',
  'rulebook.not_vouched',
  'rulebook.other_base',
  'rulebook.other_person',
  'rulebook.other_statement',
  'rulebook.passkey_counter',
  'rulebook.proof_invalid',
  'rulebook.revoked_passkey',
  'rulebook.unfit',
  'rulebook.unknown',
  'rulebook.unknown_passkey',
  'rulebook.unreadable',
  'rulebook.unsigned',
  'rulebook.untrained',
  'rulebook.wrong_origin',
  'rulebook.wrong_role',
] as const;
export const changeRefusalSchema = z.enum(changeRefusals);
export type ChangeRefusal = z.infer<typeof changeRefusalSchema>;

/** The bytes that a person signs. */
export const statementSchema = z.strictObject({
  v: z.literal(1),
  tenant: tenantSchema,
  proposal: proposalSchema,
  /** The rulebook that is to govern. */
  digest: digestSchema,
  /** The one that governs now: a signature cannot be used to replace another. */
  base: digestSchema,
  verdict: changeVerdictSchema,
  person: personSchema,
  actingRoles: z.array(roleSchema).min(1).max(8),
  challenge: challengeSchema,
  /** UTC, milliseconds, fixed by the database when the challenge was opened. */
  decidedAt: z.iso.datetime({ precision: 3 }),
});
export type Statement = Readonly<z.infer<typeof statementSchema>>;

const prefix = 'countersign-rulebook/v1\n';

/** base64url of SHA-256 over a label and RFC 8785 bytes: the challenge that the passkey signs. */
export function statementHash(statement: Statement, sha256: (bytes: Uint8Array) => Uint8Array): string {
  return base64url(sha256(new Uint8Array([...utf8(prefix), ...canonicalBytes(statement)])));
}
