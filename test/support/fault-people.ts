/** The agent and the people of a fault round: the product's own client and its own command line, as programs hold them. */
import { Countersign, CountersignProblem, type ActionRequest, type ActionView } from '@countersign/client';
import { importJWK } from 'jose';
import * as oauth from 'openid-client';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { Meaning } from '../../src/approval/decision.js';
import { apiAt } from '../../src/cli/api.gateway.js';
import { approvalView, waitingList } from '../../src/cli/commands/approval-view.js';
import { castVote } from '../../src/cli/commands/cast-vote.js';
import { CommandFailure } from '../../src/cli/commands/failure.js';
import { enrolSandboxPasskey } from '../../src/cli/commands/passkeys-enrol.js';
import type { Session } from '../../src/cli/commands/person-command.js';
import type { Shell } from '../../src/cli/commands/shell.js';
import { principalToken } from '../../src/cli/sign-in/agent.gateway.js';
import type { DevSummary } from '../../src/cli/dev/summary.js';
import { signInAt } from '../../src/cli/sign-in/code-flow.gateway.js';
import { findPlace } from '../../src/cli/sign-in/place.js';
import { sandboxWay } from '../../src/cli/sign-in/sandbox-way.js';
import { until } from './until.js';

/** An agent's program and its patience: what found nobody is tried again. */
export interface FaultAgent {
  /** Asks, repeating the very same request until there is an answer. */
  request(request: Omit<ActionRequest, 'principal'>): Promise<ActionView>;
  /** Waits until it needs people or has settled; at most `patience` milliseconds. */
  asksOrSettles(id: string, patience: number): Promise<ActionView>;
  /** Waits until nothing more comes by itself. */
  settles(id: string, patience: number): Promise<ActionView>;
  readonly client: Countersign;
  /** An access token of the agent. */
  readonly token: () => Promise<string>;
}

/** A person who goes on until their vote is no longer asked for. */
export interface FaultPerson {
  vote(action: string, meaning: Meaning): Promise<void>;
  enrol(): Promise<void>;
}

const agentKey = z.looseObject({ kty: z.literal('EC'), kid: z.string(), alg: z.string() });

/** Milliseconds. Above what any process takes to come back. */
const patience = 90_000;

export async function faultAgent(dev: DevSummary, name: string, principal: Session): Promise<FaultAgent> {
  const keyFile = dev.agents.find(({ agent }) => agent === name)?.keyFile;
  if (keyFile === undefined) throw new Error('the stack has no such agent');
  const { api, issuer } = dev.urls;
  const jwk = agentKey.parse(JSON.parse(readFileSync(keyFile, 'utf8')));
  const key = await importJWK(jwk, jwk.alg);
  if (key instanceof Uint8Array) throw new Error('an agent signs with a private key');
  const idp = await oauth.discovery(new URL(issuer), name, undefined, oauth.PrivateKeyJwt({ key, kid: jwk.kid }), {
    execute: [oauth.allowInsecureRequests],
  });
  const scope = 'actions:request actions:read actions:release';
  const token = lasting(async () => {
    const { access_token, expires_in = 60 } = await oauth.clientCredentialsGrant(idp, { scope, resource: api });
    return { token: access_token, seconds: expires_in };
  });
  const actsFor = lasting(async () => ({
    token: await principalToken({ issuer, api, agent: name, keyFile, signIn: principal.signIn }),
    seconds: 600,
  }));
  const client = new Countersign({ url: api, token });
  const settled = async (id: string, isThere: (view: ActionView) => boolean, time: number): Promise<ActionView> => {
    let last = 'unheard of';
    const found = until(async () => {
      const view = await client.wait(id, 1).catch(unlessOutage);
      last = view?.status ?? last;
      return view && isThere(view) ? view : undefined;
    }, time);
    return found.catch((cause: unknown) => {
      throw new Error(`the action was ${last} to the end`, { cause });
    });
  };

  return {
    client,
    token,
    async request(request) {
      const asked = { ...request, principal: await actsFor(), idempotencyKey: globalThis.crypto.randomUUID() };
      return until(() => client.request(asked).catch(unlessOutage), patience);
    },
    asksOrSettles: (id, time) => settled(id, ({ status }) => !isUnderWay(status), time),
    settles: (id, time) => settled(id, ({ status }) => !isUnderWay(status) && status !== 'awaiting_approval', time),
  };
}

function isUnderWay(status: ActionView['status']): boolean {
  return ['requested', 'preparing', 'authorised', 'performing'].includes(status);
}

/** What an agent's program tries again: nobody answered, or the API said that somebody behind it did not. */
export function unlessOutage(error: unknown): undefined {
  if (error instanceof CountersignProblem ? error.status === 503 : error instanceof TypeError) return undefined;
  if (error instanceof DOMException && error.name === 'TimeoutError') return undefined;
  throw error;
}

/** A token that is asked for again a minute before it ends. */
function lasting(ask: () => Promise<{ readonly token: string; readonly seconds: number }>): () => Promise<string> {
  let held: { readonly token: string; readonly until: number } | undefined;
  return async () => {
    if (held === undefined || held.until < performance.now()) {
      const { token, seconds } = await ask();
      held = { token, until: performance.now() + (seconds - 60) * 1_000 };
    }
    return held.token;
  };
}

const quiet: Shell = {
  env: {},
  print: () => undefined,
  tell: () => undefined,
  paint: (_style, text) => text,
  interactive: false,
  confirm: async () => false,
  ask: async () => '',
  openBrowser: () => undefined,
};

const scopes = ['approvals:read', 'approvals:vote', 'actions:read'];

/** A person's session, as `countersign` opens one for each command. */
export async function signIn(dev: DevSummary, person: string): Promise<Session> {
  const place = findPlace(dev.state, {});
  const signIn = await signInAt(place, await sandboxWay(place, person));
  const token = lasting(() => signIn.accessToken(scopes));
  return { api: apiAt(place.api, token), signIn, place, sandboxPerson: person };
}

export async function faultPerson(dev: DevSummary, name: string): Promise<FaultPerson> {
  const session = await signIn(dev, name);
  const { api } = session;
  return {
    enrol: async () => void (await enrolSandboxPasskey(quiet, session, name)),
    async vote(action, meaning) {
      let voted = false;
      await until(async () => {
        try {
          const { approvals } = await api.get('/v1/approvals', waitingList);
          // Once nobody asks for it any more, an earlier vote of theirs has arrived, whatever they heard of it.
          if (!approvals.some(({ id }) => id === action)) return voted || undefined;
          const approval = await api.get(`/v1/approvals/${action}`, approvalView);
          const chosen = { verdict: 'approve' as const, meaning };
          voted = true;
          const { vote } = await castVote(quiet, session, { approval, chosen, yes: true });
          return vote === 'counted' || undefined;
        } catch (error) {
          return unlessAway(error);
        }
      }, patience);
    },
  };
}

/** What a person takes as "look again": nobody answered, or an earlier vote of theirs arrived meanwhile. */
const lookAgain: readonly string[] = [
  'api.unreachable',
  'approval.closed',
  'identity.unreachable',
  'unavailable',
  'vote.busy',
  'vote.duplicate',
  'vote.late',
  'vote.not_open',
  'vote.superseded',
];

function unlessAway(error: unknown): undefined {
  if (error instanceof CommandFailure && lookAgain.includes(error.code)) return undefined;
  throw error;
}
