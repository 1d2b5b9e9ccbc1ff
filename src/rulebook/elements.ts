/** Elements: named groups of record data, and how a gateway reads each from FHIR R4. */
import { z } from 'zod';
import { tierSchema, type Tier } from '../action/types.js';

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
  /** How a warrant's look-back bounds it; left out where the element states the present, which has no date to bound. */
  date: z
    .strictObject({
      /** Search parameter of type date: `date`, `authoredon`. */
      param: z.string().regex(/^[a-z][a-z-]*$/),
      /** Top-level fields that it searches; one of them must lie within the bound, whatever the server sends. */
      fields: z.array(z.string().regex(/^[a-z][A-Za-z0-9]*$/)).min(1),
    })
    .optional(),
});

/** SMART App Launch v2 system scope: `system/MedicationRequest.rs`. */
const scope = z.string().regex(/^system\/[A-Z][A-Za-z]+\.c?r?u?d?s?(\?[A-Za-z0-9_=&%:/.|-]+)?$/);

/** A field of the resource, or of a field: `code`, `dosageInstruction.text`. */
const fhirPath = z.string().regex(/^[a-z][A-Za-z0-9]*(\.[a-z][A-Za-z0-9]*)*$/);

const reading = z.strictObject({
  searches: z.array(search).min(1),
  scopes: z.array(scope).min(1),
  fields: z.array(fhirPath).min(1),
  max_records: z.int().min(1).max(100_000),
  episode_bound: z.boolean(),
});

/** A row of elements.yaml. */
export const elementRow = z.strictObject({
  tier: tierSchema,
  sensitivity: z.enum(['none', 'phi']),
  read: reading.optional(),
});

interface ElementSearch {
  readonly type: string;
  readonly params: Readonly<Record<string, string>>;
  readonly date?: { readonly param: string; readonly fields: readonly string[] } | undefined;
}

export interface ElementDefinition {
  readonly name: string;
  /** The lowest tier of an action that touches it. */
  readonly tier: Tier;
  readonly sensitivity: 'none' | 'phi';
  /** Empty for an element that policies may name and no gateway serves; classify refuses to read it. */
  readonly searches: readonly ElementSearch[];
  readonly scopes: readonly string[];
  /** What survives the projection, besides `resourceType` and `id`: top-level or dotted FHIR paths. */
  readonly fields: readonly string[];
  /** Reading stops there, and the result says `truncated`. */
  readonly maxRecords: number;
  /** True where every resource must belong to the warrant's episode; longitudinal elements span episodes. */
  readonly episodeBound: boolean;
}

/** The definition that a row stands for. */
export function elementOf(name: string, { tier, sensitivity, read }: z.infer<typeof elementRow>): ElementDefinition {
  return {
    name,
    tier,
    sensitivity,
    searches: read?.searches ?? [],
    scopes: read?.scopes ?? [],
    fields: read?.fields ?? [],
    maxRecords: read?.max_records ?? 0,
    episodeBound: read?.episode_bound ?? true,
  };
}
