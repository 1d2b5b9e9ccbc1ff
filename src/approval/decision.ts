/** The bytes that a person votes on (DESIGN §5.4), and the hash that their proof carries. */
import { z } from 'zod';
import { canonicalJson } from '../action/canonical.js';
import { actionSchema, challengeSchema, digestSchema, personSchema, roleSchema, tenantSchema } from '../action/ids.js';
import { tierSchema } from '../action/types.js';
import { factorsOf, orderMeaning, type Needs } from './quorum.js';

export const verdictSchema = z.enum(['approve', 'deny', 'request_changes']);
export type Verdict = z.infer<typeof verdictSchema>;

/** What a signature stands for, in words of a closed list (21 CFR 11.50(a)(3)). */
export const meanings = {
  'approve.access': 'I approve this access for the stated purpose.',
  'approve.responsible': 'I approve this access and take clinical responsibility for it.',
  'approve.order': 'I order this change and take clinical responsibility for it.',
  'approve.took_effect': 'I have looked in the record: this change was made.',
  'deny.access': 'I deny this access.',
  'deny.not_needed': 'I deny this access: it is not needed for the stated purpose.',
  'deny.no_effect': 'I have looked in the record: this change was not made.',
  'changes.requested': 'I ask for the request to be changed before I decide.',
} as const;
export const meaningSchema = z.enum(
  Object.keys(meanings).filter((name): name is keyof typeof meanings => name in meanings),
);
export type Meaning = z.infer<typeof meaningSchema>;

/** The meaning taken when a person names none. */
export const usualMeaning: Readonly<Record<Verdict, Meaning>> = {
  approve: 'approve.access',
  deny: 'deny.access',
  request_changes: 'changes.requested',
};

/** Meanings of a vote on what became of a write, and of no other. */
const resolutions: ReadonlySet<Meaning> = new Set<Meaning>(['approve.took_effect', 'deny.no_effect']);

export interface Asked {
  /** Of the revision that is voted on. */
  readonly kind: 'asked' | 'prepared' | 'resolution';
  readonly needs: Needs;
}

/** Nobody could answer it yet: a request is not changed once it was asked, so that asking for it would only be a no. */
const unasked: Meaning = 'changes.requested';

/** The meanings that a vote on this revision may have: an order only where one is asked for. */
export function meaningsFor({ kind, needs }: Asked): readonly Meaning[] {
  if (kind === 'resolution') return meaningSchema.options.filter((meaning) => resolutions.has(meaning));
  const order = factorsOf(needs).some((factor) => factor.order);
  return meaningSchema.options.filter(
    (meaning) => !resolutions.has(meaning) && meaning !== unasked && (meaning !== orderMeaning || order),
  );
}

/** The verdict that a meaning stands for. */
export function verdictOf(meaning: Meaning): Verdict {
  const [word] = meaning.split('.');
  return word === 'approve' || word === 'deny' ? word : 'request_changes';
}

/** Whether this meaning can stand for this verdict. */
export function meansVerdict(meaning: Meaning, verdict: Verdict): boolean {
  return verdictOf(meaning) === verdict;
}

export const decisionSchema = z.strictObject({
  v: z.literal(1),
  tenant: tenantSchema,
  action: actionSchema,
  revision: z.int().min(1),
  requestCommitment: digestSchema,
  displayCommitment: digestSchema,
  rulebook: digestSchema,
  tier: tierSchema,
  verdict: verdictSchema,
  meaning: meaningSchema,
  /** Commitment of the sealed reason; null when none was given. */
  reasonCommitment: digestSchema.nullable(),
  approver: personSchema,
  actingRoles: z.array(roleSchema).min(1).max(8),
  challenge: challengeSchema,
  /** UTC, milliseconds, fixed by the database when the challenge was opened. */
  decidedAt: z.iso.datetime({ precision: 3 }),
});
export type Decision = z.infer<typeof decisionSchema>;

const prefix = 'countersign-decision/v1\n';

/** What is hashed: a label, then RFC 8785 bytes, so that no other protocol's message can stand for a decision. */
function decisionBytes(decision: Decision): Uint8Array {
  return new TextEncoder().encode(prefix + canonicalJson(decision));
}

/** Whether two decisions are the same bytes, so that nothing of what was voted on differs. */
export function sameDecision(a: Decision, b: Decision): boolean {
  return canonicalJson(a) === canonicalJson(b);
}

/** base64url of SHA-256 over {@link decisionBytes}: the nonce of the ID token, or the challenge of the passkey. */
export function decisionHash(decision: Decision, sha256: (bytes: Uint8Array) => Uint8Array): string {
  return btoa(String.fromCharCode(...sha256(decisionBytes(decision))))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}
