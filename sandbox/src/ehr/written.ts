/** What a client may have written down: judged before anything is stored. */
import { checkReferences } from './references.js';
import { FhirError, type WrittenResource } from './resource.js';
import { resourceType } from './search.js';

/** Levels of JSON. The deepest R4 resources stay far below it; what recurses over a resource relies on it. */
const deepest = 64;

/** @throws FhirError 400 */
export function checkDepth(body: unknown): void {
  let level: readonly unknown[] = [body];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > deepest) throw new FhirError(400, 'structure', 'the body is nested too deeply');
    level = level.flatMap((node) => (typeof node === 'object' && node !== null ? Object.values(node) : []));
  }
}

/** @throws FhirError 404 for an unknown type, 400 for missing elements (by name) and references of no known shape. */
export function checkWritten(written: WrittenResource): void {
  const missing = resourceType(written.resourceType).mandatory.filter((element) =>
    element.endsWith('[]')
      ? !Object.keys(written).some((key) => key.startsWith(element.slice(0, -2)))
      : written[element] === undefined,
  );
  if (missing.length > 0) throw new FhirError(400, 'required', `missing: ${missing.join(', ')}`);
  checkReferences(written);
}
