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

/** What must be done besides the decision. */
export type Obligation = 'audit' | 'alert';

/** Attributes with one word, with several, and with a truth. */
export type WordAttribute = 'purpose' | 'destination' | 'agentRole';
export type WordsAttribute = 'principalRoles' | 'timeWindows';
type TruthAttribute = 'containsPhi' | 'namesPatient' | 'related';
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
  /** Named time windows that are in force at the tenant now. */
  readonly timeWindows?: readonly string[];
  /** Whether the output holds PHI that its destination may not have. Known in the phase `output` only. */
  readonly containsPhi?: boolean;
  readonly namesPatient?: boolean;
  /** Whether the principal was shown to treat this patient. */
  readonly related?: boolean;
}

export type Condition =
  | { readonly attribute: WordAttribute; readonly oneOf: ReadonlySet<string> }
  | { readonly attribute: WordsAttribute; readonly anyOf: ReadonlySet<string> }
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
