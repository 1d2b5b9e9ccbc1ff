/** What a caller gets: one union, discriminated by `status` (DESIGN.md §5.9). A human's no is a value, no exception. */

export type Tier = 'T0' | 'T1' | 'T2' | 'T3';

export type Needs = { readonly status: 'nobody' } | { readonly status: 'quorum'; readonly factors: readonly Factor[] };

/** `count` distinct people in one of these roles. */
export interface Factor {
  readonly role: string;
  readonly count: number;
  /** Roles that fill it as well. */
  readonly or?: readonly string[];
  /** The signature of whoever orders the change; the principal may give it. */
  readonly order?: true;
}

/** Elements by name, each a list of FHIR R4 resources reduced to the fields that the element lets through. */
export interface Output {
  readonly elements: Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>;
  /** True when the warrant's record limit ended the reading early. */
  readonly truncated: boolean;
}

export interface Evidence {
  /** `jti` of the warrant that the effect ran under. */
  readonly warrant: string;
  /** Index of the outcome leaf in the tenant's log. */
  readonly leaf: number;
}

/** The ends of an action. */
export type FinalResult =
  | {
      readonly status: 'completed';
      readonly output: Output;
      readonly modified: readonly { readonly reference: string; readonly version: string }[];
      readonly evidence: Evidence;
    }
  | { readonly status: 'denied'; readonly reason: string }
  | { readonly status: 'expired' }
  | { readonly status: 'cancelled' }
  | { readonly status: 'refused'; readonly rules: readonly string[] }
  | { readonly status: 'withheld'; readonly findings: number }
  | { readonly status: 'failed'; readonly code: string };

/** An action that has not ended, told to a caller who stopped waiting. */
export interface PendingResult {
  readonly status: 'pending';
  readonly actionId: string;
  readonly needs: Needs;
}

/** The effect may or may not have happened; a human resolves it. Not the same as `failed`. */
export interface UnknownResult {
  readonly status: 'outcome_unknown';
  readonly actionId: string;
}

export type ActionResult = FinalResult | PendingResult | UnknownResult;

/** `GET /v1/actions/{id}`: where an action stands. Content is never part of it; see release. */
export interface ActionView {
  readonly id: string;
  readonly type: string;
  readonly status:
    | 'requested'
    | 'preparing'
    | 'awaiting_approval'
    | 'authorised'
    | 'performing'
    | 'outcome_unknown'
    | FinalResult['status'];
  readonly tier: Tier | null;
  readonly needs: Needs | null;
  readonly agent: string;
  readonly purpose: string;
  readonly elements: readonly string[];
  /** UTC instants, RFC 3339. */
  readonly createdAt: string;
  readonly deadline: string | null;
  readonly concludedAt: string | null;
  /** Until when the output may be released to the agent. */
  readonly releasableUntil: string | null;
  readonly retention: { readonly class: string; readonly date: string } | null;
}

/** `POST /v1/actions/preview`: what would become of a request. */
export interface ActionPreview {
  /** `incomplete`: nothing stands against it but what `missing` names. */
  readonly status: 'refused' | 'incomplete' | 'approvals_needed' | 'authorised';
  readonly tier: Tier | null;
  /** Everything that has a say about the tier: `{tier: 'T2', why: 'tier.raised:outside_minimum_necessary'}`. */
  readonly why: readonly { readonly tier: Tier | 'above_T3'; readonly why: string }[];
  readonly rules: readonly string[];
  /** Rules that would have allowed it but for these attributes. */
  readonly nearMisses: readonly { readonly rule: string; readonly unmet: readonly string[] }[];
  /** `reason.missing`, `justification.missing:allergy_history`, `risk_assessment.missing`. */
  readonly missing: readonly string[];
  /** Who would be asked, and how many people could fill each seat now. */
  readonly seats: readonly (Factor & { readonly eligible: number })[];
  readonly deadlineSeconds: number | null;
  /** `assumed`: whether the principal treats the patient is asked of the EHR only once the action is requested. */
  readonly relation: 'assumed' | 'not_needed';
  /** Digest of the rulebook that answered. */
  readonly rulebook: string;
}

/** `GET /v1/actions/{id}/evidence`. Keep it as it came: its bytes are what is verified. */
export interface EvidenceBundle {
  readonly format: 'countersign-evidence/v1';
  readonly tenant: string;
  readonly action: string;
  /** C2SP signed note. */
  readonly checkpoint: string;
  readonly leaves: readonly { readonly leaf: string; readonly proof: readonly string[] }[];
  readonly votes: readonly unknown[];
}
