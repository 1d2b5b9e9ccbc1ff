/** Branded identifiers: a text becomes one of these only through its constructor, which checks the shape. */
import { z } from 'zod';

const make =
  <S extends z.ZodType<unknown, string>>(schema: S) =>
  (text: string): z.output<S> =>
    schema.parse(text);

const slug = /^[a-z][a-z0-9_-]{0,62}$/;
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** A tenant: lower-case slug, for example `clinic`. */
export const tenantSchema = z.string().regex(slug, 'not a TenantId').brand<'TenantId'>();
export type TenantId = z.infer<typeof tenantSchema>;
export const tenant = make(tenantSchema);

/** 26 characters of lower-case base32 (RFC 4648 alphabet): 130 random bits. Says nothing about what the action is. */
export const actionSchema = z
  .string()
  .regex(/^[a-z2-7]{26}$/, 'not a ActionId')
  .brand<'ActionId'>();
export type ActionId = z.infer<typeof actionSchema>;
export const action = make(actionSchema);

/** A human of the directory: a random UUID, so that logs and histories carry no name. */
export const personSchema = z.string().regex(uuid, 'not a PersonId').brand<'PersonId'>();
export type PersonId = z.infer<typeof personSchema>;
export const person = make(personSchema);

/** A registered agent: its OAuth client id. */
export const agentSchema = z.string().regex(slug, 'not a AgentId').brand<'AgentId'>();
export type AgentId = z.infer<typeof agentSchema>;
export const agent = make(agentSchema);

/** A role of the rulebook, for example `clinical_staff`. */
export const roleSchema = z.string().regex(slug, 'not a RoleName').brand<'RoleName'>();
export type RoleName = z.infer<typeof roleSchema>;
export const role = make(roleSchema);

/** The id of a vote challenge, and so of the decision made from it. */
export const challengeSchema = z.string().regex(uuid, 'not a ChallengeId').brand<'ChallengeId'>();
export type ChallengeId = z.infer<typeof challengeSchema>;
export const challenge = make(challengeSchema);

/** The `jti` of a warrant. */
export const warrantSchema = z.string().regex(uuid, 'not a WarrantId').brand<'WarrantId'>();
export type WarrantId = z.infer<typeof warrantSchema>;
export const warrant = make(warrantSchema);

/** A step of an action's workflow: the part that makes a local activity first-writer-wins. */
export const stepSchema = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,30}$/, 'not a StepName')
  .brand<'StepName'>();
export type StepName = z.infer<typeof stepSchema>;
export const step = make(stepSchema);

/** SHA-256 or HMAC-SHA-256 as 64 lower-case hex digits. */
export const digestSchema = z
  .string()
  .regex(/^[0-9a-f]{64}$/, 'not a Digest')
  .brand<'Digest'>();
export type Digest = z.infer<typeof digestSchema>;
export const digest = make(digestSchema);

const workflowPrefix = 'act/';

/** The Temporal workflow id of an action: `act/<id>`. */
export function workflowIdOf(id: ActionId): string {
  return workflowPrefix + id;
}

/** The action whose workflow this is; undefined for every other workflow. */
export function actionOfWorkflow(workflowId: string): ActionId | undefined {
  if (!workflowId.startsWith(workflowPrefix)) return undefined;
  const parsed = actionSchema.safeParse(workflowId.slice(workflowPrefix.length));
  return parsed.success ? parsed.data : undefined;
}
