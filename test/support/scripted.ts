/** A worker whose activities follow a script: what is tested here is the order of things, on a clock that can skip. */
import { Worker } from '@temporalio/worker';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { GovernanceActivities } from '../../activities/governance/activities.js';
import type { EhrActivities } from '../../activities/ehr/activities.js';
import {
  action,
  challenge,
  digest,
  person,
  role,
  tenant,
  warrant,
  workflowIdOf,
  type ActionId,
} from '../../src/action/ids.js';
import {
  admissionSchema,
  type Admission,
  type Classified,
  type CountedVote,
  type MintedWarrant,
  type VoteAnswer,
} from '../../src/action/types.js';
import { usualMeaning, type Meaning } from '../../src/approval/decision.js';
import type { DecisionEnvelope } from '../../src/approval/envelope.js';
import { workflowBundle } from '../../worker/bundle.js';

export type Script = Partial<GovernanceActivities & EhrActivities>;

export const minted: MintedWarrant = {
  jti: warrant('00000000-0000-4000-8000-0000000000aa'),
  token: 'header.payload.signature',
  queue: 'ehr',
  seconds: 1_800,
};

const letters = 'abcdefghijklmnopqrstuvwxyz234567';
let counter = 0;

/** What classify says first where nothing fresh is known of principal and patient. */
export const asksFirst: Script = { classify: async () => ({ status: 'relate', warrant: minted }) };

/** A fresh action id, and the admission of a read of one patient. */
export function newAdmission(): Admission {
  counter += 1;
  const id = action('a'.repeat(24) + letters[Math.floor(counter / 32) % 32] + letters[counter % 32]);
  return { tenant: tenant('clinic'), action: id, requestCommitment: digest('11'.repeat(32)), namesPatient: true };
}

interface Waits {
  /** Milliseconds. */
  readonly deadlineIn?: number;
  /** Milliseconds; 0 for no reminder. */
  readonly remindIn?: number;
  readonly count?: number;
  readonly tier?: 'T1' | 'T2';
  readonly revision?: number;
  readonly writes?: boolean;
  /** Counted by an earlier run. */
  readonly votes?: readonly CountedVote[];
}

/** One clinician, deadline in four hours, reminder after two. */
export function waits(more: Waits = {}): Classified {
  const { deadlineIn = 4 * 3_600_000, remindIn = 2 * 3_600_000, count = 1, votes = [] } = more;
  const { tier = 'T1', revision = 1, writes = false } = more;
  return {
    status: 'approvals_needed',
    tier,
    revision,
    needs: { status: 'quorum', factors: [{ role: role('clinical_staff'), count }] },
    deadline: '2026-01-01T04:00:00.000Z',
    deadlineIn,
    remindIn,
    writes,
    votes: [...votes],
  };
}

const people = { ada: '0a', bo: '0b', cy: '0c' } as const;
export type Name = keyof typeof people;
export const personOf = (name: Name) => person(`00000000-0000-4000-8000-0000000000${people[name]}`);

/** A decision envelope of the right shape; its proof is nobody's business here, recordVote is scripted. */
export function envelope(
  of: ActionId,
  by: Name,
  verdict: 'approve' | 'deny' = 'approve',
  more: { revision?: number; challenge?: string; meaning?: Meaning } = {},
): DecisionEnvelope {
  return {
    decision: {
      v: 1,
      tenant: tenant('clinic'),
      action: of,
      revision: more.revision ?? 1,
      requestCommitment: digest('11'.repeat(32)),
      displayCommitment: digest('22'.repeat(32)),
      rulebook: digest('33'.repeat(32)),
      tier: 'T1',
      verdict,
      meaning: more.meaning ?? usualMeaning[verdict],
      reasonCommitment: verdict === 'approve' ? null : digest('44'.repeat(32)),
      approver: personOf(by),
      actingRoles: [role('clinical_staff')],
      challenge: challenge(more.challenge ?? `00000000-0000-4000-8000-0000000001${people[by]}`),
      decidedAt: '2026-01-01T00:00:00.000Z',
    },
    proof: { kind: 'idp', idToken: 'header.payload.signature' },
  };
}

