import type { ActionRow } from '../action/action.store.js';
import { releasableUntil } from '../action/releasable.js';

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
