import { defineSignal, defineUpdate } from '@temporalio/workflow';
import type { Admitted, VoteAnswer } from '../../src/action/types.js';

/**
 * Sent with the start. Answers what classify recorded, not the live state, so that a repeated call hears the same.
 * It has no validator: a rejected update would leave the workflow running with nobody told.
 */
export const admit = defineUpdate<Admitted>('admit');

/** One decision envelope; its answer says whether it counted. `updateId` names challenge and envelope. */
export const vote = defineUpdate<VoteAnswer, [unknown]>('vote');

/** The same envelope for callers who do not wait. What it lacks in an answer it leaves as a leaf. */
export const voteSignal = defineSignal<[unknown]>('vote');
