/** The documents that a rulebook is made of, as people write them. One strict shape for each file of policies/. */
import { z } from 'zod';
import { agentSchema } from '../action/ids.js';
import { tierSchema } from '../action/types.js';
import { calendarSchema } from '../policy/calendar.js';
import { destinations } from '../policy/core.js';
import { extensionSchema, policySchema } from '../policy/document.js';
import { minimumNecessarySchema } from '../policy/minimum-necessary.js';
import { quotasSchema } from '../policy/quota.js';
import { raisingRow } from '../policy/raising.js';
import { vocabularySchema } from '../policy/vocabulary.js';
import { durationSchema } from './duration.js';
import { elementName, elementRow } from './elements.js';
import { trustRootsSchema } from './trust-roots.js';

const percent = z.int().min(1).max(99);
const roleName = z.string().regex(/^[a-z][a-z_]{0,62}$/);
const purpose = z.string().regex(/^[A-Z]{2,12}$/);
const recordClassName = z.string().regex(/^[a-z][a-z_]{0,62}$/);

const warrant = z.strictObject({
  life: durationSchema,
  uses: z.int().min(1).max(1_000),
  records: z.int().min(1).max(1_000_000),
  bytes: z.int().min(1).max(1_073_741_824),
});

/** How strong the proof under a vote must be (DESIGN §5.4). */
const proof = z.discriminatedUnion('method', [
  z.strictObject({
    method: z.literal('idp'),
    /** Either shows multi-factor sign-in: one of these `acr`, or all of these `amr` (RFC 8176). */
    acr: z.array(z.string().min(1)).min(1),
    amr: z.array(z.string().min(1)).min(1),
  }),
  z.strictObject({ method: z.literal('passkey'), fresh: z.boolean() }),
]);

const administrativeTier = z.strictObject({ meaning: z.string().min(1), approvals: z.literal('nobody'), warrant });

const factor = z.strictObject({
  role: roleName,
  count: z.int().min(1).max(9),
  /** Roles that fill it as well. */
  or: z.array(roleName).min(1).max(8).optional(),
});

const approvedTier = z.strictObject({
  meaning: z.string().min(1),
  approvals: z.array(factor).min(1),
  requires: z.array(z.enum(['reason', 'justifications', 'risk_assessment'])).min(1),
  /** Purposes for which the principal must be shown to treat the patient. */
  treatment_relationship: z.array(purpose).min(1),
  deadline: durationSchema,
  /** Percent of the deadline. */
  reminder: percent,
  escalations: z.array(z.strictObject({ at: percent, to: z.enum(['on_call', 'page']) })),
  proof,
  /** Who approves types what would change, letter for letter. Left out: nobody does. */
  confirmation: z.literal('typed').optional(),
  warrant,
});

const tiersSchema = z.strictObject({
  tiers: z.strictObject({ T0: administrativeTier, T1: approvedTier, T2: approvedTier, T3: approvedTier }),
  raising: z.array(raisingRow).min(1),
  /** How long the EHR's word on who treats whom is taken again, an hour at most. Left out: it is asked each time. */
  relationship_reuse: z
    .string()
    .regex(/^([1-9]|[1-5]\d|60)m$/, { error: 'expected minutes from 1m to 60m' })
    .optional(),
});

const rolesSchema = z.strictObject({
  roles: z.record(
    roleName,
    z.strictObject({ meaning: z.string().min(1), implies: z.array(roleName).min(1).optional() }),
  ),
  /** Who may replace these rules. Left out: the officers alone, a day after they became it. */
  changes: z
    .strictObject({
      signers: z.array(roleName).min(1).max(8),
      officers: z.array(roleName).min(1).max(8),
      /** How long a role must have been held before it counts. */
      granted_for: durationSchema,
    })
    .optional(),
});

const elementsSchema = z.strictObject({ elements: z.record(elementName, elementRow) });

/** Only a contract can ask for an order: the signature of whoever orders the change, which is no seat. */
const contractFactor = z
  .strictObject({ ...factor.shape, order: z.literal(true).optional() })
  .refine(({ order, count }) => order === undefined || count === 1, { error: 'one person orders', path: ['count'] });

const contractApprovals = z
  .array(contractFactor)
  .min(1)
  .refine((rows) => rows.filter(({ order }) => order).length <= 1, { error: 'a change is ordered once' })
  .refine((rows) => rows.some(({ order }) => order === undefined), { error: 'an order needs a countersignature' });

const actionRow = z.strictObject({
  /** The floor. */
  tier: tierSchema,
  performs: z.enum(['ehr.read', 'ehr.write', 'ehr.delete', 'ehr.export', 'llm.generate']),
  elements: z.union([z.literal('listed_by_caller'), z.array(elementName).min(1)], {
    error: 'expected listed_by_caller or a list of elements',
  }),
  purposes: z.array(purpose).min(1),
  destination: z.enum(destinations),
  /** Whom to ask instead of those of its tier, while it is of that tier. */
  approvals: contractApprovals.optional(),
  /** A request's `expiresIn` beyond it is cut to it. */
  max_expires_in: durationSchema.optional(),
  record_class: recordClassName,
});

const actionsSchema = z.strictObject({
  actions: z.record(z.string().regex(/^[a-z][a-z_]*\.[a-z][a-z_]*$/), actionRow),
});

const recordClass = z.strictObject({
  keep: z.union(
    [z.strictObject({ years: z.int().min(1).max(100) }), z.strictObject({ days: z.int().min(0).max(3_650) })],
    { error: 'expected {years: n} or {days: n}' },
  ),
  citation: z.string().min(1),
  /** Refused in production. */
  sandbox_only: z.boolean(),
});

const retentionSchema = z.strictObject({
  record_classes: z.record(recordClassName, recordClass),
  /** Agents whose records are of another class than their action type's, by agent id. */
  agents: z.record(agentSchema, recordClassName).optional(),
});

/** File name without `.yaml` → its shape. */
export const documentSchemas = {
  policy: policySchema,
  vocabulary: vocabularySchema,
  calendar: calendarSchema,
  tiers: tiersSchema,
  roles: rolesSchema,
  elements: elementsSchema,
  actions: actionsSchema,
  retention: retentionSchema,
  'minimum-necessary': minimumNecessarySchema,
  quotas: quotasSchema,
} as const;

export type DocumentName = keyof typeof documentSchemas;
export const documentNames = [
  'policy',
  'vocabulary',
  'calendar',
  'tiers',
  'roles',
  'elements',
  'actions',
  'retention',
  'minimum-necessary',
  'quotas',
] as const;

/** A whole rulebook as stored: the documents and the trust roots. Its canonical JSON is what the digest covers. */
export const contentSchema = z.strictObject({
  ...documentSchemas,
  /** What makes `policy` stricter, innermost first: the last one is policy.yaml, and `policy` is what all this extends. */
  extensions: z.array(extensionSchema).min(1).max(8).optional(),
  trustRoots: trustRootsSchema,
});
export type RulebookContent = z.infer<typeof contentSchema>;
