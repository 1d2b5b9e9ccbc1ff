/**
 * The leaves of a tenant's log (DESIGN §5.8). A leaf is canonical JSON; its bytes are what the tree hashes. It holds
 * ids, pseudonyms, commitments, codes and counts: no names, no texts, no bare digest of anything confidential.
 */
import { z } from 'zod';
import {
  actionSchema,
  agentSchema,
  challengeSchema,
  digestSchema,
  personSchema,
  roleSchema,
  tenantSchema,
  warrantSchema,
} from '../action/ids.js';
import { finalStatuses, needsSchema, relationBases, tierSchema } from '../action/types.js';
import { versionFindings } from '../ehr/version-finding.js';
import { passkeySchema, vouchingSchema } from '../passkey/ids.js';
import { findings } from '../reconcile/finding.js';
import { changeVerdictSchema, proposalSchema } from '../rulebook/change/change.js';

const code = z
  .string()
  .regex(/^[a-z][a-z0-9_]*(\.[a-z0-9_]+)*(:[a-z0-9_.]+)?$/)
  .max(120);
const codes = z.array(code);
const roles = z.array(roleSchema);
const agent = z.strictObject({ id: agentSchema, version: z.string(), model: z.string() });

/**
 * Kind → payload. The list is closed: a kind that is not here cannot be written. Who may write which kind is granted in
 * migrations/, by login.
 */
