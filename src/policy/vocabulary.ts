/** The vocabulary: which core terms the words of a policy stand for. A word that is not in it is unknown. */
import { z } from 'zod';
import { elementName } from '../rulebook/elements.js';
import { destinations, phases, verbs } from './core.js';

const word = z.string().min(1).max(128);
/** Short and plain: rule ids are made of these, and stand on the audit log. */
const coreName = z.string().regex(/^[a-z][a-z0-9_]{0,39}$/);

/** Data that a word stands for: elements by name or sensitivity (without either: any), on the way to destinations. */
const term = z
  .strictObject({
    elements: z.array(elementName).min(1).optional(),
    sensitivity: z.enum(['none', 'phi']).optional(),
    destinations: z.array(z.enum(destinations)).min(1).optional(),
  })
  .refine((said) => Object.keys(said).length > 0, { error: 'a word must stand for something' })
  .refine(({ elements, sensitivity }) => elements === undefined || sensitivity === undefined, {
    error: 'elements and sensitivity exclude each other',
  });

export const vocabularySchema = z.strictObject({
  /** The word after `action:` → verbs of one phase. */
  actions: z.record(word, z.strictObject({ verbs: z.array(z.enum(verbs)).min(1), phase: z.enum(phases) })),
  /** The word after `resource:`. A glob is a word like any other: what it covers stands here. */
  resources: z.record(word, term),
  /** Words of `can_access`, `cannot_access` and `data_contains`. */
  categories: z.record(coreName, term),
  /** Words of `allowed_fields` and `requires_break_glass` → element. Elements go by their own names too. */
  fields: z.record(word, elementName),
  /** Alias → HL7 v3 PurposeOfUse code. The codes go by their own names too. */
  purposes: z.record(word, z.string().regex(/^[A-Z]{2,12}$/)),
  /** Purposes that break the glass. */
  break_glass: z.array(z.string()).min(1),
  /** The name of an agent table → role of the agent in the directory. The roles go by their own names too. */
  agents: z.record(word, coreName),
});

export type Vocabulary = z.infer<typeof vocabularySchema>;
export type Term = z.infer<typeof term>;
