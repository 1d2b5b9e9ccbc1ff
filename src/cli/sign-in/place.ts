/** Where a command finds the API and the identity provider: a development stack's own words, or the environment. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { CommandFailure } from '../commands/failure.js';
import { readSummary } from '../dev/read-summary.js';
import { placesIn, stateFolder } from '../dev/state-folder.js';
import { summaryFile } from '../dev/summary.js';

export interface Place {
  /** Base URL of the API, to the letter the audience of its access tokens (RFC 8707). */
  readonly api: string;
  readonly issuer: string;
  /** Only of a development stack: what acting as a sandbox person takes. */
  readonly sandbox?: {
    /** Of the tenant's log; a development log's begins with `dev.`. */
    readonly origin: string;
    /** Where the sandbox identity provider keeps its people. */
    readonly credentials: string;
  };
}

/** `--state`, `COUNTERSIGN_STATE`; `COUNTERSIGN_URL` with `COUNTERSIGN_ISSUER`; what runs in `./.countersign`. */
export function findPlace(asked: string | undefined, env: NodeJS.ProcessEnv): Place {
  const named = asked !== undefined || Boolean(env['COUNTERSIGN_STATE']);
  if (!named && env['COUNTERSIGN_URL']) return fromEnvironment(env);
  const state = stateFolder(asked, env);
  const summary = readSummary(state);
  if (summary) {
    const { urls, origin } = summary;
    return { api: urls.api, issuer: urls.issuer, sandbox: { origin, credentials: placesIn(state).idp } };
  }
  if (existsSync(join(state, summaryFile)))
    throw new CommandFailure(1, 'stack.unreadable', `${summaryFile} is not of this version: restart countersign dev.`);
  if (named)
    throw new CommandFailure(1, 'stack.missing', 'No stack runs in this state folder: start countersign dev with it.');
  return fromEnvironment(env);
}

function fromEnvironment({ COUNTERSIGN_URL: api, COUNTERSIGN_ISSUER: issuer }: NodeJS.ProcessEnv): Place {
  if (!api || !issuer) {
    const next = 'start countersign dev, name its --state, or set COUNTERSIGN_URL and COUNTERSIGN_ISSUER.';
    throw new CommandFailure(1, 'stack.missing', `No stack found: ${next}`);
  }
  return { api: secureUrl('COUNTERSIGN_URL', api), issuer: secureUrl('COUNTERSIGN_ISSUER', issuer) };
}

/** Tokens travel in clear only within this machine. */
function secureUrl(variable: string, text: string): string {
  const url = z.url({ protocol: /^https?$/ }).safeParse(text);
  if (!url.success || !(new URL(text).protocol === 'https:' || isLoopback(text)))
    throw new CommandFailure(1, 'stack.insecure', `${variable} must be an https: address, or a loopback one.`);
  return text;
}

/** Whether an address is of this machine. Names that are only meant to resolve to it are not. */
export function isLoopback(url: string): boolean {
  return ['127.0.0.1', 'localhost', '[::1]'].includes(new URL(url).hostname);
}
