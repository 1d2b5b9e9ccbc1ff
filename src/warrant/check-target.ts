/**
 * The closed world of a warrant for the one resource that a write changes: to read it, one of its versions or all of them,
 * and to write the version that was approved. A pure judgement on one call, as in check.ts.
 */
import { z } from 'zod';
import { digestSchema } from '../action/ids.js';
import { encounterRef, patientRef } from '../action/define-action.js';
import { Refusal, type RefusalCode } from '../action/refusal.js';
import { readScopes, updateScopes } from '../ehr/write-elements.js';
import { sameSubject, subjectSchema } from './check.js';
import type { Leave } from './leave.js';

const fhirId = z.string().regex(/^[A-Za-z0-9.-]{1,64}$/);
const about = {
  /** FHIR base URL. */
  location: z.string(),
  type: z.string().regex(/^[A-Z][A-Za-z]+$/),
  id: fhirId,
  /** Of the request, as far as they have to do with this type; one at least. */
  elements: z.array(z.string()).min(1),
  patient: subjectSchema(patientRef),
  episode: subjectSchema(encounterRef).nullable(),
  /** Bytes that one answer may have. */
  bytes: z.int().min(1),
};
const reads = { ...about, action: z.literal('ehr.read') };

const targetCallSchema = z.discriminatedUnion('interaction', [
  z.strictObject({ ...reads, interaction: z.literal('read') }),
  z.strictObject({ ...reads, interaction: z.literal('vread'), version: fhirId }),
  z.strictObject({ ...reads, interaction: z.literal('history') }),
  z.strictObject({
    ...about,
    interaction: z.literal('update'),
    action: z.enum(['ehr.write', 'ehr.delete']),
    /** Commitment of the proposal that is written. */
    args: digestSchema,
  }),
]);
/** One call about the target, whole: what is not in here cannot be sent. */
export type TargetCall = Readonly<z.infer<typeof targetCallSchema>>;

/** `Type/id` in its parts. */
export interface Target {
  readonly type: string;
  readonly id: string;
}

/**
 * Lets the call pass.
 *
 * @param target the resource that the request names; no call is about another one.
 * @throws Refusal as checkCall, and `warrant.other_request` for a write of something else than was approved.
 */
export function checkTargetCall(leave: Leave, target: Target, input: unknown): TargetCall {
  const parsed = targetCallSchema.safeParse(input);
  if (!parsed.success) throw refusal('warrant.argument');
  const problem = firstProblem(leave, target, parsed.data);
  if (problem) throw refusal(problem);
  return parsed.data;
}

function firstProblem(leave: Leave, target: Target, call: TargetCall): RefusalCode | undefined {
  if (!leave.actions.includes(call.action)) return 'warrant.other_action';
  if (call.location !== leave.location) return 'warrant.other_location';
  if (!sameSubject(leave.patient, call.patient)) return 'warrant.other_patient';
  if (!sameSubject(leave.episode, call.episode)) return 'warrant.other_episode';
  if (!call.elements.every((element) => leave.elements.includes(element))) return 'warrant.other_element';
  if (!typesOf(call).every((type) => leave.datatypes.includes(type))) return 'warrant.other_element';
  if (!scopesOf(call).every((scope) => leave.scopes.includes(scope))) return 'warrant.other_element';
  if (call.type !== target.type || call.id !== target.id || call.bytes > leave.maxBytes) return 'warrant.argument';
  return call.interaction === 'update' ? updateProblem(leave, call) : undefined;
}

function updateProblem(leave: Leave, { args }: Extract<TargetCall, { interaction: 'update' }>) {
  if (leave.readOnly) return 'warrant.other_action';
  return args === leave.argsCommitment ? undefined : 'warrant.other_request';
}

/** A write brings its Provenance. */
function typesOf({ interaction, type }: TargetCall): readonly string[] {
  return interaction === 'update' ? [type, 'Provenance'] : [type];
}

/** The SMART v2 scopes that this call needs, and no more. */
export function scopesOf({ interaction, type }: TargetCall): readonly string[] {
  return interaction === 'update' ? updateScopes(type) : readScopes(type);
}

function refusal(code: RefusalCode): Refusal {
  return new Refusal(code, 'The call is not one that the warrant names.');
}
