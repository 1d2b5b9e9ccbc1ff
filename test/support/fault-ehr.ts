/** The sandbox EHR's control routes: what it was asked, what it holds, and where it is to wait. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { DevSummary } from '../../src/cli/dev/summary.js';
import { until } from './until.js';

const coding = z.looseObject({ system: z.string().optional(), code: z.string().optional() });
const versions = z.array(
  z.looseObject({ meta: z.looseObject({ versionId: z.string(), tag: z.array(coding).optional() }) }),
);
export type Version = z.infer<typeof versions>[number];

const requests = z.array(z.looseObject({ method: z.string(), path: z.string() }));
const demo = z.array(z.object({ patient: z.string(), encounter: z.string(), name: z.string() })).min(1);
const nothing = z.unknown().transform(() => undefined);

/** Where the EHR is to wait: before it does what it was asked, or before it answers. */
export interface EhrHold {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly exact?: boolean;
  readonly when: 'before' | 'after';
}

export interface FaultEhr {
  patients(): Promise<z.infer<typeof demo>>;
  /** Every version of `Type/id`, oldest first. */
  versions(reference: string): Promise<readonly Version[]>;
  /** Transactions that reached it since {@link forget}. */
  transactions(): Promise<number>;
  forget(): Promise<void>;
  hold(where: EhrHold): Promise<void>;
  /** Waits until it holds a request. */
  held(): Promise<void>;
  /** Lets go of what it holds, whoever has gone meanwhile. */
  release(): Promise<void>;
}

export function faultEhr({ state, urls }: DevSummary): FaultEhr {
  const token = readFileSync(join(state, 'ehr-control'), 'utf8');

  async function call<T>(method: string, path: string, shape: z.ZodType<T>, body?: unknown): Promise<T> {
    const answer = await fetch(new URL(`/$sandbox/${path}`, urls.fhir), {
      method,
      headers: { 'x-sandbox-control': token, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`the control of the EHR answered ${answer.status}`);
    return shape.parse(answer.status === 204 ? undefined : await answer.json());
  }

  return {
    patients: () => call('GET', 'demo', demo),
    versions: (reference) => call('GET', `versions?reference=${encodeURIComponent(reference)}`, versions),
    async transactions() {
      const seen = await call('GET', 'requests?kind=fhir', requests);
      return seen.filter(({ method, path }) => method === 'POST' && path === transactionPath).length;
    },
    forget: () => call('DELETE', 'requests', nothing),
    hold: ({ when, ...match }) => call('POST', 'faults', nothing, { match, fault: { kind: 'hold', when } }),
    async held() {
      const state = z.object({ held: z.int() });
      await until(async () => ((await call('GET', 'faults', state)).held > 0 ? true : undefined));
    },
    release: () => call('DELETE', 'faults', nothing),
  };
}

export const transactionPath = '/fhir';
