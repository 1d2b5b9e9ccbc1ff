/**
 * What passes between the workflow, its activities and the database. Histories hold references, commitments and
 * counts; nothing here carries what was asked or what came back.
 */
import { z } from 'zod';
import {
  actionSchema,
  challengeSchema,
  digestSchema,
  personSchema,
  roleSchema,
  tenantSchema,
  warrantSchema,
} from './ids.js';

export const tiers = ['T0', 'T1', 'T2', 'T3'] as const;
export const tierSchema = z.enum(tiers);
export type Tier = z.infer<typeof tierSchema>;

/** The one union of states (DESIGN.md §3). The last seven are final; `outcome_unknown` is open and keeps its keys. */
export const finalStatuses = ['completed', 'denied', 'expired', 'cancelled', 'refused', 'withheld', 'failed'] as const;
const openStatuses = [
  'requested',
  'preparing',
  'awaiting_approval',
  'authorised',
  'performing',
  'outcome_unknown',
] as const;
export const statusSchema = z.enum([...openStatuses, ...finalStatuses]);
export type Status = z.infer<typeof statusSchema>;
export type FinalStatus = (typeof finalStatuses)[number];

export function isFinal(status: Status): status is FinalStatus {
  return finalStatuses.some((final) => final === status);
}

/** Argument of the workflow: which action, and the little that routing needs before the database was asked. */
export const admissionSchema = z.object({
  tenant: tenantSchema,
  action: actionSchema,
  /** HMAC over the canonical request; classify compares it with the row. */
  requestCommitment: digestSchema,
  /** Whether the request names a patient, and so whether the treatment relationship is asked. */
  namesPatient: z.boolean(),
});
export type Admission = Readonly<z.infer<typeof admissionSchema>>;

/** One factor as shown to callers: `{role: 'clinical_staff', count: 1}`. */
const factorSchema = z.object({
  role: roleSchema,
  count: z.int().min(1),
  /** Roles that fill it as well. */
  or: z.array(roleSchema).min(1).optional(),
  /** Filled by the signature of whoever orders the change, and by no other vote; it is no seat. */
  order: z.literal(true).optional(),
});

export const needsSchema = z.discriminatedUnion('status', [
  z.object({ status: z.literal('nobody') }),
  z.object({ status: z.literal('quorum'), factors: z.tuple([factorSchema], factorSchema) }),
]);

/** A warrant on its way to a gateway: the row is the authority, the token the evidence (DESIGN.md §5.5). */
export const mintedWarrantSchema = z.object({
  jti: warrantSchema,
  /** Compact JWS, `typ: warrant+jwt`. Travels only inside encrypted payloads; the row keeps its SHA-256. */
  token: z.string(),
  queue: z.enum(['ehr', 'llm']),
  /** Seconds from minting to expiry: the activity's scheduleToClose lies within it. */
  seconds: z.number().int().min(1),
});
export type MintedWarrant = Readonly<z.infer<typeof mintedWarrantSchema>>;

/** What may show that somebody treats a patient: a participation in the EHR, or duty by the directory's roster. */
export const relationBases = ['encounter_participant', 'care_team', 'on_call'] as const;

/** What the EHR said about principal and patient. `unknown` never grants. */
export const relationSchema = z.object({
  status: z.enum(['related', 'not_related', 'unknown']),
  /** What showed it. */
  basis: z.enum(relationBases).optional(),
});
export type Relation = Readonly<z.infer<typeof relationSchema>>;

/** One verdict that was verified and stored. */
export const countedVoteSchema = z.object({
  challenge: challengeSchema,
  revision: z.int().min(1),
  approver: personSchema,
  roles: z.array(roleSchema),
  verdict: z.enum(['approve', 'deny', 'request_changes']),
  meaning: z.string(),
  /** UTC instant at which the database received it. */
  receivedAt: z.iso.datetime(),
});
export type CountedVote = Readonly<z.infer<typeof countedVoteSchema>>;

