/** Elements: named groups of record data, and how a gateway reads each from FHIR R4. */
import { z } from 'zod';
import { tierSchema } from '../action/types.js';

/** `current_medications`, `demographics.phone`. */
export const elementName = z
  .string()
  .regex(/^[a-z][a-z_]*(\.[a-z_]+)?$/)
  .max(64);

const search = z.strictObject({
  /** FHIR resource type; nothing else in the answer survives. */
  type: z.string().regex(/^[A-Z][A-Za-z]+$/),
  /** Search parameters. `{patient}` stands for the reference of the warrant's patient (`Patient/<id>`). */
  params: z.record(z.string().regex(/^_?[a-z][a-z-]*$/), z.string().min(1)),
});

/** SMART App Launch v2 system scope: `system/MedicationRequest.rs`. */
const scope = z.string().regex(/^system\/[A-Z][A-Za-z]+\.c?r?u?d?s?(\?[A-Za-z0-9_=&%:/.|-]+)?$/);

/** A field of the resource, or of a field: `code`, `dosageInstruction.text`. */
const fhirPath = z.string().regex(/^[a-z][A-Za-z0-9]*(\.[a-z][A-Za-z0-9]*)*$/);

const reading = {
  searches: z.array(search).min(1),
  scopes: z.array(scope).min(1),
  /** What survives the projection, besides `resourceType` and `id`. */
  fields: z.array(fhirPath).min(1),
  /** Reading stops there, and the result says `truncated`. */
  max_records: z.int().min(1).max(100_000),
  /** True where every resource must belong to the warrant's episode; longitudinal elements span episodes. */
  episode_bound: z.boolean(),
};

const declared = { tier: tierSchema, sensitivity: z.enum(['none', 'phi']) };

/** A row of elements.yaml. One without searches can be named by policies and is served by no gateway. */
export const elementRow = z.union([
  z.strictObject(declared),
  z.strictObject({ ...declared, ...reading }),
]);
export const elementsSchema = z.strictObject({ elements: z.record(elementName, elementRow) });

export interface ElementSearch {
  readonly type: string;
  readonly params: Readonly<Record<string, string>>;
}

export interface ElementDefinition {
  readonly name: string;
  /** The lowest tier of an action that touches it. */
  readonly tier: z.infer<typeof tierSchema>;
  readonly sensitivity: 'none' | 'phi';
  /** Empty for an element that policies may name and no gateway serves; classify refuses to read it. */
  readonly searches: readonly ElementSearch[];
  readonly scopes: readonly string[];
  /** What survives the projection, besides `resourceType` and `id`: top-level or dotted FHIR paths. */
  readonly fields: readonly string[];
  readonly maxRecords: number;
  readonly episodeBound: boolean;
}

/** The definition that a row stands for. */
export function elementOf(name: string, row: z.infer<typeof elementRow>): ElementDefinition {
  const { tier, sensitivity } = row;
  if (!('searches' in row))
    return { name, tier, sensitivity, searches: [], scopes: [], fields: [], maxRecords: 0, episodeBound: false };
  const { searches, scopes, fields, max_records, episode_bound } = row;
  return { name, tier, sensitivity, searches, scopes, fields, maxRecords: max_records, episodeBound: episode_bound };
}
