/** RFC 9457 problems with a closed set of codes. Nothing of a request is repeated in one. */
import type { Refusal, RefusalCode } from '../action/refusal.js';

export interface Problem {
  readonly type: 'about:blank';
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly [detail: string]: unknown;
}

/** HTTP status by refusal; a code that is not here never reaches a caller of the API and answers 500 if it does. */
const statuses: ReadonlyMap<string, number> = new Map<RefusalCode, number>([
  ['action.not_found', 404],
  ['action.not_releasable', 409],
  ['action.release_over', 410],
  ['idempotency.mismatch', 409],
  ['request.invalid', 400],
  ['type.unknown', 422],
]);

/** What a caller is told of a refusal. */
export function problemOf({ code, message, details }: Refusal): Problem {
  const status = statuses.get(code) ?? byFamily(code);
  return status === undefined ? internal : { ...details, type: 'about:blank', status, code, title: message };
}

/** Whole families of codes that have one meaning over HTTP. */
function byFamily(code: string): number | undefined {
  if (code === 'token.scope') return 403;
  if (code.endsWith('.unknown')) return 422;
  if (code.endsWith('.unreachable') || code.endsWith('.busy')) return 503;
  switch (code.split('.')[0]) {
    case 'token':
    case 'principal':
      return 401;
    case 'challenge':
    case 'vote':
      return 409;
    default:
      return undefined;
  }
}

export const internal: Problem = {
  type: 'about:blank',
  status: 500,
  code: 'internal',
  title: 'Something broke on our side; nothing was released. Try again, or look at the log of the API.',
};

export const notFound: Problem = {
  type: 'about:blank',
  status: 404,
  code: 'not_found',
  title: 'There is nothing here.',
};
