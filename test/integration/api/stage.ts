/** The API on a real socket before a whole stack, and the callers that tests need. */
import type { JWTPayload } from 'jose';
import { Countersign, type ActionRequest } from '@countersign/client';
import { canaryPatient } from '@countersign/sandbox';
import { apiApp } from '../../../src/api/app.js';
import { listen } from '../../../src/api/listen.js';
import { actionWaits } from '../../../src/api/waits.js';
import { createLog } from '../../../src/config/log.js';
import { tokenVerifiers } from '../../../src/identity/tokens.gateway.js';
import type { ApiDeps } from '../../../src/api/deps.js';
import { passkeyWorkflows } from '../../../src/temporal/passkey-workflows.js';
import { rulebookChanges } from '../../../src/temporal/rulebook-changes.js';
import { clinic, startStack, type Stack } from '../../support/stack.js';

export type Name = keyof Stack['people'];
export type Agent = 'triage-agent' | 'scheduling-agent' | 'documentation-agent';

export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers: Headers;
}

export interface ApiStage {
  readonly stack: Stack;
  readonly url: string;
  /** One call with this token, or with none. */
  call(method: 'GET' | 'POST' | 'DELETE', path: string, token?: string, body?: unknown): Promise<Answer>;
  agent(name?: Agent, scope?: string): Promise<string>;
  person(name: Name, scope?: string): Promise<string>;
  client(name?: Agent): Countersign;
  /** A request for one patient's medications, principal chen. */
  medications(more?: Partial<ActionRequest>): Promise<ActionRequest>;
  facility(more?: Partial<ActionRequest>): Promise<ActionRequest>;
  /** A request of the documentation agent to change one of the canary's medication orders, principal chen. */
  medicationChange(more?: Partial<ActionRequest>): Promise<ActionRequest>;
  /** Challenge, ID token for its hash, vote: what a person's CLI does. */
  vote(action: string, by: Name, cast?: Cast): Promise<Answer>;
  /** Kinds of the action's leaves, or those of the tenant itself. */
  leaves(action?: string): Promise<readonly { readonly kind: string; readonly data: unknown }[]>;
  stop(): Promise<void>;
}

export interface Cast {
  readonly verdict?: string;
  readonly reason?: string;
  readonly token?: JWTPayload;
}

/** Words and structure of an instruction say the same. */
function doseOf(frequency: number) {
  const timing = { repeat: { frequency, period: 1, periodUnit: 'd' } };
  return { at: 0, text: `37 mg by mouth ${frequency} times a day`, timing };
}
/** Each change is to another frequency than the one before. */
let doses = 3;

const personScopes = 'actions:read actions:cancel approvals:read approvals:vote audit:read';

export async function apiStage(more: Partial<ApiDeps> = {}): Promise<ApiStage> {
  const stack = await startStack();
  const log = createLog('test-api', 'fatal');
  const waits = actionWaits({ pool: stack.api.pool, tenant: clinic, log, limits: { all: 8, caller: 4 } });
  const deps = {
    ...stack.api,
    tenant: clinic,
    url: stack.issuer.audience,
    verifier: tokenVerifiers(),
    actions: stack.actions,
    passkeys: passkeyWorkflows(stack.client),
    rulebooks: rulebookChanges(stack.client),
    waits,
    log,
    ...more,
  };
  const server = await listen(apiApp(deps), { host: '127.0.0.1', port: 0 });
  const url = `http://127.0.0.1:${server.port}`;
  const { issuer } = stack;

  const call: ApiStage['call'] = async (method, path, token, body) => {
    const response = await fetch(url + path, {
      method,
      headers: {
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    return { status: response.status, headers: response.headers, body: (await response.json()) as Answer['body'] };
  };
  const person: ApiStage['person'] = (name, scope = personScopes) =>
    issuer.sign({ sub: name, client_id: 'countersign-cli', aud: issuer.audience, scope }, 'at+jwt');
  const agent: ApiStage['agent'] = (name = 'triage-agent', scope) => issuer.agentToken(name, scope);

  return {
    stack,
    url,
    call,
    agent,
    person,
    client: (name) => new Countersign({ url, token: () => agent(name) }),
    async medications(given) {
      const [patient] = stack.ehr.demoPatients;
      return {
        type: 'medications.read',
        input: { patient: patient?.patient, episode: patient?.encounter },
        purpose: 'TREAT',
        principal: await issuer.principalToken('chen', 'triage-agent'),
        reason: 'Reconcile medications before discharge',
        ...given,
      };
    },
    facility: async (given) => ({
      type: 'facility.read',
      input: {},
      purpose: 'HOPERAT',
      principal: await issuer.principalToken('chen', 'triage-agent'),
      ...given,
    }),
    async medicationChange(given) {
      return {
        type: 'medication.update',
        input: {
          patient: canaryPatient.patient,
          episode: canaryPatient.encounter,
          target: 'MedicationRequest/canary-medication-1',
          change: { dosageInstruction: [doseOf((doses += 1))] },
        },
        purpose: 'TREAT',
        principal: await issuer.principalToken('chen', 'documentation-agent'),
        reason: 'Dose reduced at discharge',
        justifications: { current_medications: 'The order that is to be changed' },
        ...given,
      };
    },
    async vote(action, by, { verdict = 'approve', reason, token } = {}) {
      const bearer = await person(by);
      const opened = await call('POST', '/v1/challenges', bearer, { action, verdict, ...(reason && { reason }) });
      if (opened.status !== 201) return opened;
      const idToken = await issuer.voteToken(by, String(opened.body['hash']), token);
      const proof = { kind: 'idp', idToken };
      return call('POST', '/v1/votes', bearer, { challenge: opened.body['challenge'], proof });
    },
    async leaves(action) {
      const found = await stack.db.admin.query<{ bytes: Buffer }>(
        'SELECT bytes FROM countersign.audit_leaf WHERE action IS NOT DISTINCT FROM $1 ORDER BY index',
        [action ?? null],
      );
      return found.rows.map(({ bytes }) => JSON.parse(bytes.toString()) as { kind: string; data: unknown });
    },
    async stop() {
      waits.stop();
      await server.close();
      await stack.stop();
    },
  };
}
