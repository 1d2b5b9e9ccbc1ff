/** The API as a person's command calls it. Answers are parsed; a problem becomes a line for the person. */
import { z } from 'zod';
import { CommandFailure } from './commands/failure.js';
import { printable } from './commands/printable.js';

export interface Api {
  /** @throws CommandFailure of exit 3 when the API refuses, of exit 1 when it is broken or away. */
  get<T>(path: string, shape: z.ZodType<T>): Promise<T>;
  post<T>(path: string, body: unknown, shape: z.ZodType<T>): Promise<T>;
  delete<T>(path: string, shape: z.ZodType<T>): Promise<T>;
  /** The answer's text as it came, or the problem where its code is the one expected. */
  text(path: string, expected: string): Promise<TextAnswer>;
}

type Method = 'GET' | 'POST' | 'DELETE';

type TextAnswer =
  | { readonly status: 'text'; readonly text: string }
  /** Seconds after which the API said to come back. */
  | { readonly status: 'expected'; readonly retryAfter: number };

const problemShape = z.looseObject({
  code: z.string().regex(/^[\w.]{1,80}$/),
  title: z.string(),
  suggestion: z.string().optional(),
  /** What is wrong with a rulebook. */
  problems: z.array(z.object({ file: z.string(), message: z.string() })).optional(),
});

/** Longer than the API's longest poll. Milliseconds. */
const patience = 40_000;

/** `token` is asked before each call. */
export function apiAt(base: string, token: () => Promise<string>): Api {
  const root = base.replace(/\/+$/, '');

  async function send(method: Method, path: string, body?: unknown): Promise<Response> {
    const bearer = await token();
    try {
      return await fetch(root + path, {
        method,
        redirect: 'error', // a token goes to the API and nowhere else
        signal: AbortSignal.timeout(patience),
        headers: {
          accept: 'application/json',
          authorization: `Bearer ${bearer}`,
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
    } catch {
      throw new CommandFailure(1, 'api.unreachable', `The API at ${root} does not answer; try countersign doctor.`);
    }
  }

  async function call<T>(method: Method, path: string, shape: z.ZodType<T>, body?: unknown): Promise<T> {
    const response = await send(method, path, body);
    if (!response.ok) throw failureOf(response.status, await problemOf(response));
    const parsed = shape.safeParse(await response.json().catch(() => undefined));
    if (parsed.success) return parsed.data;
    throw new CommandFailure(1, 'api.shape', 'The API answered in a shape that this version does not know; update it.');
  }

  return {
    get: (path, shape) => call('GET', path, shape),
    post: (path, body, shape) => call('POST', path, shape, body),
    delete: (path, shape) => call('DELETE', path, shape),
    async text(path, expected) {
      const response = await send('GET', path);
      if (response.ok) return { status: 'text', text: await response.text() };
      const problem = await problemOf(response);
      if (problem?.code !== expected) throw failureOf(response.status, problem);
      const retryAfter = Number(response.headers.get('retry-after') ?? 1);
      return { status: 'expected', retryAfter: Number.isFinite(retryAfter) ? retryAfter : 1 };
    },
  };
}

type ProblemAnswer = z.infer<typeof problemShape>;

async function problemOf(response: Response): Promise<ProblemAnswer | undefined> {
  return problemShape.safeParse(await response.json().catch(() => undefined)).data;
}

function failureOf(status: number, problem: ProblemAnswer | undefined): CommandFailure {
  if (!problem) return new CommandFailure(1, 'api.broken', `The API answered ${status}; look at its log.`);
  const hint = problem.suggestion === undefined ? '' : ` Did you mean ${printable(problem.suggestion)}?`;
  const more = (problem.problems ?? []).map(({ file, message }) => `\n  ${printable(file)}: ${printable(message)}`);
  const words = `${printable(problem.title)}${hint} (${problem.code})${more.join('')}`;
  return new CommandFailure(status < 500 ? 3 : 1, problem.code, words);
}