export const leafKinds = {
  /** api: a call that opened nothing (unknown type, element or purpose). */
  'request.refused': z.strictObject({ agent: agentSchema, code }),
  /** governance: the action exists and was classified. */
  'action.requested': z.strictObject({
    agent,
    principal: personSchema,
    clinician: personSchema.nullable(),
    department: z.string().nullable(),
    type: z.string(),
    purpose: z.string(),
    elements: z.array(z.string()),
    patient: digestSchema.nullable(),
    episode: digestSchema.nullable(),
    requestCommitment: digestSchema,
    displayCommitment: digestSchema,
    rulebook: digestSchema,
    tier: tierSchema,
    needs: needsSchema,
    rules: codes,
    /** Row of the minimum-necessary table that covers it; absent where none does, and where nothing could be too much. */
    minimumNecessary: code.optional(),
    deadline: z.iso.datetime().nullable(),
  }),
  /** governance: the rules said no, at classify or again before the warrant. */
  'action.refused': z.strictObject({ agent: agentSchema, rules: codes, rulebook: digestSchema }),
  /** ehr: a revision that people are asked about, with what exactly would change. */
  'action.prepared': z.strictObject({
    revision: z.int().min(2),
    displayCommitment: digestSchema,
    proposalCommitment: digestSchema,
    /** `meta.versionId` of the version that it rests on. */
    base: z.string(),
    changes: z.int().min(1),
    warrant: warrantSchema,
  }),
  /** governance: the EHR took nothing, because the record had moved on; the votes so far are for nothing. */
  'action.reopened': z.strictObject({ revision: z.int().min(2), code }),
  /** ehr: what the EHR shows of a write whose outcome was unknown. */
  'outcome.read_back': z.strictObject({
    warrant: warrantSchema,
    status: z.enum(['written', 'superseded', 'unsettled']),
  }),
  /**
   * ehr: what the EHR holds after the action has ended, against what is recorded of its write. governance: that the EHR
   * did not say, however often it was asked.
   */
  'version.checked': z.strictObject({
    warrant: warrantSchema,
    finding: z.enum(versionFindings),
    /** `meta.versionId` that the finding is about. */
    version: z.string().nullable(),
  }),
  /** ehr: what the EHR said about principal and patient. */
  'relation.checked': z.strictObject({
    principal: personSchema,
    patient: digestSchema,
    status: z.enum(['related', 'not_related', 'unknown']),
    /** What showed it; absent where nothing did. */
    basis: z.enum(relationBases).optional(),
    warrant: warrantSchema,
  }),
  /** governance: the EHR was not asked, because it had said it minutes ago, for another action of the same people. */
  'relation.reused': z.strictObject({
    principal: personSchema,
    patient: digestSchema,
    status: z.enum(['related', 'not_related']),
    basis: z.enum(['encounter_participant', 'care_team']).optional(),
    /** The action for which the EHR was asked, and the hash of its leaf `relation.checked`. */
    from: z.strictObject({ action: actionSchema, leaf: digestSchema }),
  }),
  /** api: a person opened a vote; nothing was decided yet. */
  'approval.challenged': z.strictObject({ challenge: challengeSchema, approver: personSchema, verdict: z.string() }),
  'vote.counted': z.strictObject({
    challenge: challengeSchema,
    approver: personSchema,
    roles,
    verdict: z.enum(['approve', 'deny', 'request_changes']),
    meaning: z.string(),
    /** SHA-256 of the decision's bytes, which hold commitments only; base64url, as the proof carries it. */
    decision: z.string(),
    method: z.enum(['idp', 'passkey']),
    /** SHA-256 of the proof's canonical JSON: the very proof that was verified. */
    proof: digestSchema,
  }),
  'vote.refused': z.strictObject({ challenge: challengeSchema.nullable(), approver: personSchema.nullable(), code }),
  'approval.reminded': z.strictObject({ roles }),
  /** governance: from here on this key may vote for this person, who showed by a fresh sign-in that it is theirs. */
  'passkey.enrolled': z.strictObject({
    passkey: passkeySchema,
    person: personSchema,
    /** SHA-256 of the credential id's and of the COSE key's bytes. */
    credential: digestSchema,
    publicKey: digestSchema,
    aaguid: z.string(),
    rpId: z.string(),
    method: z.literal('idp'),
    /** The nonce that the ID token carried: it binds registration and key. */
    nonce: z.string(),
    /** SHA-256 of the canonical JSON of registration and ID token. */
    proof: digestSchema,
  }),
  /** governance: somebody else said, with a passkey of their own, that this key is this person's. */
  'passkey.vouched': z.strictObject({
    vouching: vouchingSchema,
    passkey: passkeySchema,
    person: personSchema,
    voucher: personSchema,
    voucherPasskey: passkeySchema,
    /** SHA-256 of the statement's bytes, made of this leaf and that of the enrolment; base64url, as it was signed. */
    statement: z.string(),
    method: z.literal('passkey'),
    /** SHA-256 of the assertion's canonical JSON: the very one that was verified. */
    proof: digestSchema,
  }),
  /** An enrolment or a word that came to nothing; the person is who tried. */
  'passkey.refused': z.strictObject({ passkey: passkeySchema.nullable(), person: personSchema, code }),
  /** api: by the person whose it was. */
  'passkey.revoked': z.strictObject({ passkey: passkeySchema, person: personSchema }),
  /** governance: the last judgement before the effect; the warrant begins here. */
  'action.authorised': z.strictObject({
    warrant: warrantSchema,
    tier: tierSchema,
    rulebook: digestSchema,
    /** Hashes of the vote leaves that the warrant rests on. */
    approvals: z.array(digestSchema),
    elements: z.array(z.string()),
    expires: z.iso.datetime(),
  }),
  /** ehr: written before the call. */
  'action.attempt': z.strictObject({ warrant: warrantSchema, attempt: z.int().min(1) }),
  'warrant.refused': z.strictObject({ warrant: warrantSchema.nullable(), code }),
  'warrant.revoked': z.strictObject({ warrant: warrantSchema, code }),
  'action.outcome': z.strictObject({
    status: z.enum([...finalStatuses, 'outcome_unknown']),
    code: code.nullable(),
    warrant: warrantSchema.nullable(),
    records: z.int().min(0),
    truncated: z.boolean(),
    findings: z.int().min(0),
    modified: z.boolean(),
    /** Of an outcome that was unknown before: what settled it, and the leaves of the votes if people did. */
    resolved: z.strictObject({ by: z.enum(['read_back', 'decision']), votes: z.array(digestSchema) }).optional(),
    retention: z.strictObject({ class: z.string(), date: z.iso.date() }),
  }),
  /** api: one of the two asked for an end; what became of it, the outcome says. */
  'action.cancel_requested': z.strictObject({ agent: agentSchema.nullable(), person: personSchema.nullable() }),
  /** api: content was shown to a person who may vote. */
  'action.viewed': z.strictObject({ person: personSchema }),
  /** api: the output left us, to the agent that asked. */
  'action.released': z.strictObject({ agent: agentSchema, warrant: warrantSchema, destination: z.string() }),
  /** codec: before an operator saw some minutes of one history; `payloads` is the most that they saw. */
  'history.viewed': z.strictObject({ operator: z.string(), payloads: z.int().min(1) }),
  /** governance: the database said that the action is open, and Temporal that nothing carries it on. */
  'action.reconciled': z.strictObject({ finding: z.enum(findings) }),
  /** governance: the API died before Temporal heard of the action, and the reconciler started it. */
  'action.readmitted': z.strictObject({ agent: agentSchema }),
  /** governance: the encrypted history of a closed run, digested as src/temporal/history-digest.ts says. */
  'history.closed': z.strictObject({ run: z.uuid(), events: z.int().min(1), sha256: digestSchema }),
  'security.event': z.strictObject({ code, agent: agentSchema.nullable() }),
  'retention.disposed': z.strictObject({
    class: z.string(),
    date: z.iso.date(),
    asOf: z.iso.date(),
    method: z.literal('cryptographic_erase'),
    erasure: z.enum(['logical', 'final']),
    keys: z.int().min(0),
    /** Copies that this erasure does not reach. */
    outOfReach: z.array(z.enum(['agent', 'ehr', 'model_vendor'])),
  }),
  /** api: a person proposed a rulebook in place of the active one. */
  'rulebook.proposed': z.strictObject({
    proposal: proposalSchema,
    rulebook: digestSchema,
    base: digestSchema,
    person: personSchema,
  }),
  /** governance: a person signed for a proposal, or against it, with their passkey. */
  'rulebook.signed': z.strictObject({
    proposal: proposalSchema,
    rulebook: digestSchema,
    base: digestSchema,
    challenge: challengeSchema,
    person: personSchema,
    roles,
    verdict: changeVerdictSchema,
    /** base64url SHA-256 of the statement: the challenge that the passkey signed. */
    statement: z.string(),
    /** SHA-256 of the assertion's canonical JSON. */
    proof: digestSchema,
    passkey: passkeySchema,
  }),
  'rulebook.refused': z.strictObject({
    proposal: proposalSchema.nullable(),
    person: personSchema.nullable(),
    agent: agentSchema.nullable(),
    code,
  }),
  /** api: from here on this proposal judges new actions too, without effect; null: none does. */
  'rulebook.shadow_set': z.strictObject({ proposal: proposalSchema.nullable(), person: personSchema }),
  /** governance: a proposed rulebook would have answered otherwise. It had no effect. */
  'rulebook.shadowed': z.strictObject({
    proposal: proposalSchema,
    rulebook: digestSchema,
    answer: z.enum(['refused', 'authorised', 'approvals_needed']),
    tier: tierSchema.nullable(),
    rules: codes,
  }),
  /** From here on, this rulebook governs. */
  'rulebook.activated': z.union([
    z.strictObject({
      rulebook: digestSchema,
      previous: digestSchema.nullable(),
      /** governance: two people signed. The migrating login: the first of a tenant, or one of development. */
      way: z.enum(['signatures', 'bootstrap', 'development']),
      proposal: proposalSchema.nullable(),
      signatures: z.array(z.strictObject({ person: personSchema, statement: z.string() })),
    }),
    z.strictObject({ rulebook: digestSchema }), // as it was written before rulebooks were signed
  ]),
} as const;