const defaults: GovernanceActivities & EhrActivities = {
  classify: async () => waits(),
  relate: async () => ({ status: 'related', basis: 'encounter_participant' }),
  classifyAsked: async () => waits(),
  recordVote: async (_, ballot) => counted(ballot),
  refuseVote: async () => undefined,
  remind: async () => undefined,
  expire: async () => ({ status: 'expired' }),
  authorise: async () => ({ status: 'authorised', warrant: minted }),
  perform: async () => ({ status: 'performed', records: 3, truncated: false }),
  conclude: async (_, outcome) => ({ status: concluded[outcome.status] }),
  warrantPreparation: async () => ({ status: 'prepare', warrant: minted }),
  prepare: async () => ({ status: 'prepared', revision: 2 }),
  write: async () => ({ status: 'performed', records: 1, truncated: false }),
  reopen: async () => undefined,
  warrantReadBack: async () => minted,
  readBack: async () => ({ status: 'unsettled' }),
  recheck: async () => ({ status: 'checked' }),
  settle: async () => ({ status: 'completed' }),
};

const concluded = {
  performed: 'completed',
  withheld: 'withheld',
  denied: 'denied',
  expired: 'expired',
  refused: 'refused',
  failed: 'failed',
  concluded: 'failed',
  unresolved: 'failed',
  cancel_requested: 'cancelled',
} as const;

/** The answer to a vote that verified. */
export function counted(ballot: DecisionEnvelope): VoteAnswer {
  return { status: 'counted', vote: countedVote(ballot) };
}

export function countedVote({ decision }: DecisionEnvelope): CountedVote {
  const { challenge: id, revision, approver, actingRoles: roles, verdict, meaning } = decision;
  return { challenge: id, revision, approver, roles, verdict, meaning, receivedAt: '2026-01-01T00:00:01.000Z' };
}

interface Scripted {
  readonly activities: GovernanceActivities & EhrActivities;
  readonly log: string[];
}

/** Workers for both queues, whose activities do for each action what its own script says. */
export class ScriptedWorkers {
  readonly #scripts = new Map<ActionId, Scripted>();
  readonly #workers: readonly Worker[];
  readonly #runs: Promise<unknown>;

  private constructor(workers: readonly Worker[]) {
    this.#workers = workers;
    this.#runs = Promise.all(workers.map((worker) => worker.run()));
  }

  static async start(env: TestWorkflowEnvironment): Promise<ScriptedWorkers> {
    const workflow = await workflowBundle();
    const { nativeConnection: connection, namespace = 'default' } = env;
    const later: { run?: (name: string, args: unknown[]) => unknown } = {};
    const activities = Object.fromEntries(
      Object.keys(defaults).map((name) => [name, (...args: unknown[]) => later.run?.(name, args)]),
    );
    const governance = await Worker.create({
      connection,
      namespace,
      taskQueue: 'governance',
      workflowBundle: workflow,
      activities,
    });
    const ehr = await Worker.create({ connection, namespace, taskQueue: 'ehr', activities });
    const started = new ScriptedWorkers([governance, ehr]);
    later.run = (name, args) => started.#run(name, args);
    return started;
  }

  /** From now on this action follows the script; the log lists its activities in the order of their calls. */
  script(of: ActionId, script: Script): readonly string[] {
    const scripted = { activities: { ...defaults, ...script }, log: [] };
    this.#scripts.set(of, scripted);
    return scripted.log;
  }

  async stop(): Promise<void> {
    for (const worker of this.#workers) worker.shutdown();
    await this.#runs;
  }

  #run(name: string, args: unknown[]): unknown {
    const { action: of } = admissionSchema.parse(args[0]);
    const scripted = this.#scripts.get(of);
    const activity = Object.entries(scripted?.activities ?? {}).find(([known]) => known === name)?.[1];
    if (!scripted || !activity) throw new Error('no script for this action');
    scripted.log.push(name);
    return Reflect.apply(activity, undefined, args);
  }
}

/** Starts the workflow as the API does, without waiting for its admission. */
export function start(env: TestWorkflowEnvironment, admission: Admission) {
  return env.client.workflow.start('governedAction', {
    workflowId: workflowIdOf(admission.action),
    taskQueue: 'governance',
    args: [admission],
  });
}
