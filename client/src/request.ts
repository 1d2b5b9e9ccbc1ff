/** `POST /v1/actions`. */
export interface ActionRequest {
  /** For example `medications.read`. */
  readonly type: string;
  readonly input: Readonly<Record<string, unknown>>;
  /** Only where the type lets the caller list elements (`record.read`). */
  readonly elements?: readonly string[];
  /** HL7 v3 PurposeOfUse code: `TREAT`, `HPAYMT`, `HOPERAT` … */
  readonly purpose: string;
  /** RFC 8693 token of the human that the agent acts for. */
  readonly principal: string;
  /** Why; asked from T1. Approvers read it as it stands. */
  readonly reason?: string;
  readonly justifications?: Readonly<Record<string, string>>;
  readonly riskAssessment?: string;
  readonly claimedTier?: 'T0' | 'T1' | 'T2' | 'T3';
  /** Seconds; only shortens the tier's deadline. */
  readonly expiresIn?: number;
  readonly conversation?: string;
  /** The same key and body are the same action; made up when you leave it out. */
  readonly idempotencyKey?: string;
}
