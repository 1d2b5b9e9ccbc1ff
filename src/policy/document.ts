/** The YAML that people write policies in (DESIGN §5.3). Words in it mean what the vocabulary says, and nothing else. */
import { z } from 'zod';
import { durationSchema } from '../rulebook/duration.js';
import { verbs } from './core.js';

const word = z.string().min(1).max(128);
const words = z.union([word, z.array(word).min(1)], { error: 'expected a word or a list of words' });

/** Lower-case words and dots: rule ids stand on the audit log. */
const ruleId = z
  .string()
  .regex(/^[a-z][a-z0-9_]*(\.[a-z0-9_]+)*$/)
  .max(64);

const terms = {
  purpose: words,
  role: words,
  agent_role: words,
  destination: words,
  time_window: words,
  /** Action types, one of which this agent completed for this patient within `preceded_within`. */
  preceded_by: words,
  contains_phi: z.boolean(),
  data_contains: word,
  names_patient: z.boolean(),
  treatment_relationship: z.literal('proven'),
  on_call: z.literal(true),
};
const saysSomething = (said: object) => Object.keys(said).length > 0;

const exception = z.strictObject(terms).partial().refine(saysSomething, { error: 'an empty condition' });
/** An obligation may stand among the conditions: there the published example has it. */
const condition = z
  .strictObject({ ...terms, audit: z.literal('required') })
  .partial()
  .refine(saysSomething, { error: 'an empty condition' });

const rule = z
  .strictObject({
    id: ruleId.optional(),
    /** Why the rule is there: a sentence, a citation. */
    reason: z.string().min(1).optional(),
    action: words,
    resource: words.optional(),
    effect: z.enum(['allow', 'deny']),
    conditions: z.array(condition).min(1).optional(),
    /** A deny holds unless all of these are known to hold. */
    unless: z.array(exception).min(1).optional(),
    audit: z.literal('required').optional(),
    alert: z.literal('immediate').optional(),
    /** PHI is taken out of the output before it leaves. */
    redact: z.literal('required').optional(),
  })
  .refine(({ effect, unless }) => unless === undefined || effect === 'deny', {
    error: 'only a deny has exceptions; what an allow asks for stands in its conditions',
    path: ['unless'],
  })
  .refine(({ effect, redact }) => redact === undefined || effect === 'allow', {
    error: 'what is denied does not leave, redacted or not',
    path: ['redact'],
  });

/** Each rule is held against all others when a policy is reviewed; nobody oversees so many as this. */
const rules = z.array(rule).min(1).max(1_000, { error: 'more than 1,000 rules' });

const roleTable = z
  .strictObject({ can_access: z.array(word).min(1).optional(), cannot_access: z.array(word).min(1).optional() })
  .refine((table) => Object.keys(table).length > 0, { error: 'an empty table' });

const agentTable = z.strictObject({
  allowed_fields: z.array(word).min(1),
  allowed_operations: z.array(z.enum(verbs)).min(1),
  requires_break_glass: z.array(word).min(1).optional(),
});

const head = {
  version: z.literal('1.0'),
  name: z.string().min(1).max(128),
  /** How far back `preceded_by` looks. */
  preceded_within: durationSchema.optional(),
};
const tables = {
  roles: z.record(word, roleTable).optional(),
  agents: z.record(word, agentTable).optional(),
};

export const policySchema = z.strictObject({ ...head, rules, ...tables });

/** A policy that takes another one and makes it stricter. */
export const extensionSchema = z.strictObject({
  ...head,
  /** The file of the other one, without `.yaml`. */
  extends: z.string().regex(/^[a-z][a-z0-9_-]{0,63}$/, { error: 'expected the name of a policy file without .yaml' }),
  /** More denies. */
  rules: rules.optional(),
  /** Ids of grants that it does without, cells of tables included. */
  remove: z.array(word).min(1).max(200, { error: 'more than 200' }).optional(),
  /** Id of a grant → what it asks for besides. */
  narrow: z
    .record(word, z.strictObject({ reason: z.string().min(1).optional(), conditions: z.array(condition).min(1) }))
    .optional(),
  /** A table takes the place of the one there and holds no more; `cannot_access` is added. */
  ...tables,
});

export type PolicyDocument = z.infer<typeof policySchema>;
export type ExtensionDocument = z.infer<typeof extensionSchema>;
export type RuleDocument = PolicyDocument['rules'][number];
export type ConditionDocument = z.infer<typeof condition>;
