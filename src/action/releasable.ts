import type { ActionRow } from './action.store.js';

/** Minutes for which the agent may fetch the output after the action ended. */
const releaseWindow = 15;

/** Until when the output of a completed action may be released; undefined for every other end. */
export function releasableUntil({ status, concludedAt }: Pick<ActionRow, 'status' | 'concludedAt'>): Date | undefined {
  if (status !== 'completed' || concludedAt === null) return undefined;
  return new Date(concludedAt.getTime() + releaseWindow * 60_000);
}
