/** What the API tells about actions that wait for a vote, and about votes. */
import { z } from 'zod';
import { decisionSchema, meaningSchema, verdictSchema } from '../../approval/decision.js';
import { actionView } from './views.js';

const waiting = actionView.extend({
  revision: z.int(),
  kind: z.enum(['asked', 'prepared', 'resolution']),
  may: z.looseObject({
    roles: z.array(z.string()),
    verdicts: z.array(verdictSchema),
    meanings: z.array(meaningSchema),
  }),
});
export type Waiting = z.infer<typeof waiting>;

export const waitingList = z.looseObject({ approvals: z.array(waiting) });

/** Of the text shown, what the terminal words; whatever else is in it is printed as it is. */
const shown = z.looseObject({
  title: z.string(),
  effects: z.array(z.string()),
  type: z.string(),
  elements: z.array(z.string()),
  input: z.record(z.string(), z.unknown()),
  purpose: z.string(),
  reason: z.string().nullable(),
  justifications: z.record(z.string(), z.string()),
  riskAssessment: z.string().nullable(),
  agent: z.string(),
  principal: z.string(),
  change: z.unknown().optional(),
});

// Strict: a member that the terminal has no place for must not go unseen.
const fieldChanges = z.array(z.strictObject({ path: z.string(), before: z.json(), after: z.json() }));
const text = z.string().nullable();

/** The change as the terminal words it; one of another shape is printed as JSON, whole. */
export const changeView = z.looseObject({
  target: z.string(),
  base: z.string(),
  patient: z.strictObject({ name: text, birthDate: text }),
  record: z.strictObject({
    name: text,
    coded: text,
    date: z.strictObject({ word: z.string(), on: z.string() }).nullable(),
    status: text,
    text,
  }),
  changes: fieldChanges,
  meanwhile: fieldChanges.optional(),
  proposal: z.string(),
});
export type ChangeView = z.infer<typeof changeView>;

export const approvalView = waiting.extend({
  shown,
  principalName: z.string(),
  rulebook: z.string(),
  requestCommitment: z.string(),
  displayCommitment: z.string(),
  salt: z.base64(),
  proof: z.looseObject({ method: z.enum(['idp', 'passkey']), fresh: z.boolean(), vouched: z.boolean() }),
  /** Of this person's passkeys that may sign. */
  credentials: z.array(z.string()),
  rpId: z.string().nullable(),
  confirmation: z.string().nullable(),
});
export type Approval = z.infer<typeof approvalView>;

export const challengeView = z.looseObject({
  challenge: z.string(),
  decision: decisionSchema,
  hash: z.string(),
  expiresAt: z.iso.datetime(),
});

export const voteView = z.looseObject({ status: z.enum(['counted', 'pending']) });