/** The stored result of classify; the same for every repetition of the step. */
export const classifiedSchema = z.discriminatedUnion('status', [
  z.object({ status: z.literal('authorised'), tier: z.literal('T0'), warrant: mintedWarrantSchema }),
  z.object({
    status: z.literal('approvals_needed'),
    tier: tierSchema,
    revision: z.int().min(1),
    needs: needsSchema,
    /** UTC instant by the database clock; votes received before it count. */
    deadline: z.iso.datetime(),
    /** Milliseconds from the classification to the deadline, by the same clock. */
    deadlineIn: z.int().min(0),
    /** Milliseconds from the classification to the reminder; absent when the tier sets none. */
    remindIn: z.int().min(0).optional(),
    /** It changes the record: a revision is prepared before anybody is asked. */
    writes: z.boolean(),
    /** Counted before, by an earlier run of the same workflow. */
    votes: z.array(countedVoteSchema),
  }),
  z.object({ status: z.literal('refused'), rules: z.array(z.string()) }),
  /** An earlier run of this action ended already: its stored end. */
  z.object({ status: z.literal('concluded'), as: z.enum(finalStatuses) }),
  /** An earlier run left a write of which nobody knows what became. */
  z.object({ status: z.literal('unresolved'), tier: tierSchema }),
]);
export type Classified = Readonly<z.infer<typeof classifiedSchema>>;

/** What classify answers before it can judge: the EHR is to be asked about principal and patient. Stored nowhere. */
export interface RelationQuestion {
  readonly status: 'relate';
  readonly warrant: MintedWarrant;
}

/** The answer of the vote Update, and of recordVote. A refused vote is a value: nothing counted, nothing broke. */
export type VoteAnswer =
  { readonly status: 'counted'; readonly vote: CountedVote } | { readonly status: 'refused'; readonly code: string };

/** What people decided on the revision that they were asked about, when nobody is asked about it any more. */
export type Decided =
  { readonly status: 'approved' } | { readonly status: 'denied'; readonly by: string } | { readonly status: 'expired' };

/** The stored result of authorise: a warrant, or why the rules no longer allow what was approved. */
export type Authorised =
  | { readonly status: 'authorised'; readonly warrant: MintedWarrant }
  | { readonly status: 'refused'; readonly rules: readonly string[] };

/** What perform returns: references and counts; the content is sealed. */
export type Performed =
  | { readonly status: 'performed'; readonly records: number; readonly truncated: boolean }
  | { readonly status: 'withheld'; readonly findings: number };

/** What prepare returns: the revision that people are asked about, or why there is none. */
export type Prepared =
  | { readonly status: 'prepared'; readonly revision: number }
  /** The change does not fit what is in the record; `rules` are codes. */
  | { readonly status: 'refused'; readonly rules: readonly string[] };

/** What write returns. `conflict`: the record had moved on, and the EHR took nothing. */
export type Written =
  { readonly status: 'performed'; readonly records: 1; readonly truncated: false } | { readonly status: 'conflict' };

/** What the EHR shows of a write whose outcome was unknown. `unsettled`: it may still come, or the EHR does not answer. */
export type ReadBack = { readonly status: 'written' | 'superseded' | 'unsettled' };

/** How a run of the workflow ended, as it tells conclude. The database may know better, and wins. */
export type Outcome =
  | Performed
  | { readonly status: 'denied'; readonly by: string }
  | { readonly status: 'expired' }
  | { readonly status: 'cancel_requested' }
  | { readonly status: 'refused'; readonly rules: readonly string[] }
  | { readonly status: 'concluded'; readonly as: FinalStatus }
  | { readonly status: 'unresolved' }
  | { readonly status: 'failed'; readonly code: string };

/** What conclude stored, and the workflow returns: `{status, refs}`. */
export interface Concluded {
  readonly status: FinalStatus | 'outcome_unknown';
  /** Of an unknown outcome: the revision on which a human says what became of it, and whom to ask. */
  readonly resolution?: Resolution;
  readonly warrant?: string;
  /** Index of the outcome leaf in the tenant's log. */
  readonly leaf?: number;
  /** The record's class, its date (calendar day of the tenant) and the timer workflow that will dispose of it. */
  readonly retention?: { readonly class: string; readonly date: string; readonly workflow: string };
}

export interface Resolution {
  readonly revision: number;
  readonly needs: z.infer<typeof needsSchema>;
  /** Counted before, by an earlier run. */
  readonly votes: readonly CountedVote[];
  /** How often the EHR was asked before, by an earlier run; absent for never. */
  readonly looked?: number;
}

/** What classify answers to the caller of `admit`. */
export type Admitted =
  | {
      readonly status: 'accepted';
      readonly tier: Tier;
      readonly needs: z.infer<typeof needsSchema>;
      readonly deadline?: string;
    }
  | { readonly status: 'refused'; readonly rules: readonly string[] }
  | { readonly status: 'concluded'; readonly as: FinalStatus | 'outcome_unknown' };
