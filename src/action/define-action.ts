import { z } from 'zod';
import type { Tier } from './types.js';

/** A FHIR reference to one patient on the tenant's EHR: `Patient/<id>` (FHIR R4 §2.3.0.1, id of 1 to 64 characters). */
export const patientRef = z.string().regex(/^Patient\/[A-Za-z0-9.-]{1,64}$/, 'not a Patient reference');

/** A FHIR reference to the episode that the access belongs to: `Encounter/<id>`. */
export const encounterRef = z.string().regex(/^Encounter\/[A-Za-z0-9.-]{1,64}$/, 'not an Encounter reference');

/** A FHIR reference to the one resource that a write changes: `MedicationRequest/<id>`. */
export const targetRef = z.string().regex(/^[A-Z][A-Za-z]{1,63}\/[A-Za-z0-9.-]{1,64}$/, 'not a reference');

export type Performs = 'ehr.read' | 'ehr.write' | 'ehr.delete' | 'ehr.export' | 'llm.generate';

/** Whether it changes the record. A deletion does: it writes a version that says so. */
export function writes(performs: Performs): boolean {
  return performs === 'ehr.write' || performs === 'ehr.delete';
}

/** What approvers are told an action does. Made of constants and element names: no PHI, no free text of the agent. */
export interface Description {
  readonly title: string;
  /** Changes to the record, one sentence each; empty for a read. */
  readonly effects: readonly string[];
}

/** What a caller who lists elements may list. */
export interface Choice {
  readonly among: readonly string[];
  readonly atMost: number;
}

export interface ActionDefinition<Input extends z.ZodType = z.ZodType> {
  /** `noun.verb`, lower case. */
  readonly name: string;
  /** The floor: the tier table may raise it, nothing lowers it. */
  readonly tier: Tier;
  readonly performs: Performs;
  /** A strict object; `patient` and `episode` in it name the subject, `target` what a write changes. */
  readonly input: Input;
  /** Elements that the action needs; empty where the caller lists them. */
  readonly elements: readonly string[];
  /** Only where the caller lists elements; left out where every element may be asked for. */
  readonly choose?: Choice;
  readonly describe: (elements: readonly string[]) => Description;
}

/** Keeps the input's type and freezes the definition. */
export function defineAction<Input extends z.ZodType>(definition: ActionDefinition<Input>): ActionDefinition<Input> {
  return Object.freeze(definition);
}

export interface Subject {
  readonly patient?: string;
  readonly episode?: string;
  /** What a write changes. */
  readonly target?: string;
}

const subjectSchema = z.looseObject({
  patient: patientRef.optional(),
  episode: encounterRef.optional(),
  target: targetRef.optional(),
});

/** Patient, episode and target of a validated input; none of them for an action that names no patient. */
export function subjectOf(input: unknown): Subject {
  const { patient, episode, target } = subjectSchema.parse(input);
  return {
    ...(patient !== undefined && { patient }),
    ...(episode !== undefined && { episode }),
    ...(target !== undefined && { target }),
  };
}
