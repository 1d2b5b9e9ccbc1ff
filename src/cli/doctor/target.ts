/** What `countersign doctor` looks at: the stack of a state folder, an installation told by its environment, or neither. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { temporalConnection } from '../../temporal/connection.js';
import { stackOf } from '../dev/lock.js';
import { readSummary } from '../dev/read-summary.js';
import { placesIn } from '../dev/state-folder.js';
import { summaryFile, type DevSummary } from '../dev/summary.js';
import { ok, problem, warning, type Finding } from './finding.js';
import type { TemporalTarget } from './temporal.js';

export interface Parts {
  readonly database: string | undefined;
  readonly temporal: Omit<TemporalTarget, 'mendReach'> | undefined;
  readonly keyring: string | undefined;
  readonly issuer: string | undefined;
  readonly api: string | undefined;
}

export type Target =
  | { readonly kind: 'environment'; readonly parts: Parts }
  | { readonly kind: 'stack'; readonly parts: Parts; readonly summary: DevSummary }
  /** Nothing runs here; with what is odd about that. */
  | { readonly kind: 'nothing'; readonly findings: readonly Finding[] };

/** The environment wins over a state folder: who set it means that installation. */
export function targetOf(state: string, env: NodeJS.ProcessEnv): Target {
  const database = env['COUNTERSIGN_DATABASE_URL'] || env['COUNTERSIGN_ADMIN_DATABASE_URL'];
  const address = env['COUNTERSIGN_TEMPORAL_ADDRESS'];
  if (database || address) return { kind: 'environment', parts: fromEnvironment(database, address, env) };
  if (!existsSync(state)) return { kind: 'nothing', findings: [] };
  const summary = readSummary(state);
  const holder = stackOf(state);
  if (summary !== undefined && holder === summary.pid) return { kind: 'stack', parts: fromStack(summary), summary };
  if (holder !== undefined)
    return { kind: 'nothing', findings: [warning('stack', `pid ${holder} is starting or ending one`, 'try again')] };
  const killed = existsSync(join(state, summaryFile));
  return {
    kind: 'nothing',
    findings: killed ? [warning('stack', `the one in ${state} was killed`, 'countersign dev (its data are kept)')] : [],
  };
}

function fromStack({ state, namespace, urls }: DevSummary): Parts {
  return {
    database: urls.database,
    temporal: { connection: { address: urls.temporal }, namespace },
    keyring: `folder:${placesIn(state).keyring}`,
    issuer: urls.issuer,
    api: urls.api,
  };
}

function fromEnvironment(database: string | undefined, address: string | undefined, env: NodeJS.ProcessEnv): Parts {
  return {
    database: database || undefined,
    temporal: address
      ? {
          connection: temporalConnection({
            COUNTERSIGN_MODE: 'development', // whether TLS is needed is the processes' to say; here it is whether it works
            COUNTERSIGN_TEMPORAL_ADDRESS: address,
            COUNTERSIGN_TEMPORAL_CA_FILE: env['COUNTERSIGN_TEMPORAL_CA_FILE'] || undefined,
            COUNTERSIGN_TEMPORAL_CERT_FILE: env['COUNTERSIGN_TEMPORAL_CERT_FILE'] || undefined,
            COUNTERSIGN_TEMPORAL_KEY_FILE: env['COUNTERSIGN_TEMPORAL_KEY_FILE'] || undefined,
          }),
          namespace: env['COUNTERSIGN_TEMPORAL_NAMESPACE'] || 'default',
        }
      : undefined,
    keyring: env['COUNTERSIGN_KEYRING'] || undefined,
    issuer: env['COUNTERSIGN_ISSUER'] || undefined,
    api: env['COUNTERSIGN_API_URL'] || undefined,
  };
}

/** Whether every process that the stack named is alive. */
export function checkProcesses({ processes, state }: DevSummary, isAlive: (pid: number) => boolean): Finding {
  const names = Object.keys(processes);
  const dead = Object.entries(processes).flatMap(([name, pid]) => (isAlive(pid) ? [] : [name]));
  if (dead.length === 0) return ok('processes', names.join(', '));
  return problem('processes', `not running: ${dead.join(', ')}`, `tail ${placesIn(state).logOf(dead[0] ?? '')}`);
}
