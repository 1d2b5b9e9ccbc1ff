/** The YAML that people write policies in (DESIGN §5.3). Words in it mean what the vocabulary says, and nothing else. */
import { z } from 'zod';
import { verbs } from './core.js';

const word = z.string().min(1).max(128);
const words = z.union([word, z.array(word).min(1)], { error: 'expected a word or a list of words' });

/** Lower-case words and dots: rule ids stand on the audit log. */
const ruleId = z
  .string()
  .regex(/^[a-z][a-z0-9_]*(\.[a-z0-9_]+)*$/)
  .max(64);

const condition = z
  .strictObject({
    audit: z.literal('required'),
    purpose: words,
    role: words,
    agent_role: words,
    destination: words,
    time_window: words,
    contains_phi: z.boolean(),
    data_contains: word,
    names_patient: z.boolean(),
    treatment_relationship: z.literal('proven'),
  })
  .partial()
  .refine((terms) => Object.keys(terms).length > 0, { error: 'an empty condition' });

const rule = z.strictObject({
  id: ruleId.optional(),
  /** Why the rule is there: a sentence, a citation. */
  reason: z.string().min(1).optional(),
  action: words,
  resource: words.optional(),
  effect: z.enum(['allow', 'deny']),
  conditions: z.array(condition).min(1).optional(),
  alert: z.literal('immediate').optional(),
});

const roleTable = z
  .strictObject({ can_access: z.array(word).min(1).optional(), cannot_access: z.array(word).min(1).optional() })
  .refine((table) => Object.keys(table).length > 0, { error: 'an empty table' });

const agentTable = z.strictObject({
  allowed_fields: z.array(word).min(1),
  allowed_operations: z.array(z.enum(verbs)).min(1),
  requires_break_glass: z.array(word).min(1).optional(),
});

export const policySchema = z.strictObject({
  version: z.literal('1.0'),
  name: z.string().min(1).max(128),
  rules: z.array(rule).min(1),
  roles: z.record(word, roleTable).optional(),
  agents: z.record(word, agentTable).optional(),
});

export type PolicyDocument = z.infer<typeof policySchema>;
export type RuleDocument = PolicyDocument['rules'][number];
export type ConditionDocument = z.infer<typeof condition>;
