import type { AgentRow } from './directory.store.js';

export type AgentStanding = 'current' | 'unknown' | 'version_changed' | 'suspended' | 'review_overdue' | 'baa_lapsed';

/** Whether an agent may ask for anything. `version` is the one that the action was opened with. */
export function agentStanding(agent: AgentRow | undefined, version: string): AgentStanding {
  if (!agent) return 'unknown';
  if (agent.suspended) return 'suspended';
  if (agent.version !== version) return 'version_changed';
  if (agent.reviewOverdue) return 'review_overdue';
  return agent.baaCurrent ? 'current' : 'baa_lapsed';
}
