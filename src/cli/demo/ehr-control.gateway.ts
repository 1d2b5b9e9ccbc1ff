/** The sandbox EHR's control routes: its own record of what was written, and its fault switches. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { DevSummary } from '../dev/summary.js';

const patients = z.array(z.looseObject({ patient: z.string(), encounter: z.string(), name: z.string() })).min(1);
const versions = z.array(
  z.looseObject({ meta: z.looseObject({ versionId: z.string(), tag: z.array(z.looseObject({})).optional() }) }),
);
export type Version = z.infer<typeof versions>[number];

export interface DemoPatient {
  readonly patient: string;
  readonly encounter: string;
  readonly name: string;
}

export interface EhrControl {
  /** The patients to show. */
  patients(): Promise<readonly DemoPatient[]>;
  /** Every version of `Type/id`, oldest first. */
  versions(reference: string): Promise<readonly Version[]>;
  /** The next transaction is carried out, and its answer held back until `release`. */
  holdAnswer(): Promise<void>;
  /** How many requests wait there now. */
  held(): Promise<number>;
  /** Lets go of what is held, and forgets every switch. */
  release(): Promise<void>;
}

/** Asks with the token that only this machine's user can read. */
export function ehrControl({ state, urls }: DevSummary): EhrControl {
  const token = readFileSync(join(state, 'ehr-control'), 'utf8');

  async function call<T>(method: string, path: string, shape: z.ZodType<T>, body?: unknown): Promise<T> {
    const answer = await fetch(new URL(`/$sandbox/${path}`, urls.fhir), {
      method,
      headers: { 'x-sandbox-control': token, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`the sandbox EHR's control answered ${answer.status}`);
    return shape.parse(answer.status === 204 ? undefined : await answer.json());
  }

  const transaction = { method: 'POST', path: new URL(urls.fhir).pathname, exact: true };
  return {
    patients: () => call('GET', 'demo', patients),
    versions: (reference) => call('GET', `versions?reference=${encodeURIComponent(reference)}`, versions),
    holdAnswer: () => call('POST', 'faults', done, { match: transaction, fault: { kind: 'hold', when: 'after' } }),
    held: async () => (await call('GET', 'faults', z.looseObject({ held: z.int() }))).held,
    release: () => call('DELETE', 'faults', done),
  };
}

const done = z.unknown().transform(() => undefined);
