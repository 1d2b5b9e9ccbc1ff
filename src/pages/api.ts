/** Calls of the API that served the page, with the person's access token. */
import { Failure } from './failure.js';
import { isObject, parseJson } from './json.js';

export interface Api {
  /** `path` without the slash in front: `v1/approvals`. Each throws Failure `api.*`. */
  get(path: string): Promise<unknown>;
  post(path: string, body: object): Promise<unknown>;
  remove(path: string): Promise<unknown>;
}

export function apiWith(accessToken: string): Api {
  const call = (method: string, path: string, body?: object): Promise<unknown> =>
    answerOf(`../${path}`, {
      method,
      headers: {
        authorization: `Bearer ${accessToken}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  return {
    get: (path) => call('GET', path),
    post: (path, body) => call('POST', path, body),
    remove: (path) => call('DELETE', path),
  };
}

/** The JSON that an address answers with. @throws Failure `api.*`. */
export async function answerOf(address: string, request: RequestInit = {}): Promise<unknown> {
  const response = await fetch(address, {
    credentials: 'omit',
    cache: 'no-store',
    redirect: 'error',
    ...request,
  }).catch(() => {
    throw new Failure('api.unreachable', 'Countersign does not answer. Try again in a moment.', { passing: true });
  });
  const body = await response.text();
  if (response.ok) return parseJson(body);
  throw refusal(response.status, body);
}

function refusal(status: number, body: string): Failure {
  const problem = problemOf(body);
  if (status === 401)
    return new Failure('api.signed_out', 'Your sign-in has run out. Sign in again; nothing else was done.');
  const title = problem?.title ?? `Countersign answered ${status}. Try again, or report it.`;
  return new Failure('api.refused', title, {
    passing: status === 503,
    ...(problem?.code !== undefined && { problem: problem.code }),
  });
}

/** RFC 9457. What is none says nothing. */
function problemOf(body: string): { readonly title: string; readonly code: string } | undefined {
  try {
    const value: unknown = JSON.parse(body);
    if (!isObject(value)) return undefined;
    const { title, code } = value;
    return typeof title === 'string' && typeof code === 'string' ? { title, code } : undefined;
  } catch {
    return undefined;
  }
}
