/** What an agent asks, as it comes over the wire, and the content that is sealed and bound of it. */
import { z } from 'zod';
import { targetsOf } from '../ehr/write-elements.js';
import { closest } from './closest.js';
import { subjectOf, writes, type ActionDefinition, type Choice, type Subject } from './define-action.js';
import { Refusal } from './refusal.js';
import { tierSchema } from './types.js';

const elementName = z
  .string()
  .regex(/^[a-z][a-z_]*(\.[a-z_]+)?$/)
  .max(64);
/** Words: what nobody can read is no reason. */
const freeText = z
  .string()
  .trim()
  .min(1)
  .max(2_000)
  .regex(/[\p{L}\p{N}]/u);

/** The body of `POST /v1/actions`. Unknown fields are refused: a misspelt restriction must not pass for none. */
export const requestSchema = z.strictObject({
  type: z.string().min(1).max(64),
  input: z.record(z.string(), z.unknown()),
  /** Only for types that let the caller list elements, such as `record.read`. */
  elements: z.array(elementName).min(1).max(20).optional(),
  /** HL7 v3 PurposeOfUse code, for example `TREAT`. */
  purpose: z.string().regex(/^[A-Z]{2,12}$/),
  /** RFC 8693 token of the person or organisation that the agent acts for. */
  principal: z.string().min(1).max(8_192),
  /** Why, in the agent's words. Asked from T1. */
  reason: freeText.optional(),
  /** Element → why just this one. Asked for each element from T2. */
  justifications: z.record(elementName, freeText).optional(),
  riskAssessment: freeText.optional(),
  /** The tier that the agent believes it is; never lowers the real one. */
  claimedTier: tierSchema.optional(),
  /** Seconds until the request expires; only shortens the tier's deadline. */
  expiresIn: z.int().min(1).max(2_592_000).optional(),
  conversation: z.string().max(128).optional(),
  /** Chosen by the caller; the same key and body are the same action. */
  idempotencyKey: z.string().regex(/^[\x21-\x7e]{1,128}$/),
});
export type ActionRequest = z.infer<typeof requestSchema>;

/** The body of `POST /v1/actions/preview`: a request, with or without the key that would open it. */
export const previewRequestSchema = requestSchema.extend({
  idempotencyKey: requestSchema.shape.idempotencyKey.optional(),
});
export type PreviewRequest = z.infer<typeof previewRequestSchema>;

/** What is sealed at path `request`, under the commitment that approvers' votes bind. */
export const sealedRequestSchema = z.strictObject({
  type: z.string(),
  input: z.record(z.string(), z.unknown()),
  elements: z.array(z.string()).min(1),
  purpose: z.string(),
  agent: z.string(),
  principal: z.string(),
  reason: z.string().optional(),
  justifications: z.record(z.string(), z.string()).optional(),
  riskAssessment: z.string().optional(),
  claimedTier: tierSchema.optional(),
  expiresIn: z.int().optional(),
  conversation: z.string().optional(),
});
export type SealedRequest = z.infer<typeof sealedRequestSchema>;

/**
 * Looks the type up and validates its input.
 *
 * @throws Refusal `type.unknown` with the closest known name, `request.invalid` with JSON pointers and no values.
 */
export function resolveRequest(
  request: Pick<ActionRequest, 'type' | 'input' | 'elements'>,
  catalogue: ReadonlyMap<string, ActionDefinition>,
): { definition: ActionDefinition; elements: readonly string[]; input: Record<string, unknown>; subject: Subject } {
  const definition = catalogue.get(request.type);
  if (!definition) {
    const known = closest(request.type, [...catalogue.keys()]);
    throw new Refusal('type.unknown', known ? `Unknown action type; did you mean ${known}?` : 'Unknown action type.', {
      ...(known && { suggestion: known }),
    });
  }
  const input = definition.input.safeParse(request.input);
  if (!input.success) throw invalid(input.error, '/input');
  const elements = elementsOf(definition, request);
  const subject = subjectOf(input.data);
  if (writes(definition.performs)) checkTarget(definition, elements, subject);
  return { definition, elements, input: request.input, subject };
}

/** A zod error as `request.invalid`: where it is wrong and which kind of wrong, without what stood there. */
export function invalid(error: z.ZodError, prefix = ''): Refusal {
  const pointers = error.issues.flatMap(nearest).map((issue) => {
    const at =
      prefix + issue.path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
    return issue.code === 'unrecognized_keys'
      ? `${at || '/'}: ${issue.keys.length} unknown field(s)`
      : `${at || '/'}: ${issue.code}`;
  });
  return new Refusal('request.invalid', 'The request does not have the right shape; see pointers.', { pointers });
}

/** Where one of several shapes would do: what the one lacked that was followed furthest. */
function nearest(issue: z.core.$ZodIssue): readonly z.core.$ZodIssue[] {
  if (issue.code !== 'invalid_union') return [issue];
  const depth = (issues: readonly z.core.$ZodIssue[]) => Math.min(...issues.map(({ path }) => path.length));
  const [best] = issue.errors.map((issues) => issues.flatMap(nearest)).sort((a, b) => depth(b) - depth(a));
  return best?.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] })) ?? [issue];
}

function elementsOf(definition: ActionDefinition, { elements }: Pick<ActionRequest, 'elements'>): readonly string[] {
  if (definition.elements.length > 0) {
    if (elements && !sameSet(elements, definition.elements))
      throw new Refusal('request.invalid', `${definition.name} has its own elements; leave the field out.`, {
        pointers: ['/elements: fixed_by_type'],
      });
    return definition.elements;
  }
  if (!elements)
    throw new Refusal('request.invalid', `${definition.name} asks you to list elements.`, {
      pointers: ['/elements: required'],
    });
  if (definition.choose) checkChoice(definition.name, definition.choose, elements);
  return [...new Set(elements)].sort();
}

function checkChoice(name: string, { among, atMost }: Choice, elements: readonly string[]): void {
  const pointers = [
    ...elements.flatMap((element, at) => (among.includes(element) ? [] : [`/elements/${at}: not_of_type`])),
    ...(new Set(elements).size > atMost ? ['/elements: too_many'] : []),
  ];
  if (pointers.length === 0) return;
  throw new Refusal('request.invalid', `${name} takes at most ${atMost} of: ${among.join(', ')}.`, { pointers });
}

/** What a write changes lies within the elements that the request names, and is nobody else’s. */
function checkTarget({ name }: ActionDefinition, elements: readonly string[], { patient, target }: Subject): void {
  const [type = ''] = target?.split('/') ?? [];
  const within = targetsOf(name, type).some(({ element }) => elements.includes(element));
  if (!within)
    throw new Refusal('request.invalid', `${name} changes no resource of this type under these elements.`, {
      pointers: ['/input/target: not_of_type'],
    });
  if (type === 'Patient' && target !== patient)
    throw new Refusal('request.invalid', 'The target is another patient than the request is about.', {
      pointers: ['/input/target: other_patient'],
    });
}

function sameSet(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item) => b.includes(item));
}
