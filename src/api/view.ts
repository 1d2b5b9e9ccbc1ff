import type { ActionRow } from '../action/action.store.js';

/** Minutes for which the agent may fetch the output after the action ended. */
export const releaseWindow = 15;

/** An action as callers see it; the contract is `ActionView` of the client package. */
export function actionView(row: ActionRow) {
  return {
    id: row.action,
    type: row.type,
    status: row.status,
    tier: row.tier,
    needs: row.needs,
    agent: row.agent,
    purpose: row.purpose,
    elements: row.elements,
    createdAt: row.createdAt.toISOString(),
    deadline: row.deadline?.toISOString() ?? null,
    concludedAt: row.concludedAt?.toISOString() ?? null,
    releasableUntil: releasableUntil(row)?.toISOString() ?? null,
    retention:
      row.retentionClass !== null && row.retentionDate !== null
        ? { class: row.retentionClass, date: row.retentionDate }
        : null,
  };
}

/** Until when the output of a completed action may be released; undefined for every other end. */
export function releasableUntil({ status, concludedAt }: Pick<ActionRow, 'status' | 'concludedAt'>): Date | undefined {
  if (status !== 'completed' || concludedAt === null) return undefined;
  return new Date(concludedAt.getTime() + releaseWindow * 60_000);
}
