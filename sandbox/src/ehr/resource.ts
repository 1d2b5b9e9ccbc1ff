/** FHIR R4 resources as this store sees them: open JSON objects with a type, an id and numbered versions. */
import { z } from 'zod';

/** A FHIR logical id (R4 §2.24.0.1, `id`). */
const logicalId = /^[A-Za-z0-9\-.]{1,64}$/;

const codings = z.array(z.looseObject({})).optional();
const meta = z.looseObject({ tag: codings, security: codings });
const written = z.looseObject({
  resourceType: z.string(),
  id: z.string().regex(logicalId).optional(),
  meta: meta.optional(),
});
const identified = written.extend({ id: z.string().regex(logicalId) });
const stored = identified.extend({ meta: meta.extend({ versionId: z.string(), lastUpdated: z.string() }) });

/** What a client sends: perhaps without an id yet. */
export type WrittenResource = Readonly<z.infer<typeof written>>;
/** A resource that knows its own address. */
export type Resource = Readonly<z.infer<typeof identified>>;
/** One version in the store. */
export type StoredResource = Readonly<z.infer<typeof stored>>;

/** An error that the client is told as an OperationOutcome; `code` is from the R4 value set issue-type. */
export class FhirError extends Error {
  override readonly name = 'FhirError';
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, diagnostics: string) {
    super(diagnostics);
    this.status = status;
    this.code = code;
  }
}

/** The body of an error answer. */
export function operationOutcome(code: string, diagnostics: string) {
  return { resourceType: 'OperationOutcome', issue: [{ severity: 'error', code, diagnostics }] };
}

/** @throws FhirError 400 when the body is no resource of this type. */
export function parseWritten(type: string, body: unknown): WrittenResource {
  const parsed = written.safeParse(body);
  if (!parsed.success || parsed.data.resourceType !== type) {
    throw new FhirError(400, 'invalid', `the body is no ${type}`);
  }
  return parsed.data;
}

/** One resource of a bundle or generator. @throws ZodError */
export function parseResource(value: unknown): Resource {
  return identified.parse(value);
}

/** One line of a journal. @throws ZodError */
export function parseStored(value: unknown): StoredResource {
  return stored.parse(value);
}

/** Everything at a dotted path, arrays flattened; nothing at all for a path that is not there. */
export function valuesAt(node: unknown, path: string): readonly unknown[] {
  return path.split('.').reduce<readonly unknown[]>((nodes, key) => nodes.flatMap((each) => member(each, key)), [node]);
}

/** The reference of the patient whose record this resource is part of; a Patient is part of its own. */
export function patientOf(resource: Resource): string | undefined {
  if (resource.resourceType === 'Patient') return `Patient/${resource.id}`;
  return ['subject', 'patient', 'participant.actor', 'target', 'entity.what']
    .flatMap((path) => valuesAt(resource, `${path}.reference`))
    .filter((reference) => typeof reference === 'string')
    .map(withoutVersion)
    .find((reference) => reference.startsWith('Patient/'));
}

/** `Type/id` of a reference to one version of it; others as they are. */
export function withoutVersion(reference: string): string {
  return reference.replace(/\/_history\/[^/]+$/, '');
}

function member(node: unknown, key: string): readonly unknown[] {
  if (typeof node !== 'object' || node === null || !Object.hasOwn(node, key)) return [];
  const value: unknown = Reflect.get(node, key);
  return Array.isArray(value) ? value : [value];
}