export type LeafKind = keyof typeof leafKinds;
export type LeafData<K extends LeafKind> = z.infer<(typeof leafKinds)[K]>;

/** What a room hands in. Time, index and chain are added under the log's lock. */
export interface LeafDraft<K extends LeafKind = LeafKind> {
  readonly kind: K;
  /** The action that it belongs to; absent for leaves of the tenant. */
  readonly action?: z.infer<typeof actionSchema>;
  /** Makes the leaf idempotent within (action, kind): a step's name, an attempt's number, a challenge's id. */
  readonly key: string;
  readonly data: LeafData<K>;
}

/** A leaf as it is written; `seq` counts the leaves of one action from 1, `prev` is the hash of the one before. */
export const leafSchema = z.strictObject({
  v: z.literal(1),
  tenant: tenantSchema,
  index: z.int().min(0),
  /** UTC, microseconds, by the database's clock under the log's lock. */
  time: z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
  zone: z.string(),
  kind: z.string(),
  action: actionSchema.nullable(),
  seq: z.int().min(1).nullable(),
  prev: digestSchema.nullable(),
  key: z.string(),
  data: z.unknown(),
});
export type Leaf = z.infer<typeof leafSchema>;

/** Reads a leaf's bytes. @throws ZodError, SyntaxError or TypeError for bytes that are no leaf. */
export function leafOf(bytes: Uint8Array): Leaf {
  return leafSchema.parse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)));
}

const dataSchemas: { readonly [K in LeafKind]: z.ZodType<LeafData<K>> } = leafKinds;

/** The payload of a leaf of this kind; undefined for a leaf of another kind, or with data that do not fit. */
export function dataOf<K extends LeafKind>(leaf: Leaf, kind: K): LeafData<K> | undefined {
  return leaf.kind === kind ? dataSchemas[kind].safeParse(leaf.data).data : undefined;
}

/** True for a leaf whose data fit its kind. */
export function isWellFormed(leaf: Leaf): boolean {
  const kind = Object.entries(leafKinds).find(([name]) => name === leaf.kind);
  return kind !== undefined && kind[1].safeParse(leaf.data).success;
}
