import type { Status } from '../action/types.js';

/** Whether somebody is asked: before the effect, or what became of it. */
export function isOpenToVotes({ status }: { readonly status: Status }): boolean {
  return status === 'awaiting_approval' || status === 'outcome_unknown';
}
