/** What reading an element means: the part of the rulebook's element table that a gateway needs. */

export interface Search {
  /** FHIR R4 resource type. */
  readonly type: string;
  /** Search parameter → value; `{patient}` and `{episode}` stand for the references of the request. */
  readonly params: Readonly<Record<string, string>>;
  /** The search parameter that bounds it by date, and the top-level fields that it searches. */
  readonly date?: { readonly param: string; readonly fields: readonly string[] } | undefined;
}

export interface ElementReading {
  readonly name: string;
  readonly searches: readonly Search[];
  /** SMART v2 scopes: `system/MedicationRequest.rs`. */
  readonly scopes: readonly string[];
  /** Dotted paths that survive projection: `dosageInstruction.text`. */
  readonly fields: readonly string[];
  /** Resources at most, over all searches of the element. */
  readonly maxRecords: number;
  /** Every resource must belong to the warrant's episode; longitudinal elements span episodes. */
  readonly episodeBound: boolean;
}
