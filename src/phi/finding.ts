/** What a scan answers: where something stands that may identify a person. Never what it says. */

/** Identifiers of 45 CFR 164.514(b)(2)(i) as far as a layer detects them, and references to patient records. */
export type PhiClass =
  | 'account'
  | 'address'
  | 'age'
  | 'date'
  | 'email'
  | 'health_plan'
  | 'identifier'
  | 'ip'
  | 'licence'
  | 'mrn'
  | 'name'
  | 'npi'
  | 'phone'
  | 'reference'
  | 'ssn'
  | 'url';

export interface Finding {
  readonly class: PhiClass;
  /** `known`: a value of a record that we saw; `reference`: a patient record's address; `pattern`: by its shape. */
  readonly layer: 'known' | 'reference' | 'pattern';
  /** Whose it is: the patient's whose record this action opened, somebody else's, or nobody can tell. */
  readonly owner: 'opened' | 'other' | 'unknown';
  /** JSON pointer (RFC 6901); a key that is itself a finding, or no plain word, stands as `*`. */
  readonly path: string;
  /** UTF-16 units of the original text, from 0; `end` is the first that is no longer part. */
  readonly start: number;
  readonly end: number;
}

/** A finding within one text. */
export type Span = Omit<Finding, 'path'>;

/** "Clean" certifies nothing: it says that no layer found anything. */
export type ScanResult =
  { readonly status: 'clean' } | { readonly status: 'findings'; readonly findings: readonly [Finding, ...Finding[]] };
