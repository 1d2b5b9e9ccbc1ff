/** What a person is told when something did not work: what happened, and what to do about it. */
export type FailureCode =
  | 'api.refused'
  | 'api.signed_out'
  | 'api.unreachable'
  | 'api.unreadable'
  | 'ballot.differs'
  | 'page.elsewhere'
  | 'passkey.cancelled'
  | 'passkey.exists'
  | 'passkey.unusable'
  | 'sign_in.other'
  | 'sign_in.refused'
  | 'sign_in.unreachable'
  | 'vouching.differs';

export class Failure extends Error {
  override readonly name = 'Failure';
  readonly code: FailureCode;
  /** The API's own code, where it was the API that said no. */
  readonly problem: string | undefined;
  /** Whether the same call may be answered otherwise in a moment. */
  readonly passing: boolean;

  /** @param message whole sentences, for people. */
  constructor(
    code: FailureCode,
    message: string,
    { problem, passing = false }: { readonly problem?: string; readonly passing?: boolean } = {},
  ) {
    super(message);
    this.code = code;
    this.problem = problem;
    this.passing = passing;
  }
}
