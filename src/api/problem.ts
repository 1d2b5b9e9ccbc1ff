/** RFC 9457 problems with a closed set of codes. Nothing of a request is repeated in one. */
import { isRetryable, type Refusal, type RefusalCode } from '../action/refusal.js';
import { apiProblems, voteRefusals, type ApiCode, type Problem } from './problem-codes.js';

/** Thrown by routes where the API itself says no; rooms of src speak Refusals. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';
  readonly problem: Problem;

  constructor(of: ApiCode | Problem, details: Readonly<Record<string, unknown>> = {}) {
    const problem = typeof of === 'string' ? apiProblem(of, details) : of;
    super(problem.code);
    this.problem = problem;
  }
}

/** One of the API's own problems, with particulars that are not confidential. */
export function apiProblem(code: ApiCode, details: Readonly<Record<string, unknown>> = {}): Problem {
  const { status, title } = apiProblems[code];
  return { ...details, type: 'about:blank', status, code, title };
}

/** HTTP status by refusal; a code that is not here or in a family below never reaches a caller and answers 500 if it does. */
const statuses: ReadonlyMap<string, number> = new Map<RefusalCode, number>([
  ['action.not_found', 404],
  ['action.not_releasable', 409],
  ['action.release_over', 410],
  ['challenge.confirmation_needed', 400],
  ['challenge.reason_needed', 400],
  ['challenge.unknown_meaning', 400],
  ['idempotency.mismatch', 409],
  ['key.gone', 410],
  ['principal.unknown', 403],
  ['request.invalid', 400],
  ['rulebook.missing', 503],
  ['rulebook.unreadable', 503],
  ['token.scope', 403],
]);

/** What a caller is told of a refusal. */
export function problemOf({ code, message, details }: Refusal): Problem {
  const status = statuses.get(code) ?? byFamily(code);
  return status === undefined
    ? apiProblem('internal')
    : { ...details, type: 'about:blank', status, code, title: message };
}

/** Whole families of codes that have one meaning over HTTP. */
function byFamily(code: RefusalCode): number | undefined {
  if (isRetryable(code)) return 503;
  if (code === 'type.unknown') return 422;
  switch (code.split('.')[0]) {
    case 'token':
    case 'principal':
      return 401;
    case 'challenge':
    case 'passkey':
    case 'vote':
    case 'vouching':
      return 409;
    default:
      return undefined;
  }
}

/** Answers to a vote that are no refusal for good: the same vote may count when it is sent again. */
const voteMayCome: ReadonlySet<string> = new Set([
  'identity.unreachable',
  'vote.busy',
  'vote.not_open',
  'vote.too_many',
]);

/** A vote that did not count: the code is the leaf's, the sentence ours. @param retryAfter seconds */
export function voteProblem(code: string, retryAfter?: number): Problem {
  const title = voteRefusals.get(code) ?? 'This vote does not count.';
  const status = code === 'vote.too_many' ? 429 : isFinalForVote(code) ? 409 : 503;
  return { type: 'about:blank', status, code, title, ...(retryAfter !== undefined && { retryAfter }) };
}

/** Whether a vote that was answered so is refused for good. */
export function isFinalForVote(code: string): boolean {
  return !voteMayCome.has(code);
}
