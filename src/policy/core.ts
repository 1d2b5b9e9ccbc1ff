/**
 * The closed core that every policy is compiled to. A vocabulary's words end at the compiler: here are only verbs,
 * elements and attributes that the program itself knows.
 */
import type { Digest } from '../action/ids.js';

export const verbs = ['read', 'write', 'export', 'generate'] as const;
export type Verb = (typeof verbs)[number];

/** `before`: may it run? `output`: may what came back leave? */
export const phases = ['before', 'output'] as const;
export type Phase = (typeof phases)[number];

/** Where output goes. Derived from purpose and recipient, never chosen by the agent. */
export const destinations = ['treatment', 'external', 'deidentified'] as const;
export type Destination = (typeof destinations)[number];

/**
 * What must be done besides the decision. `redact`: PHI is taken out before the output leaves, or it does not leave.
 * Whoever acts on an allow carries out all of them; one that it does not know is a no.
 */
export type Obligation = 'audit' | 'alert' | 'redact';

/** Attributes with one word, with several, and with a truth. */
export type WordAttribute = 'purpose' | 'destination' | 'agentRole';
export type WordsAttribute = 'principalRoles' | 'timeWindows' | 'precededBy';
type TruthAttribute = 'containsPhi' | 'namesPatient' | 'related' | 'onCall';
export type Attribute = WordAttribute | WordsAttribute | TruthAttribute;

/**
 * What is asked. Attributes may be missing: then no allow that asks for them applies, and every deny that asks for
 * them does. The same holds for a value of another type and for a word that the rulebook does not know.
 */
export interface PolicyRequest {
  readonly verb: Verb;
  readonly phase: Phase;
  readonly elements: readonly string[];
  /** HL7 v3 PurposeOfUse code. */
  readonly purpose?: string;
  readonly destination?: Destination;
  /** Role of the agent in the directory, for example `triage`. */
  readonly agentRole?: string;
  /** Roles of the principal, implied ones included. */
  readonly principalRoles?: readonly string[];
  /** Named time windows that are open at the tenant now: what `openWindows` answers. */
  readonly timeWindows?: readonly string[];
  /**
   * Types of the actions that this agent had completed for this patient, in this tenant, within the last
   * `precededWithinSeconds` of the policy. Only `completed` counts: nothing that was refused, denied, withheld, failed
   * or is open. None: an empty list. Missing where the action names no patient, or nobody looked.
   */
  readonly precededBy?: readonly string[];
  /** Whether the output holds PHI that its destination may not have. Known in the phase `output` only. */
  readonly containsPhi?: boolean;
  readonly namesPatient?: boolean;
  /** Whether the principal was shown to treat this patient. */
  readonly related?: boolean;
  /** Whether the principal is on call now, as the directory says. */
  readonly onCall?: boolean;
}

/**
 * `noneOf` is what is left of an exception ("deny unless …"): only a deny has it. It holds unless one of these words
 * is known to be there.
 */
export type Condition =
  | { readonly attribute: WordAttribute; readonly oneOf: ReadonlySet<string> }
  | { readonly attribute: WordsAttribute; readonly anyOf: ReadonlySet<string> }
  | { readonly attribute: WordsAttribute; readonly noneOf: ReadonlySet<string> }
  | { readonly attribute: TruthAttribute; readonly is: boolean };

export interface CoreRule {
  /** Lower-case words and dots; it stands on the audit log. */
  readonly id: string;
  readonly effect: 'allow' | 'deny';
  readonly verbs: ReadonlySet<Verb>;
  readonly phase: Phase;
  readonly elements: 'any' | ReadonlySet<string>;
  /** All must hold. */
  readonly conditions: readonly Condition[];
  readonly obligations: readonly Obligation[];
}

/**
 * One question that some rule must answer with yes, element by element: do the rules allow it, may this role see it,
 * may this agent? Tables of roles and agents are gates of their own, so that they limit and never widen.
 */
export interface Gate {
  readonly name: 'rules' | 'roles' | 'agents';
  readonly phases: readonly Phase[];
  readonly grants: readonly CoreRule[];
}

export interface CompiledPolicy {
  readonly rulebook: Digest;
  readonly gates: readonly Gate[];
  readonly denies: readonly CoreRule[];
  /** The closed world: elements, and the words that each attribute may hold. */
  readonly elements: ReadonlySet<string>;
  readonly words: Readonly<Record<WordAttribute | WordsAttribute, ReadonlySet<string>>>;
  /** How far back `precededBy` looks. Absent where no rule asks. */
  readonly precededWithinSeconds?: number;
}

/** A grant that would have applied but for these attributes. */
export interface NearMiss {
  readonly rule: string;
  readonly unmet: readonly Attribute[];
}

export interface PolicyDecision {
  readonly effect: 'allow' | 'deny';
  /** Rules that decided: the grants of an allow; the denies of a deny, or `default_deny`. */
  readonly rules: readonly string[];
  /** Elements that are not allowed; one is enough to refuse the whole request. */
  readonly forbidden: readonly string[];
  readonly nearMisses: readonly NearMiss[];
  readonly obligations: readonly Obligation[];
  readonly rulebook: Digest;
}
