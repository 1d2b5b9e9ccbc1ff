/** The rulebook as the program uses it: checked, compiled, frozen. One digest, pinned by each action. */
import type { Digest, RoleName } from '../action/ids.js';
import type { Performs } from '../action/define-action.js';
import type { Tier } from '../action/types.js';
import type { Needs } from '../approval/quorum.js';
import type { Calendar } from '../policy/calendar.js';
import type { CompiledPolicy, Destination } from '../policy/core.js';
import type { Routine } from '../policy/minimum-necessary.js';
import type { Quota } from '../policy/quota.js';
import type { RaisingRule } from '../policy/raising.js';
import type { RecordClass } from '../retention/schedule.js';
import type { ChangeRules } from './change/change-rules.js';
import type { ElementDefinition } from './elements.js';
import type { RulebookContent } from './schema.js';
import type { TrustRoots } from './trust-roots.js';

export interface WarrantLimits {
  readonly maxUses: number;
  readonly maxRecords: number;
  readonly maxBytes: number;
}

/** What shows that a vote is the person's own (DESIGN §5.4). */
export type RequiredProof =
  /** Either shows multi-factor sign-in: one of these `acr`, or all of these `amr` (RFC 8176). */
  | { readonly method: 'idp'; readonly acr: readonly string[]; readonly amr: readonly string[] }
  | { readonly method: 'passkey'; readonly fresh: boolean };

export interface Escalation {
  /** Percent of the deadline. */
  readonly at: number;
  readonly to: 'on_call' | 'page';
}

/** What a tier asks for once somebody must be asked. */
export interface ApprovalRules {
  readonly needs: Extract<Needs, { status: 'quorum' }>;
  readonly requires: ReadonlySet<'reason' | 'justifications' | 'risk_assessment'>;
  /** Purposes for which the principal must be shown to treat the patient. */
  readonly relationshipFor: ReadonlySet<string>;
  readonly deadlineSeconds: number;
  /** Share of the deadline, above 0 and below 1. */
  readonly reminderShare: number;
  readonly escalations: readonly Escalation[];
  readonly proof: RequiredProof;
  /** `typed`: who approves types what would change, letter for letter. */
  readonly confirmation: 'typed' | 'none';
}

export interface TierRules {
  readonly tier: Tier;
  readonly warrantSeconds: number;
  readonly limits: WarrantLimits;
  /** "Nobody" is said, and only T0 can say it. */
  readonly approval: { readonly status: 'nobody' } | ({ readonly status: 'asked' } & ApprovalRules);
}

/** The rulebook's side of an action type; the program's side is its `defineAction`. */
export interface ActionContract {
  readonly name: string;
  readonly tier: Tier;
  readonly performs: Performs;
  readonly elements: 'listed_by_caller' | readonly string[];
  readonly purposes: ReadonlySet<string>;
  readonly destination: Destination;
  /** Whom to ask. A contract's own needs count while the action is of the contract's tier; a raised one asks its own. */
  readonly needs: 'of_tier' | ApprovalRules['needs'];
  readonly maxExpiresIn: number | undefined;
  readonly recordClass: string;
}

export interface Rulebook {
  readonly digest: Digest;
  readonly name: string;
  readonly tiers: Readonly<Record<Tier, TierRules>>;
  /** What raises an action above its floors. */
  readonly raising: readonly RaisingRule[];
  /** What an agent's role routinely needs for a purpose. */
  readonly minimumNecessary: readonly Routine[];
  readonly quotas: readonly Quota[];
  /** How long the EHR's word on who treats whom is taken again; 0 for not at all. */
  readonly relationReuseSeconds: number;
  /** Role → every role that it stands for, itself included. */
  readonly roles: ReadonlyMap<RoleName, readonly RoleName[]>;
  /** Who may replace it. */
  readonly changes: ChangeRules;
  readonly elements: ReadonlyMap<string, ElementDefinition>;
  readonly actions: ReadonlyMap<string, ActionContract>;
  readonly recordClasses: ReadonlyMap<string, RecordClass>;
  /** Agent id → record class of everything that this agent does. */
  readonly agentClasses: ReadonlyMap<string, string>;
  readonly policy: CompiledPolicy;
  /** The hours that the policy speaks of; `openWindows` tells which are open. */
  readonly calendar: Calendar;
  readonly trustRoots: TrustRoots;
  /** The documents that it was made of, as they are stored. */
  readonly content: RulebookContent;
}

/** The roles that somebody has who holds these: implied ones included, unknown ones kept as they are. */
export function rolesHeld(rulebook: Pick<Rulebook, 'roles'>, held: readonly RoleName[]): RoleName[] {
  return [...new Set(held.flatMap((role) => rulebook.roles.get(role) ?? [role]))].sort();
}
