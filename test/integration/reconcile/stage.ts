/** A whole stack, and the hands of somebody who may do anything with Temporal and knows no key. */
import { createHash, randomUUID } from 'node:crypto';
import { isGrpcServiceError } from '@temporalio/client';
import proto from '@temporalio/proto';
import { z } from 'zod';
import { openAction } from '../../../src/action/admit.tx.js';
import { findAction, type ActionRow } from '../../../src/action/action.store.js';
import { workflowIdOf, type ActionId } from '../../../src/action/ids.js';
import type { Account } from '../../../src/audit/account.js';
import { evidenceOf } from '../../../src/audit/evidence.tx.js';
import { leafOf, type Leaf } from '../../../src/audit/leaf.js';
import { leavesOf } from '../../../src/audit/leaf.store.js';
import { formatVerifier, parseVerifier } from '../../../src/audit/note.js';
import { verifyBundle } from '../../../src/audit/verify.js';
import { inTenant } from '../../../src/database/transaction.js';
import { reconcileScheduleId } from '../../../src/reconcile/types.js';
import { triage, type Asked } from '../../support/asking.js';
import type { TestDatabase } from '../../support/database.js';
import { clinic, logSigner } from '../../support/stack.js';
import { until } from '../../support/until.js';

const { History } = proto.temporal.api.history.v1;

export type Reconciling = Asked & { readonly db: TestDatabase };

export function reconcileStage(stack: Reconciling) {
  const logs = [parseVerifier(formatVerifier(logSigner))].flatMap((verifier) => verifier ?? []);
  const { client } = stack;
  const { workflowService: service } = client;
  const namespace = client.options.namespace;
  const handle = (action: ActionId) => client.workflow.getHandle(workflowIdOf(action));

  return {
    /** Makes it old enough to be looked at. */
    async aged(action: ActionId): Promise<void> {
      await stack.db.admin.query(
        `UPDATE countersign.action SET created_at = created_at - interval '1 minute',
                concluded_at = concluded_at - interval '1 minute' WHERE action = $1`,
        [action],
      );
    },

    /** One reconciliation, as the Schedule starts it; its workflow's id. One that leaves something for the next time fails the test. */
    async reconcile(): Promise<string> {
      const workflowId = `${reconcileScheduleId(clinic)}-${randomUUID()}`;
      const done: unknown = await client.workflow.execute('reconcile', {
        workflowId,
        taskQueue: 'governance',
        args: [{ tenant: clinic }],
      });
      const { failed } = z.object({ done: z.int(), failed: z.int() }).parse(done);
      if (failed > 0) throw new Error(`${failed} could not be reconciled`);
      return workflowId;
    },

    async row(action: ActionId): Promise<ActionRow> {
      const row = await inTenant(stack.db.pool('api'), clinic, (tx) => findAction(tx, action));
      if (!row) throw new Error('no such action');
      return row;
    },

    async leaves(action: ActionId): Promise<Leaf[]> {
      const stored = await inTenant(stack.db.pool('api'), clinic, (tx) => leavesOf(tx, action));
      return stored.map(({ bytes }) => leafOf(bytes));
    },

    /** The bundle's account, once a checkpoint covers it. A bundle that does not verify fails the test. */
    async account(action: ActionId): Promise<Account> {
      const bundle = await until(() => evidenceOf(stack.db.pool('api'), clinic, action).catch(() => undefined));
      const verified = verifyBundle(bundle, logs);
      if (verified.status !== 'valid') throw new Error(JSON.stringify(verified));
      return verified.account;
    },

    terminate: (action: ActionId) => handle(action).terminate(),

    /** Deletes every trace, and waits until the server has done so. */
    async remove(action: ActionId): Promise<void> {
      const execution = { workflowId: workflowIdOf(action) };
      await service.deleteWorkflowExecution({ namespace, workflowExecution: execution });
      await until(async () => {
        const gone = await service.describeWorkflowExecution({ namespace, execution }).then(
          () => false,
          (error: unknown) => isGrpcServiceError(error) && Number(error.code) === 5,
        );
        return gone ? true : undefined;
      });
    },

    /** Resets to the end of its `nth` workflow task; answers the new run. */
    async reset(action: ActionId, nth = 1): Promise<string> {
      const { events } = await handle(action).fetchHistory();
      const tasks = (events ?? []).filter(
        ({ workflowTaskCompletedEventAttributes }) => workflowTaskCompletedEventAttributes,
      );
      const answer = await service.resetWorkflowExecution({
        namespace,
        workflowExecution: { workflowId: workflowIdOf(action) },
        reason: 'because I can',
        requestId: randomUUID(),
        workflowTaskFinishEventId: tasks[nth - 1]?.eventId ?? null,
      });
      return answer.runId;
    },

    /** A row as an API leaves it that dies before it speaks to Temporal. */
    async opened(): Promise<ActionId> {
      const { action } = await openAction(stack.api, {
        tenant: clinic,
        agent: triage,
        principal: stack.people.chen,
        request: {
          type: 'facility.read',
          input: {},
          purpose: 'HOPERAT',
          principal: 'verified by the route',
          idempotencyKey: randomUUID(),
        },
      });
      return action;
    },

    /** What a stranger with the raw history computes: its events in one message, maps in the order of their keys. */
    async digestOf(action: ActionId) {
      const { events = [] } = await handle(action).fetchHistory();
      const bytes = History.encode(History.fromObject(sortedMaps({ events: events ?? [] }))).finish();
      const { runId } = await handle(action).describe();
      return { run: runId, events: events?.length, sha256: createHash('sha256').update(bytes).digest('hex') };
    },

    /** What of a patient's record was asked for so far. */
    patientReads: (): number => stack.ehr.requests().filter(({ path }) => path.includes('MedicationRequest')).length,
  };
}
/** A copy whose maps are in the order of their keys; messages are written in the order of their fields anyway. */
function sortedMaps(value: unknown): object {
  const copy = (each: unknown): unknown => {
    if (Array.isArray(each)) return each.map(copy);
    if (typeof each !== 'object' || each === null || ArrayBuffer.isView(each)) return each;
    const keys = Object.keys(each).sort();
    return Object.fromEntries(keys.map((key) => [key, copy(Reflect.get(each, key))]));
  };
  return Object(copy(value));
}

export type ReconcileStage = ReturnType<typeof reconcileStage>;
