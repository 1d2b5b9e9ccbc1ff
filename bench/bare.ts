/** The bare side of the comparison: its own workers, client and EHR of the same make, on the same Temporal server. */
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { startEhr, type RunningEhr } from '@countersign/sandbox';
import { fhirGateway } from '../src/ehr/fhir.gateway.js';
import { smartTokens } from '../src/ehr/smart.gateway.js';
import { loadRulebook } from '../src/rulebook/load.js';
import { readPolicyFolder } from '../src/rulebook/policy-folder.node.js';
import { taskQueues } from '../src/temporal/queues.js';
import { noTrust } from '../test/support/rulebook.js';
import { keyPair } from '../test/support/stack.js';
import { bareActivities } from './bare.activity.js';
import type { bareWrite } from './bare.workflow.js';
import { bareNamespace } from './engines.js';

export interface Bare {
  /** Runs the reading workflow once and answers its id. */
  run(): Promise<string>;
  /** Runs the writing one and answers its id; the same order each time, so one after the other. */
  write(): Promise<string>;
  /** When transactions reached the EHR, in milliseconds since 1970. */
  effects(): readonly number[];
  /** How many events the history of that run holds. */
  events(workflowId: string): Promise<number>;
  stop(): Promise<void>;
}

export async function startBare(address: string): Promise<Bare> {
  const keys = await keyPair('ES384');
  const ehr = await startEhr({
    port: 0,
    clients: [{ id: 'countersign', jwks: { keys: [keys.publicJwk] }, scope: 'system/*.crus' }],
  });
  const tokens = smartTokens({
    base: ehr.url,
    clientId: 'countersign',
    key: keys.privateKey,
    kid: keys.publicJwk.kid,
    monotonic: () => performance.now(),
    clock: () => Math.floor(Date.now() / 1000),
    randomId: randomUUID,
  });
  const facility = loadRulebook(readPolicyFolder('policies'), noTrust).elements.get('facility');
  if (facility === undefined) throw new Error('the rulebook has no element facility');

  const connection = await NativeConnection.connect({ address });
  const common = { connection, namespace: bareNamespace, shutdownGraceTime: '5s' } as const;
  const workflows = await Worker.create({
    ...common,
    taskQueue: taskQueues.governance,
    workflowsPath: fileURLToPath(new URL('bare.workflow.js', import.meta.url)),
  });
  const activities = await Worker.create({
    ...common,
    taskQueue: taskQueues.ehr,
    activities: bareActivities(fhirGateway({ base: ehr.url, tokens }), facility),
  });
  const runs = Promise.all([workflows.run(), activities.run()]);

  const clientConnection = await Connection.connect({ address });
  const client = new Client({ connection: clientConnection, namespace: bareNamespace });
  let version = 1;
  return {
    async write() {
      const workflowId = `bare/${randomUUID()}`;
      const options = { workflowId, taskQueue: taskQueues.governance, workflowTaskTimeout: '3s' } as const;
      const args = [String(version), `${version} tablets`] as const;
      await client.workflow.execute<typeof bareWrite>('bareWrite', { ...options, args: [...args] });
      version += 1;
      return workflowId;
    },
    effects: () => transactionsOf(ehr),
    async run() {
      const workflowId = `bare/${randomUUID()}`;
      const options = { workflowId, taskQueue: taskQueues.governance, workflowTaskTimeout: '3s' } as const;
      const records = await client.workflow.execute<() => Promise<number>>('bareRead', options);
      if (records < 1) throw new Error('the bare read found nothing: it is no yardstick');
      return workflowId;
    },
    async events(workflowId) {
      const { events } = await client.workflow.getHandle(workflowId).fetchHistory();
      return events?.length ?? 0;
    },
    async stop() {
      workflows.shutdown();
      activities.shutdown();
      await runs;
      await Promise.all([clientConnection.close(), connection.close(), ehr.close()]);
    },
  };
}

/** When each transaction arrived, in milliseconds since 1970. */
export function transactionsOf(ehr: RunningEhr): readonly number[] {
  return ehr
    .requests('fhir')
    .filter(({ method, path }) => method === 'POST' && path === '/fhir')
    .map(({ at }) => Date.parse(at));
}
