/** Why a command of a person ended without doing what was asked: one line, what to do next, and an exit code. */

/** 1: something is wrong; 2: the command was called wrongly; 3: the API refused. */
export type FailureCode = 1 | 2 | 3;

/** Its message is for people, and says what to do next where that is not plain. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure';
  readonly exit: FailureCode;
  /** The API's problem code, or one of our own. */
  readonly code: string;

  constructor(exit: FailureCode, code: string, message: string) {
    super(message);
    this.exit = exit;
    this.code = code;
  }
}

export function wrongUse(message: string): CommandFailure {
  return new CommandFailure(2, 'usage', message);
}
